/* SPDX-License-Identifier: Apache-2.0 */
#include "task/grid.h"

#include <string.h>

#include "base/memory.h"
#include "model/loss.h"

int64_t tuff_array_integer(const struct tuff_array *array, size_t index) {
    if (array->dtype == TUFF_I32) {
        int32_t value;
        memcpy(&value, (const char *)array->data + index * sizeof value, sizeof value);
        return value;
    }
    int64_t value;
    memcpy(&value, (const char *)array->data + index * sizeof value, sizeof value);
    return value;
}

static tuff_status check_type(const struct tuff_array *array) {
    if (array->dtype != TUFF_I64 && array->dtype != TUFF_I32)
        return tuff_fail(TUFF_ARGUMENT, "%s: must be of type I64 or I32", array->name);
    return TUFF_OK;
}

static tuff_status read_shape(const struct tuff_array *ids, const struct tuff_config *config,
                              struct tuff_grid_batch *grid) {
    TUFF_TRY(check_type(ids));
    if (ids->rank != 2 && ids->rank != 3)
        return tuff_fail(TUFF_ARGUMENT,
                         "input_ids: has %zu dimensions; (batch, length) is wanted, or "
                         "(batch, choices, length)",
                         ids->rank);
    grid->has_choices = ids->rank == 3;
    grid->batch = ids->shape[0];
    grid->choices = grid->has_choices ? ids->shape[1] : 1;
    grid->length = ids->shape[ids->rank - 1];
    if (grid->batch == 0 || grid->choices == 0 || grid->length == 0)
        return tuff_fail(TUFF_ARGUMENT, "input_ids: is empty");
    if (grid->length > config->max_position_embeddings)
        return tuff_fail(TUFF_ARGUMENT, "input_ids: has %zu columns, but the model has positions for %u",
                         grid->length, config->max_position_embeddings);
    if (!tuff_multiply(grid->batch, grid->choices, &grid->sequence_count) || grid->sequence_count > INT32_MAX)
        return tuff_fail(TUFF_ARGUMENT, "input_ids: has too many rows");
    return TUFF_OK;
}

/* An array beside input_ids, NULL where it is missing. */
static tuff_status find_beside(const struct tuff_arrays *inputs, const struct tuff_array *ids,
                               const char *name, const struct tuff_array **out_array) {
    const struct tuff_array *array = tuff_arrays_find(inputs, name);
    *out_array = array;
    if (!array)
        return TUFF_OK;
    TUFF_TRY(check_type(array));
    if (array->rank != ids->rank || memcmp(array->shape, ids->shape, ids->rank * sizeof ids->shape[0]) != 0)
        return tuff_fail(TUFF_ARGUMENT, "%s: has another shape than input_ids", name);
    return TUFF_OK;
}

static tuff_status check_value(const char *name, int64_t value, uint32_t bound, size_t sequence,
                               size_t column) {
    if (value >= 0 && value < bound)
        return TUFF_OK;
    return tuff_fail(TUFF_ARGUMENT, "%s: value %lld at row %zu, column %zu is not in 0 to %u", name,
                     (long long)value, sequence, column, bound - 1);
}

struct source {
    const struct tuff_array *ids, *mask, *types;
    const struct tuff_config *config;
    const struct tuff_grid_options *options;
};

static tuff_status read_token(const struct source *source, const struct tuff_grid_batch *grid,
                              size_t sequence, size_t column, struct tuff_row *out_token) {
    size_t at = sequence * grid->length + column;
    int64_t id = tuff_array_integer(source->ids, at);
    int64_t type = source->types ? tuff_array_integer(source->types, at) : 0;
    TUFF_TRY(check_value("input_ids", id, source->config->vocab_size, sequence, column));
    TUFF_TRY(check_value("token_type_ids", type, source->config->type_vocab_size, sequence, column));
    *out_token = (struct tuff_row){ .id = (int32_t)id, .position = (int32_t)column, .type = (int32_t)type };
    return TUFF_OK;
}

static bool is_visible(const struct source *source, const struct tuff_grid_batch *grid, size_t sequence,
                       size_t column) {
    return !source->mask || tuff_array_integer(source->mask, sequence * grid->length + column) != 0;
}

static bool is_hidden_but_wanted(const struct source *source, const struct tuff_grid_batch *grid,
                                 size_t sequence, size_t column) {
    const struct tuff_grid_options *options = source->options;
    if (options->hidden == TUFF_GRID_ALL_COLUMNS ||
        (options->hidden == TUFF_GRID_FIRST_COLUMN && column == 0))
        return true;
    return options->labels &&
           tuff_array_integer(options->labels, sequence * grid->length + column) != TUFF_IGNORED;
}

/* Visible columns first, then the hidden ones that are wanted. Where nothing is visible the reference attends
 * to every column alike, so that all are computed. */
static tuff_status read_sequence(const struct source *source, struct tuff_grid_batch *grid, size_t index) {
    struct tuff_sequence *sequence = &grid->sequences[index];
    struct tuff_row *tokens = grid->tokens + index * grid->length;
    sequence->tokens = tokens;
    sequence->is_blind = true;
    for (size_t column = 0; column < grid->length; column++)
        if (is_visible(source, grid, index, column)) {
            TUFF_TRY(read_token(source, grid, index, column, &tokens[sequence->visible_count++]));
            sequence->is_blind = false;
        }
    for (size_t column = 0; column < grid->length; column++)
        if (!is_visible(source, grid, index, column) &&
            (sequence->is_blind || is_hidden_but_wanted(source, grid, index, column))) {
            uint32_t at = sequence->visible_count + sequence->hidden_count++;
            TUFF_TRY(read_token(source, grid, index, column, &tokens[at]));
            if (column == 0)
                sequence->first = at;
        }
    if (source->options->asks_all) {
        sequence->asked = grid->columns;
        sequence->asked_count = sequence->visible_count + sequence->hidden_count;
    }
    return TUFF_OK;
}

tuff_status tuff_grid_read(const struct tuff_arrays *inputs, const struct tuff_config *config,
                           const struct tuff_grid_options *options, struct tuff_grid_batch *out_grid) {
    struct source source = { .ids = tuff_arrays_find(inputs, "input_ids"),
                             .config = config,
                             .options = options };
    size_t token_count = 0;
    *out_grid = (struct tuff_grid_batch){ 0 };
    if (!source.ids)
        return tuff_fail(TUFF_ARGUMENT, "input_ids: is missing");
    TUFF_TRY(read_shape(source.ids, config, out_grid));
    TUFF_TRY(find_beside(inputs, source.ids, "attention_mask", &source.mask));
    TUFF_TRY(find_beside(inputs, source.ids, "token_type_ids", &source.types));
    if (!tuff_multiply(out_grid->sequence_count, out_grid->length, &token_count))
        return tuff_fail(TUFF_ARGUMENT, "input_ids: has too many rows");
    TUFF_TRY(tuff_alloc(out_grid->sequence_count, sizeof *out_grid->sequences, &out_grid->sequences));
    TUFF_TRY(tuff_alloc(token_count, sizeof *out_grid->tokens, &out_grid->tokens));
    TUFF_TRY(tuff_alloc(out_grid->length, sizeof *out_grid->columns, &out_grid->columns));
    for (size_t column = 0; column < out_grid->length; column++)
        out_grid->columns[column] = (uint32_t)column;
    for (size_t i = 0; i < out_grid->sequence_count; i++)
        TUFF_TRY(read_sequence(&source, out_grid, i));
    return TUFF_OK;
}

void tuff_grid_free(struct tuff_grid_batch *grid) {
    tuff_free(grid->sequences);
    tuff_free(grid->tokens);
    tuff_free(grid->columns);
    *grid = (struct tuff_grid_batch){ 0 };
}
