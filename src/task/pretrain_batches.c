/* SPDX-License-Identifier: Apache-2.0 */
#include "task/pretrain_batches.h"

#include <string.h>

#include "base/memory.h"

static const struct {
    const char *name;
    size_t rank;
    bool is_float;
} fields[TUFF_RECORD_FIELD_COUNT] = {
    [TUFF_RECORD_INPUT_IDS] = { "input_ids", 2, false },
    [TUFF_RECORD_INPUT_MASK] = { "input_mask", 2, false },
    [TUFF_RECORD_SEGMENT_IDS] = { "segment_ids", 2, false },
    [TUFF_RECORD_POSITIONS] = { "masked_lm_positions", 2, false },
    [TUFF_RECORD_IDS] = { "masked_lm_ids", 2, false },
    [TUFF_RECORD_WEIGHTS] = { "masked_lm_weights", 2, true },
    [TUFF_RECORD_NEXT_SENTENCE] = { "next_sentence_labels", 1, false },
};

/* ---------------------------------------------------------------- opening */

static const struct tuff_tensor_view *find(const struct tuff_safetensors *file, const char *name) {
    for (size_t i = 0; i < file->count; i++)
        if (strcmp(file->views[i].name, name) == 0)
            return &file->views[i];
    return NULL;
}

static tuff_status check_type(const struct tuff_pretrain_batches *batches, int field) {
    const struct tuff_tensor_view *view = batches->views[field];
    const bool is_integer = view->element == TUFF_ELEMENT_I32 || view->element == TUFF_ELEMENT_I64;
    if (fields[field].is_float ? view->element == TUFF_ELEMENT_F32 : is_integer)
        return TUFF_OK;
    return tuff_fail(TUFF_FORMAT, "%s: %s is %s, but must be %s", batches->file->path, fields[field].name,
                     tuff_element_name(view->element), fields[field].is_float ? "F32" : "I32 or I64");
}

/* Rows of next_sentence_labels may have a second dimension of 1. */
static tuff_status check_shape(const struct tuff_pretrain_batches *batches, int field, size_t columns) {
    const struct tuff_tensor_view *view = batches->views[field];
    char text[TUFF_SHAPE_TEXT_SIZE];
    const bool is_column = fields[field].rank == 1 && view->rank == 2 && view->shape[1] == 1;
    if ((view->rank == fields[field].rank || is_column) && view->shape[0] == batches->count &&
        (view->rank == 1 || view->shape[1] == columns))
        return TUFF_OK;
    return tuff_fail(TUFF_FORMAT, "%s: %s is %s, which does not fit %zu rows of %zu", batches->file->path,
                     fields[field].name, tuff_shape_text(view->shape, view->rank, text), batches->count,
                     columns);
}

static tuff_status set_sizes(struct tuff_pretrain_batches *batches, uint32_t max_positions) {
    const struct tuff_tensor_view *ids = batches->views[TUFF_RECORD_INPUT_IDS];
    const struct tuff_tensor_view *predictions = batches->views[TUFF_RECORD_IDS];
    const char *path = batches->file->path;
    if (ids->rank != 2 || predictions->rank != 2 || ids->shape[0] == 0 || ids->shape[1] == 0)
        return tuff_fail(TUFF_FORMAT, "%s: input_ids and masked_lm_ids must have rows and columns", path);
    if (ids->shape[1] > max_positions || predictions->shape[1] > ids->shape[1])
        return tuff_fail(TUFF_FORMAT,
                         "%s: has rows of %zu tokens and %zu predictions, but the model %u positions", path,
                         ids->shape[1], predictions->shape[1], max_positions);
    batches->count = ids->shape[0];
    batches->length = (uint32_t)ids->shape[1];
    batches->prediction_count = (uint32_t)predictions->shape[1];
    return TUFF_OK;
}

static tuff_status check_file(struct tuff_pretrain_batches *batches, const struct tuff_config *config) {
    for (int field = 0; field < TUFF_RECORD_FIELD_COUNT; field++) {
        batches->views[field] = find(batches->file, fields[field].name);
        if (!batches->views[field])
            return tuff_fail(TUFF_FORMAT, "%s: has no %s", batches->file->path, fields[field].name);
        TUFF_TRY(check_type(batches, field));
    }
    TUFF_TRY(set_sizes(batches, config->max_position_embeddings));
    for (int field = 0; field < TUFF_RECORD_FIELD_COUNT; field++)
        TUFF_TRY(check_shape(batches, field,
                             field <= TUFF_RECORD_SEGMENT_IDS     ? batches->length
                             : field == TUFF_RECORD_NEXT_SENTENCE ? 1
                                                                  : batches->prediction_count));
    return TUFF_OK;
}

tuff_status tuff_pretrain_batches_open(const char *path, const struct tuff_config *config,
                                       struct tuff_pretrain_batches *out_batches) {
    *out_batches = (struct tuff_pretrain_batches){ .vocab_size = config->vocab_size,
                                                   .type_vocab_size = config->type_vocab_size };
    TUFF_TRY(tuff_safetensors_open(path, &out_batches->file));
    const tuff_status status = check_file(out_batches, config);
    if (status != TUFF_OK)
        tuff_pretrain_batches_close(out_batches);
    return status;
}

void tuff_pretrain_batches_close(struct tuff_pretrain_batches *batches) {
    tuff_safetensors_close(batches->file);
    tuff_blocks_free(&batches->blocks);
    *batches = (struct tuff_pretrain_batches){ 0 };
}

/* ---------------------------------------------------------------- rows */

/* Data in a mapped file has no alignment. */
static int64_t integer_at(const struct tuff_tensor_view *view, size_t index) {
    int32_t narrow;
    int64_t wide;
    if (view->element == TUFF_ELEMENT_I64) {
        memcpy(&wide, view->data + index * sizeof wide, sizeof wide);
        return wide;
    }
    memcpy(&narrow, view->data + index * sizeof narrow, sizeof narrow);
    return narrow;
}

static float float_at(const struct tuff_tensor_view *view, size_t index) {
    float value;
    memcpy(&value, view->data + index * sizeof value, sizeof value);
    return value;
}

/* An entry of a row, which must be in [0, limit). */
static tuff_status read_entry(const struct tuff_pretrain_batches *batches, enum tuff_record_field field,
                              size_t row, size_t column, size_t columns, int64_t limit, int32_t *out_value) {
    const int64_t value = integer_at(batches->views[field], row * columns + column);
    if (value < 0 || value >= limit)
        return tuff_fail(TUFF_FORMAT, "%s: %s[%zu, %zu] is %lld, but must be below %lld", batches->file->path,
                         fields[field].name, row, column, (long long)value, (long long)limit);
    *out_value = (int32_t)value;
    return TUFF_OK;
}

static tuff_status read_tokens(struct tuff_pretrain_batches *batches, size_t row,
                               struct tuff_sequence *sequence) {
    const uint32_t length = batches->length;
    struct tuff_row *rows = NULL;
    bool has_ended = false;
    TUFF_TRY(tuff_blocks_allocate(&batches->blocks, length, sizeof *rows, &rows));
    for (uint32_t i = 0; i < length; i++) {
        struct tuff_row *token = &rows[sequence->visible_count];
        int32_t is_visible = 0;
        token->position = (int32_t)i;
        TUFF_TRY(read_entry(batches, TUFF_RECORD_INPUT_MASK, row, i, length, 2, &is_visible));
        TUFF_TRY(read_entry(batches, TUFF_RECORD_INPUT_IDS, row, i, length, batches->vocab_size, &token->id));
        TUFF_TRY(read_entry(batches, TUFF_RECORD_SEGMENT_IDS, row, i, length, batches->type_vocab_size,
                            &token->type));
        if (is_visible && has_ended)
            return tuff_fail(TUFF_FORMAT, "%s: input_mask[%zu] has a one behind a zero", batches->file->path,
                             row);
        has_ended = !is_visible;
        sequence->visible_count += is_visible != 0;
    }
    if (sequence->visible_count == 0)
        return tuff_fail(TUFF_FORMAT, "%s: input_mask[%zu] shows no token", batches->file->path, row);
    sequence->tokens = rows;
    return TUFF_OK;
}

static tuff_status read_predictions(struct tuff_pretrain_batches *batches, size_t row,
                                    struct tuff_sequence *sequence, const int32_t **out_labels) {
    const uint32_t count = batches->prediction_count;
    uint32_t *asked = NULL;
    int32_t *labels = NULL;
    TUFF_TRY(tuff_blocks_allocate(&batches->blocks, count, sizeof *asked, &asked));
    TUFF_TRY(tuff_blocks_allocate(&batches->blocks, count, sizeof *labels, &labels));
    for (uint32_t i = 0; i < count; i++) {
        const float weight = float_at(batches->views[TUFF_RECORD_WEIGHTS], row * count + i);
        int32_t position = 0;
        if (!(weight <= 0 || weight >= 1) || weight < 0 || weight > 1)
            return tuff_fail(TUFF_FORMAT, "%s: masked_lm_weights[%zu, %u] is %g, but must be 0 or 1",
                             batches->file->path, row, i, (double)weight);
        if (weight <= 0)
            continue;
        TUFF_TRY(
            read_entry(batches, TUFF_RECORD_POSITIONS, row, i, count, sequence->visible_count, &position));
        TUFF_TRY(read_entry(batches, TUFF_RECORD_IDS, row, i, count, batches->vocab_size,
                            &labels[sequence->asked_count]));
        asked[sequence->asked_count++] = (uint32_t)position;
    }
    sequence->asked = asked;
    *out_labels = labels;
    return TUFF_OK;
}

static tuff_status read_row(struct tuff_pretrain_batches *batches, size_t row,
                            struct tuff_sequence *out_sequence) {
    struct tuff_targets *targets = NULL;
    *out_sequence = (struct tuff_sequence){ 0 };
    TUFF_TRY(tuff_blocks_allocate(&batches->blocks, 1, sizeof *targets, &targets));
    targets->label = TUFF_IGNORED;
    TUFF_TRY(read_tokens(batches, row, out_sequence));
    TUFF_TRY(read_predictions(batches, row, out_sequence, &targets->asked_labels));
    out_sequence->targets = targets;
    return read_entry(batches, TUFF_RECORD_NEXT_SENTENCE, row, 0, 1, 2, &targets->next_sentence);
}

tuff_status tuff_pretrain_batches_read(struct tuff_pretrain_batches *batches, size_t first, size_t count,
                                       struct tuff_sequence *out_sequences) {
    tuff_blocks_free(&batches->blocks);
    for (size_t i = 0; i < count; i++)
        TUFF_TRY(read_row(batches, first + i, &out_sequences[i]));
    return TUFF_OK;
}
