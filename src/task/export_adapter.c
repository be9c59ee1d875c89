/* SPDX-License-Identifier: Apache-2.0 */
/* Adapters and the heads trained with them, in the files of Hugging Face's PEFT. */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "task/export.h"
#include "task/export_config.h"

enum { NAME_SIZE = TUFF_EXPORT_NAME_SIZE + 32, PATTERN_SIZE = 512 };

static tuff_status collect_adapter(const struct tuff_trainer *trainer, struct tuff_arrays *arrays) {
    const struct tuff_parameters *parameters = &trainer->folder.parameters;
    for (size_t i = 0; i < parameters->count; i++) {
        char buffer[TUFF_EXPORT_NAME_SIZE];
        char name[NAME_SIZE];
        if (!tuff_trainer_trains(trainer, &parameters->items[i]))
            continue;
        snprintf(name, sizeof name, "base_model.model.%s",
                 tuff_export_name(trainer, &parameters->items[i], buffer));
        TUFF_TRY(tuff_export_add(trainer, &parameters->items[i], name, arrays));
    }
    return TUFF_OK;
}

/* A pattern of the adapted modules' names: a list of endings could not tell the two matrices "output.dense" apart. */
static void make_pattern(uint32_t targets, char pattern[PATTERN_SIZE]) {
    static const struct {
        uint32_t target;
        const char *module;
    } modules[] = {
        { TUFF_LORA_QUERY, "attention\\.self\\.query" },
        { TUFF_LORA_KEY, "attention\\.self\\.key" },
        { TUFF_LORA_VALUE, "attention\\.self\\.value" },
        { TUFF_LORA_ATTENTION_OUTPUT, "attention\\.output\\.dense" },
        { TUFF_LORA_INTERMEDIATE, "intermediate\\.dense" },
        { TUFF_LORA_OUTPUT, "output\\.dense" },
    };
    size_t length = (size_t)snprintf(pattern, PATTERN_SIZE, ".*encoder\\.layer\\.[0-9]+\\.");
    const char *before = "(";
    for (size_t i = 0; i < sizeof modules / sizeof *modules; i++) {
        if (!(targets & modules[i].target))
            continue;
        length +=
            (size_t)snprintf(pattern + length, PATTERN_SIZE - length, "%s%s", before, modules[i].module);
        before = "|";
    }
    snprintf(pattern + length, PATTERN_SIZE - length, ")");
}

/* The modules of the head, which are trained as they are. */
static json_t *list_saved(const struct tuff_trainer *trainer) {
    static const struct {
        enum tuff_role role;
        const char *module;
    } modules[] = {
        { TUFF_ROLE_POOLER_WEIGHT, "pooler" },
        { TUFF_ROLE_TRANSFORM_WEIGHT, "predictions" },
        { TUFF_ROLE_NEXT_SENTENCE_WEIGHT, "seq_relationship" },
        { TUFF_ROLE_CLASSIFIER_WEIGHT, "classifier" },
        { TUFF_ROLE_ANSWER_WEIGHT, "qa_outputs" },
    };
    json_t *list = json_array();
    for (size_t i = 0; i < sizeof modules / sizeof *modules && list; i++) {
        const struct tuff_parameter *parameter =
            tuff_parameters_get(&trainer->folder.parameters, modules[i].role, 0);
        if (parameter && tuff_trainer_trains(trainer, parameter))
            json_array_append_new(list, json_string(modules[i].module));
    }
    return list;
}

static const char *task_type_of(uint32_t heads) {
    if (heads & TUFF_HEAD_SEQUENCE_CLASSIFICATION)
        return "SEQ_CLS";
    if (heads & TUFF_HEAD_TOKEN_CLASSIFICATION)
        return "TOKEN_CLS";
    if (heads & TUFF_HEAD_QUESTION_ANSWERING)
        return "QUESTION_ANS";
    return heads ? NULL : "FEATURE_EXTRACTION";
}

static json_t *make_config(const struct tuff_trainer *trainer) {
    const struct tuff_lora *lora = &trainer->lora;
    char pattern[PATTERN_SIZE];
    make_pattern(lora->targets, pattern);
    return json_pack("{s:s, s:s?, s:s?, s:i, s:f, s:f, s:s, s:b, s:b, s:b, s:s, s:o}", "peft_type", "LORA",
                     "task_type", task_type_of(trainer->folder.parameters.heads), "base_model_name_or_path",
                     trainer->name, "r", (int)lora->rank, "lora_alpha", lora->alpha, "lora_dropout", 0.0,
                     "bias", "none", "fan_in_fan_out", 0, "inference_mode", 1, "init_lora_weights", 1,
                     "target_modules", pattern, "modules_to_save", list_saved(trainer));
}

static tuff_status write_config(const struct tuff_trainer *trainer, const char *folder) {
    char *path = NULL;
    TUFF_TRY(tuff_path_join(folder, "adapter_config.json", &path));
    json_t *config = make_config(trainer);
    tuff_status status =
        config ? tuff_export_json(config, path) : tuff_fail(TUFF_HOST_MEMORY, "%s: cannot be made", path);
    json_decref(config);
    tuff_free(path);
    return status;
}

tuff_status tuff_train_save_adapter(const struct tuff_trainer *trainer, const char *folder) {
    if (trainer->lora.rank == 0)
        return tuff_fail(TUFF_ARGUMENT,
                         "the trainer has no adapters to write; it was opened without a lora_rank");
    TUFF_TRY(tuff_export_begin(trainer, folder));
    TUFF_TRY(tuff_export_arrays(trainer, folder, "adapter_model.safetensors", collect_adapter));
    return write_config(trainer, folder);
}
