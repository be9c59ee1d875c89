/* SPDX-License-Identifier: Apache-2.0 */
#include "task/attentions.h"

#include <stdio.h>

#include "base/memory.h"
#include "model/arrays.h"
#include "model/bert.h"
#include "ops/attention.h"

tuff_status tuff_attentions_create(const struct tuff_model *model, const struct tuff_grid_batch *grid,
                                   struct tuff_arrays *arrays, struct tuff_attentions *out_attentions) {
    const struct tuff_config *config = &model->folder.config;
    const size_t shape[4] = { grid->sequence_count, config->num_attention_heads, grid->length, grid->length };
    *out_attentions = (struct tuff_attentions){ .model = model, .grid = grid };
    TUFF_TRY(tuff_alloc(config->num_hidden_layers, sizeof(float *), &out_attentions->layers));
    for (uint32_t i = 0; i < config->num_hidden_layers; i++) {
        char name[32];
        snprintf(name, sizeof name, "attentions.%u", i);
        TUFF_TRY(tuff_arrays_make(arrays, name, TUFF_F32, 4, shape, &out_attentions->layers[i]));
    }
    TUFF_TRY(tuff_arena_create(model->device, TUFF_MEMORY_DEVICE, "attentions", &out_attentions->arena));
    /* One head of a whole sequence always fits: 512 x 512 numbers are 1 MiB. */
    return tuff_arena_take(out_attentions->arena, grid->length * grid->length * sizeof(float),
                           &out_attentions->slice);
}

void tuff_attentions_free(struct tuff_attentions *attentions) {
    tuff_arena_destroy(attentions->arena);
    tuff_free(attentions->layers);
    tuff_free(attentions->values);
    *attentions = (struct tuff_attentions){ 0 };
}

/* Runs one head of one sequence and reads its (queries, keys) probabilities. */
static tuff_status compute(struct tuff_attentions *attentions, const struct tuff_tensor *qkv,
                           const struct tuff_attention_view *view, size_t count) {
    struct tuff_device *device = attentions->model->device;
    const union tuff_params params =
        tuff_bert_attention(&attentions->model->folder.config, attentions->model->weights);
    struct tuff_recording *recording = NULL;
    TUFF_TRY(tuff_reserve(&attentions->values, &attentions->value_capacity, count, sizeof(float)));
    TUFF_TRY(tuff_recording_create(device, &recording));
    TUFF_TRY(tuff_recording_finish(
        recording, tuff_attention_probabilities(device, recording, &params, qkv, view, attentions->slice)));
    return tuff_download(device, &attentions->slice, 0, attentions->values, count * sizeof(float));
}

/* Queries and keys stand in the packed order of their sequence; their columns are in its tokens. */
static void scatter(const struct tuff_attentions *attentions, const struct tuff_sequence *sequence,
                    uint32_t keys, float *output) {
    size_t length = attentions->grid->length;
    for (uint32_t query = 0; query < sequence->visible_count; query++) {
        float *row = output + (size_t)sequence->tokens[query].position * length;
        for (uint32_t key = 0; key < keys; key++)
            row[sequence->tokens[key].position] = attentions->values[(size_t)query * keys + key];
    }
}

static tuff_status take_sequence(struct tuff_attentions *attentions, const struct tuff_batch_view *view,
                                 uint32_t index, uint32_t layer) {
    const struct tuff_sequence *sequence = &attentions->grid->sequences[view->members[index]];
    uint32_t heads = attentions->model->folder.config.num_attention_heads;
    size_t square = attentions->grid->length * attentions->grid->length;
    uint32_t keys = sequence->visible_count;
    float *output = attentions->layers[layer] + view->members[index] * heads * square;
    for (uint32_t head = 0; head < heads && keys > 0; head++) {
        struct tuff_attention_view part = {
            .span = { .first_row = view->first_rows[index], .row_count = keys, .key_count = (int32_t)keys },
            .first_key_row = view->first_rows[index],
            .first_head = head,
            .head_count = 1
        };
        TUFF_TRY(compute(attentions, view->run->qkv[layer], &part, (size_t)keys * keys));
        scatter(attentions, sequence, keys, output + head * square);
    }
    return TUFF_OK;
}

tuff_status tuff_attentions_take(struct tuff_attentions *attentions, const struct tuff_batch_view *view) {
    for (uint32_t layer = 0; layer < attentions->model->folder.config.num_hidden_layers; layer++)
        for (uint32_t i = 0; i < view->count; i++)
            TUFF_TRY(take_sequence(attentions, view, i, layer));
    return TUFF_OK;
}
