/* SPDX-License-Identifier: Apache-2.0 */
#include "task/labels.h"

#include <string.h>

#include "base/memory.h"

static bool is_integer(const struct tuff_array *array) {
    return array->dtype == TUFF_I64 || array->dtype == TUFF_I32;
}

/* As transformers' forward functions decide where problem_type is not set. */
static enum tuff_loss classification_loss(const struct tuff_config *config, const struct tuff_array *labels) {
    switch (config->problem_type) {
    case TUFF_PROBLEM_REGRESSION:
        return TUFF_LOSS_NUMBERS;
    case TUFF_PROBLEM_SINGLE_LABEL:
        return TUFF_LOSS_CLASS;
    case TUFF_PROBLEM_MULTI_LABEL:
        return TUFF_LOSS_LABELS;
    case TUFF_PROBLEM_UNSET:
        break;
    }
    if (config->num_labels == 1)
        return TUFF_LOSS_NUMBERS;
    return is_integer(labels) ? TUFF_LOSS_CLASS : TUFF_LOSS_LABELS;
}

tuff_status tuff_labels_choose(const struct tuff_arrays *inputs, const struct tuff_config *config,
                               uint32_t heads, struct tuff_labels *out_labels) {
    const struct tuff_array *labels = tuff_arrays_find(inputs, "labels");
    const struct tuff_array *next = tuff_arrays_find(inputs, "next_sentence_label");
    bool is_pretraining = heads & TUFF_HEAD_MASKED_LM && heads & TUFF_HEAD_NEXT_SENTENCE;
    uint32_t losses = 0;
    *out_labels = (struct tuff_labels){ .group = 1 };
    if (heads & TUFF_HEAD_MASKED_LM && labels && (next || !is_pretraining))
        losses |= TUFF_LOSS_MASKED_LM;
    if (heads & TUFF_HEAD_NEXT_SENTENCE && (is_pretraining ? labels && next : labels || next))
        losses |= TUFF_LOSS_NEXT_SENTENCE;
    if (heads & TUFF_HEAD_SEQUENCE_CLASSIFICATION && labels)
        losses |= classification_loss(config, labels);
    if (heads & TUFF_HEAD_MULTIPLE_CHOICE && labels)
        losses |= TUFF_LOSS_CHOICE;
    if (heads & TUFF_HEAD_TOKEN_CLASSIFICATION && labels)
        losses |= TUFF_LOSS_TOKENS;
    if (heads & TUFF_HEAD_QUESTION_ANSWERING && tuff_arrays_find(inputs, "start_positions") &&
        tuff_arrays_find(inputs, "end_positions"))
        losses |= TUFF_LOSS_SPAN;
    if (losses & (TUFF_LOSS_MASKED_LM | TUFF_LOSS_TOKENS)) {
        if (!is_integer(labels))
            return tuff_fail(TUFF_ARGUMENT, "labels: must be of type I64 or I32");
        const struct tuff_array *ids = tuff_arrays_find(inputs, "input_ids");
        if (!ids || ids->rank != labels->rank ||
            memcmp(ids->shape, labels->shape, ids->rank * sizeof ids->shape[0]) != 0)
            return tuff_fail(TUFF_ARGUMENT, "labels: must have the shape of input_ids");
        out_labels->column_labels = labels;
    }
    out_labels->losses = losses;
    return TUFF_OK;
}

/* The question-answering loss counts every column; the pooler reads column 0 even where it is hidden. */
tuff_status tuff_labels_read_grid(const struct tuff_arrays *inputs, const struct tuff_config *config,
                                  uint32_t heads, const struct tuff_labels *labels,
                                  struct tuff_grid_batch *out_grid) {
    struct tuff_grid_options options = { .hidden = TUFF_GRID_FIRST_COLUMN,
                                         .labels = labels->column_labels,
                                         .asks_all = heads & TUFF_HEAD_MASKED_LM };
    if (labels->losses & TUFF_LOSS_SPAN)
        options.hidden = TUFF_GRID_ALL_COLUMNS;
    return tuff_grid_read(inputs, config, &options, out_grid);
}

/* Labels of type I64 or I32, `count` of them in any shape. */
static tuff_status expect_integers(const struct tuff_arrays *inputs, const char *name, size_t count,
                                   const struct tuff_array **out_array) {
    const struct tuff_array *array = tuff_arrays_find(inputs, name);
    size_t total = 1;
    *out_array = array;
    for (size_t i = 0; array && i < array->rank; i++)
        total *= array->shape[i];
    if (!array || !is_integer(array) || total != count)
        return tuff_fail(TUFF_ARGUMENT, "%s: %zu integers (I64 or I32) are wanted", name, count);
    return TUFF_OK;
}

static tuff_status read_class(const char *name, const struct tuff_array *array, size_t index, uint32_t bound,
                              int32_t *out_label) {
    int64_t value = tuff_array_integer(array, index);
    if (value != TUFF_IGNORED && (value < 0 || value >= bound))
        return tuff_fail(TUFF_ARGUMENT, "%s: label %lld at %zu is neither in 0 to %u nor -100", name,
                         (long long)value, index, bound - 1);
    *out_label = (int32_t)value;
    return TUFF_OK;
}

static tuff_status read_classes(const struct tuff_arrays *inputs, const struct tuff_config *config,
                                const struct tuff_grid_batch *grid, struct tuff_labels *labels) {
    const struct tuff_array *array = NULL;
    bool is_choice = labels->losses & TUFF_LOSS_CHOICE;
    uint32_t bound = is_choice ? (uint32_t)grid->choices : config->num_labels;
    TUFF_TRY(expect_integers(inputs, "labels", grid->batch, &array));
    for (size_t i = 0; i < grid->batch; i++)
        TUFF_TRY(read_class("labels", array, i, bound, &labels->targets[i * grid->choices].label));
    return TUFF_OK;
}

static tuff_status read_next_sentence(const struct tuff_arrays *inputs, const struct tuff_grid_batch *grid,
                                      struct tuff_labels *labels) {
    const struct tuff_array *array = NULL;
    const char *name = tuff_arrays_find(inputs, "next_sentence_label") ? "next_sentence_label" : "labels";
    TUFF_TRY(expect_integers(inputs, name, grid->sequence_count, &array));
    for (size_t i = 0; i < grid->sequence_count; i++)
        TUFF_TRY(read_class(name, array, i, 2, &labels->targets[i].next_sentence));
    return TUFF_OK;
}

static tuff_status read_numbers(const struct tuff_arrays *inputs, const struct tuff_config *config,
                                const struct tuff_grid_batch *grid, struct tuff_labels *labels) {
    const struct tuff_array *array = tuff_arrays_find(inputs, "labels");
    size_t count = grid->sequence_count * config->num_labels;
    size_t total = 1;
    for (size_t i = 0; i < array->rank; i++)
        total *= array->shape[i];
    if (array->dtype != TUFF_F32 || total != count)
        return tuff_fail(TUFF_ARGUMENT, "labels: %zu numbers of type F32 are wanted", count);
    TUFF_TRY(tuff_alloc(count, sizeof(float), &labels->numbers));
    memcpy(labels->numbers, array->data, count * sizeof(float));
    for (size_t i = 0; i < grid->sequence_count; i++)
        labels->targets[i].numbers = labels->numbers + i * config->num_labels;
    return TUFF_OK;
}

/* One label for each computed row, in packed order. */
static tuff_status read_columns(const struct tuff_config *config, const struct tuff_grid_batch *grid,
                                struct tuff_labels *labels) {
    uint32_t bound = labels->losses & TUFF_LOSS_TOKENS ? config->num_labels : config->vocab_size;
    TUFF_TRY(tuff_alloc(grid->sequence_count * grid->length, sizeof(int32_t), &labels->integers));
    for (size_t i = 0; i < grid->sequence_count; i++) {
        const struct tuff_sequence *sequence = &grid->sequences[i];
        int32_t *to = labels->integers + i * grid->length;
        for (uint32_t j = 0; j < sequence->visible_count + sequence->hidden_count; j++) {
            size_t at = i * grid->length + (size_t)sequence->tokens[j].position;
            TUFF_TRY(read_class("labels", labels->column_labels, at, bound, &to[j]));
        }
        labels->targets[i].row_labels = labels->targets[i].asked_labels = to;
    }
    return TUFF_OK;
}

/* transformers clamps positions to 0 ... length and ignores length. Columns lie in packed order here. */
static int32_t row_of_column(const struct tuff_sequence *sequence, size_t length, int64_t column) {
    uint32_t rows = sequence->visible_count + sequence->hidden_count;
    column = column < 0 ? 0 : column;
    for (uint32_t row = 0; row < rows && column < (int64_t)length; row++)
        if (sequence->tokens[row].position == column)
            return (int32_t)row;
    return -1;
}

static tuff_status read_spans(const struct tuff_arrays *inputs, const struct tuff_grid_batch *grid,
                              struct tuff_labels *labels) {
    const struct tuff_array *starts = NULL;
    const struct tuff_array *ends = NULL;
    TUFF_TRY(expect_integers(inputs, "start_positions", grid->sequence_count, &starts));
    TUFF_TRY(expect_integers(inputs, "end_positions", grid->sequence_count, &ends));
    for (size_t i = 0; i < grid->sequence_count; i++) {
        const struct tuff_sequence *sequence = &grid->sequences[i];
        labels->targets[i].start = row_of_column(sequence, grid->length, tuff_array_integer(starts, i));
        labels->targets[i].end = row_of_column(sequence, grid->length, tuff_array_integer(ends, i));
    }
    return TUFF_OK;
}

tuff_status tuff_labels_read(const struct tuff_arrays *inputs, const struct tuff_config *config,
                             struct tuff_grid_batch *grid, struct tuff_labels *labels) {
    uint32_t losses = labels->losses;
    if (!losses)
        return TUFF_OK;
    TUFF_TRY(tuff_alloc(grid->sequence_count, sizeof *labels->targets, &labels->targets));
    if (losses & (TUFF_LOSS_CLASS | TUFF_LOSS_CHOICE))
        TUFF_TRY(read_classes(inputs, config, grid, labels));
    if (losses & TUFF_LOSS_NEXT_SENTENCE)
        TUFF_TRY(read_next_sentence(inputs, grid, labels));
    if (losses & (TUFF_LOSS_NUMBERS | TUFF_LOSS_LABELS))
        TUFF_TRY(read_numbers(inputs, config, grid, labels));
    if (labels->column_labels)
        TUFF_TRY(read_columns(config, grid, labels));
    if (losses & TUFF_LOSS_SPAN)
        TUFF_TRY(read_spans(inputs, grid, labels));
    for (size_t i = 0; i < grid->sequence_count; i++)
        grid->sequences[i].targets = &labels->targets[i];
    labels->group = losses & TUFF_LOSS_CHOICE ? (uint32_t)grid->choices : 1;
    labels->denominators =
        tuff_loss_weigh(losses, labels->group, config->num_labels, grid->sequences, grid->sequence_count);
    return TUFF_OK;
}

void tuff_labels_free(struct tuff_labels *labels) {
    tuff_free(labels->targets);
    tuff_free(labels->numbers);
    tuff_free(labels->integers);
    *labels = (struct tuff_labels){ 0 };
}
