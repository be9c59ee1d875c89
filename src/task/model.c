/* SPDX-License-Identifier: Apache-2.0 */
#include "task/model.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "model/hub.h"

tuff_status tuff_model_choose_type(const struct tuff_device *device, tuff_dtype dtype,
                                   enum tuff_type *out_type) {
    if (dtype != TUFF_DTYPE_AUTO && dtype != TUFF_F32 && dtype != TUFF_F16 && dtype != TUFF_I8)
        return tuff_fail(TUFF_ARGUMENT, "a model computes in f32, f16 or int8");
    bool is_f16 = dtype == TUFF_F16;
    if (dtype == TUFF_DTYPE_AUTO || dtype == TUFF_I8)
        is_f16 = device->features.float16 && device->info.type != TUFF_DEVICE_CPU;
    *out_type = is_f16 ? TUFF_TYPE_F16 : TUFF_TYPE_F32;
    return TUFF_OK;
}

static tuff_status choose_arithmetic(const struct tuff_device *device, const tuff_model_options *options,
                                     bool *out_is_f16) {
    *out_is_f16 = options->arithmetic == TUFF_F16;
    if (options->arithmetic == TUFF_DTYPE_AUTO || options->arithmetic == TUFF_F32)
        return TUFF_OK;
    if (options->arithmetic != TUFF_F16)
        return tuff_fail(TUFF_ARGUMENT, "a model multiplies in f32 or f16");
    if (options->dtype != TUFF_DTYPE_AUTO && options->dtype != TUFF_F16)
        return tuff_fail(TUFF_ARGUMENT, "arithmetic in f16 is for models in f16, not in %s",
                         options->dtype == TUFF_I8 ? "int8" : "f32");
    if (!device->features.float16)
        return tuff_fail(TUFF_UNSUPPORTED, "%s does not compute in f16 (shaderFloat16)", device->info.name);
    return TUFF_OK;
}

/* The folder is open; its files stay mapped. */
static tuff_status come_to_device(struct tuff_model *model) {
    const struct tuff_weights_options options = { .type = model->type, .has_int8_layers = model->is_int8 };
    TUFF_TRY(tuff_weights_load(model->device, &model->folder.config, &model->folder.parameters, &options,
                               &model->weights));
    tuff_runner_init(&model->runner, model->device, &model->folder.config, model->weights);
    model->runner.f16_arithmetic = model->f16_arithmetic;
    return TUFF_OK;
}

static tuff_status place(struct tuff_model *model) {
    if (model->folder.has_tokenizer)
        TUFF_TRY(tuff_tokenizer_open(model->folder.path, model->allocator, &model->tokenizer));
    return come_to_device(model);
}

static void leave(struct tuff_member *member) {
    struct tuff_model *model = (struct tuff_model *)member;
    if (model->runner.device)
        tuff_runner_free(&model->runner);
    tuff_weights_free(model->weights);
    model->weights = NULL;
    model->runner.weights = NULL;
}

static tuff_status come_back(struct tuff_member *member) {
    return come_to_device((struct tuff_model *)member);
}

tuff_status tuff_model_make(struct tuff_device *device, const struct tuff_allocator *allocator,
                            struct tuff_folder *folder, const tuff_model_options *options,
                            struct tuff_model **out_model) {
    struct tuff_model *model = NULL;
    enum tuff_type type = TUFF_TYPE_F32;
    bool f16_arithmetic = false;
    *out_model = NULL;
    TUFF_TRY(choose_arithmetic(device, options, &f16_arithmetic));
    TUFF_TRY(tuff_model_choose_type(device, f16_arithmetic ? TUFF_F16 : options->dtype, &type));
    TUFF_TRY(tuff_alloc(1, sizeof *model, &model));
    *model = (struct tuff_model){ .device = device,
                                  .allocator = allocator,
                                  .type = type,
                                  .is_int8 = options->dtype == TUFF_I8,
                                  .f16_arithmetic = f16_arithmetic };
    tuff_status status = tuff_mutex_init(&model->lock);
    if (status != TUFF_OK) {
        tuff_free(model);
        return status;
    }
    model->folder = *folder;
    *folder = (struct tuff_folder){ 0 };
    status = place(model);
    if (status != TUFF_OK) {
        tuff_model_free(model);
        return status;
    }
    model->member = (struct tuff_member){ .leave = leave, .come_back = come_back };
    tuff_device_join(device, &model->member);
    *out_model = model;
    return TUFF_OK;
}

tuff_status tuff_model_load(struct tuff_device *device, const struct tuff_allocator *allocator,
                            const char *path, const tuff_model_options *options,
                            struct tuff_model **out_model) {
    struct tuff_folder folder = { 0 };
    char *resolved = NULL;
    *out_model = NULL;
    TUFF_TRY(tuff_hub_resolve(path, &resolved));
    tuff_status status = tuff_folder_open(resolved, &device->log, &folder);
    tuff_free(resolved);
    if (status == TUFF_OK)
        status = tuff_model_make(device, allocator, &folder, options, out_model);
    tuff_folder_close(&folder);
    return status;
}

void tuff_model_free(struct tuff_model *model) {
    if (!model)
        return;
    if (model->member.leave)
        tuff_device_part(model->device, &model->member);
    leave(&model->member);
    tuff_tokenizer_close(model->tokenizer);
    tuff_folder_close(&model->folder);
    tuff_mutex_destroy(&model->lock);
    tuff_free(model);
}

void tuff_model_describe(const struct tuff_model *model, tuff_model_info *out_info) {
    const struct tuff_config *config = &model->folder.config;
    char heads[TUFF_HEADS_TEXT_SIZE];
    *out_info = (tuff_model_info){
        .hidden_size = config->hidden_size,
        .layer_count = config->num_hidden_layers,
        .head_count = config->num_attention_heads,
        .intermediate_size = config->intermediate_size,
        .vocab_size = config->vocab_size,
        .max_positions = config->max_position_embeddings,
        .max_length = model->folder.max_length,
        .embedding_size = config->hidden_size,
        .parameter_count = model->folder.parameters.element_count,
        .dtype = model->is_int8                 ? TUFF_I8
                 : model->type == TUFF_TYPE_F16 ? TUFF_F16
                                                : TUFF_F32,
        .pooling = model->folder.sentence.pooling,
        .normalize = model->folder.sentence.normalize,
        .has_tokenizer = model->tokenizer != NULL,
    };
    snprintf(out_info->activation, sizeof out_info->activation, "%s",
             tuff_activation_name(config->hidden_act));
    snprintf(out_info->heads, sizeof out_info->heads, "%s",
             tuff_heads_text(model->folder.parameters.heads, heads));
}
