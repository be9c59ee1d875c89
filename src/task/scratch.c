/* SPDX-License-Identifier: Apache-2.0 */
#include "task/scratch.h"

#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/random.h"
#include "model/arrays.h"
#include "model/parameters.h"

enum { TEXT_LIMIT = 256 << 20, STREAM = 1 << 26 };

static void fill(const struct tuff_config *config, const struct tuff_parameter *parameter, uint32_t index,
                 uint64_t seed, float *values) {
    struct tuff_random random = { .seed = seed, .stream = (uint32_t)STREAM + index };
    size_t count = parameter->shape[0] * parameter->shape[1];
    if (tuff_role_is_norm_weight(parameter->role))
        for (size_t i = 0; i < count; i++)
            values[i] = 1;
    if (parameter->rank < 2)
        return;
    for (size_t i = 0; i < count; i++)
        values[i] = (float)(0.02 * tuff_random_normal(&random));
    /* The padding's row stays zeros, as PyTorch has it. */
    if (parameter->role == TUFF_ROLE_WORD_EMBEDDINGS && config->pad_token_id >= 0)
        memset(values + (size_t)config->pad_token_id * parameter->shape[1], 0,
               parameter->shape[1] * sizeof *values);
}

static tuff_status fill_all(const struct tuff_config *config, const struct tuff_parameters *parameters,
                            uint64_t seed, struct tuff_arrays *arrays) {
    for (size_t i = 0; i < parameters->count; i++) {
        const struct tuff_parameter *parameter = &parameters->items[i];
        float *values = NULL;
        TUFF_TRY(
            tuff_arrays_make(arrays, parameter->name, TUFF_F32, parameter->rank, parameter->shape, &values));
        fill(config, parameter, (uint32_t)i, seed, values);
    }
    return TUFF_OK;
}

static tuff_status save_weights(const struct tuff_config *config, uint64_t seed,
                                const struct tuff_allocator *allocator, const char *folder) {
    struct tuff_parameters parameters = { 0 };
    struct tuff_arrays *arrays = NULL;
    char *path = NULL;
    tuff_status status = tuff_parameters_plan(config, &parameters);
    if (status == TUFF_OK)
        status = tuff_path_join(folder, "model.safetensors", &path);
    if (status == TUFF_OK)
        status = tuff_arrays_create(allocator, &arrays);
    if (status == TUFF_OK)
        status = fill_all(config, &parameters, seed, arrays);
    if (status == TUFF_OK)
        status = tuff_arrays_save(arrays, path);
    tuff_arrays_free(arrays);
    tuff_free(path);
    tuff_parameters_free(&parameters);
    return status;
}

static tuff_status copy_file(const char *from, const char *folder, const char *name) {
    char *path = NULL;
    char *data = NULL;
    size_t size = 0;
    tuff_status status = tuff_path_join(folder, name, &path);
    if (status == TUFF_OK)
        status = tuff_file_read(from, TEXT_LIMIT, &data, &size);
    if (status == TUFF_OK)
        status = tuff_file_replace(path, data, size);
    tuff_free(data);
    tuff_free(path);
    return status;
}

tuff_status tuff_scratch_make(const char *config_path, const char *vocab, uint64_t seed,
                              const struct tuff_allocator *allocator, const char *folder) {
    struct tuff_config config = { 0 };
    TUFF_TRY(tuff_config_load(config_path, &config));
    tuff_status status = tuff_file_make_folders(folder);
    if (status == TUFF_OK)
        status = copy_file(config_path, folder, "config.json");
    if (status == TUFF_OK)
        status = copy_file(vocab, folder, "vocab.txt");
    if (status == TUFF_OK)
        status = save_weights(&config, seed, allocator, folder);
    tuff_config_free(&config);
    return status;
}
