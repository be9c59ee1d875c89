/* SPDX-License-Identifier: Apache-2.0 */
/* A trained model as a folder that transformers loads. */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "model/arrays.h"
#include "task/export.h"
#include "task/export_config.h"

const char *tuff_export_name(const struct tuff_trainer *trainer, const struct tuff_parameter *parameter,
                             char buffer[TUFF_EXPORT_NAME_SIZE]) {
    bool has_prefix = strncmp(parameter->name, "bert.", 5) == 0;
    bool is_of_head = parameter->role > TUFF_ROLE_POOLER_BIAS && parameter->role < TUFF_ROLE_COUNT;
    if (trainer->folder.parameters.heads == 0) /* BertModel itself has no prefix */
        return parameter->name + (has_prefix ? strlen("bert.") : 0);
    if (has_prefix || is_of_head)
        return parameter->name;
    snprintf(buffer, TUFF_EXPORT_NAME_SIZE, "bert.%s", parameter->name);
    return buffer;
}

tuff_status tuff_export_add(const struct tuff_trainer *trainer, const struct tuff_parameter *parameter,
                            const char *name, struct tuff_arrays *arrays) {
    float *values = NULL;
    TUFF_TRY(tuff_arrays_make(arrays, name, TUFF_F32, parameter->rank, parameter->shape, &values));
    return tuff_weights_download(trainer->weights, parameter, TUFF_WEIGHT, values);
}

/* Matrices have their adapters in them. */
static tuff_status collect_weights(const struct tuff_trainer *trainer, struct tuff_arrays *arrays) {
    const struct tuff_parameters *parameters = &trainer->folder.parameters;
    for (size_t i = 0; i < parameters->count; i++) {
        const struct tuff_parameter *parameter = &parameters->items[i];
        char name[TUFF_EXPORT_NAME_SIZE];
        if (parameter->role >= TUFF_ROLE_LORA_A)
            continue;
        TUFF_TRY(tuff_export_add(trainer, parameter,
                                 trainer->is_for_task ? tuff_export_name(trainer, parameter, name)
                                                      : parameter->source->name,
                                 arrays));
    }
    return TUFF_OK;
}

tuff_status tuff_export_arrays(const struct tuff_trainer *trainer, const char *folder, const char *file,
                               tuff_status (*collect)(const struct tuff_trainer *trainer,
                                                      struct tuff_arrays *arrays)) {
    struct tuff_arrays *arrays = NULL;
    char *path = NULL;
    tuff_status status = tuff_path_join(folder, file, &path);
    if (status == TUFF_OK)
        status = tuff_arrays_create(trainer->allocator, &arrays);
    if (status == TUFF_OK)
        status = collect(trainer, arrays);
    if (status == TUFF_OK)
        status = tuff_arrays_save(arrays, path);
    tuff_arrays_free(arrays);
    tuff_free(path);
    return status;
}

enum { TEXT_LIMIT = 256 << 20 };

/* A file of the folder that was opened, where it has one of this name. */
static tuff_status copy_file(const char *from, const char *to, const char *name) {
    char *source = NULL;
    char *target = NULL;
    char *data = NULL;
    size_t size = 0;
    tuff_status status = tuff_path_join(from, name, &source);
    if (status == TUFF_OK)
        status = tuff_path_join(to, name, &target);
    if (status == TUFF_OK && tuff_file_exists(source)) {
        status = tuff_file_read(source, TEXT_LIMIT, &data, &size);
        if (status == TUFF_OK)
            status = tuff_file_replace(target, data, size);
    }
    tuff_free(source);
    tuff_free(target);
    tuff_free(data);
    return status;
}

tuff_status tuff_export_begin(const struct tuff_trainer *trainer, const char *folder) {
    static const char *const beside[] = { "vocab.txt", "tokenizer.json", "tokenizer_config.json",
                                          "special_tokens_map.json", "added_tokens.json" };
    TUFF_TRY(tuff_file_make_folders(folder));
    for (size_t i = 0; i < sizeof beside / sizeof *beside; i++)
        TUFF_TRY(copy_file(trainer->folder.path, folder, beside[i]));
    return TUFF_OK;
}

tuff_status tuff_train_save(const struct tuff_trainer *trainer, const char *folder) {
    TUFF_TRY(tuff_export_begin(trainer, folder));
    if (trainer->is_for_task)
        TUFF_TRY(tuff_config_export(&trainer->folder, folder));
    else
        TUFF_TRY(copy_file(trainer->folder.path, folder, "config.json"));
    return tuff_export_arrays(trainer, folder, "model.safetensors", collect_weights);
}
