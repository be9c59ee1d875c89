/* SPDX-License-Identifier: Apache-2.0 */
/* The (batch, length) grids that raw-tensor functions take, turned into sequences of rows to compute. */
#ifndef TUFF_TASK_GRID_H
#define TUFF_TASK_GRID_H

#include "model/batch.h"
#include "model/config.h"

/* What beside the visible columns has to be computed, as the reference does. */
enum tuff_grid_hidden {
    TUFF_GRID_VISIBLE_ONLY,
    TUFF_GRID_FIRST_COLUMN, /* the pooler reads column 0 even where the mask hides it */
    TUFF_GRID_ALL_COLUMNS,  /* the question-answering loss counts every column */
};

struct tuff_grid_batch {
    size_t batch, choices, length; /* choices 1 unless the input has three dimensions */
    bool has_choices;
    struct tuff_sequence *sequences; /* batch * choices */
    size_t sequence_count;
    struct tuff_row *tokens;
    uint32_t *columns; /* 0, 1, 2 ...: what asking for all rows of a sequence points to */
};

/* Reads input_ids, attention_mask and token_type_ids. TUFF_ARGUMENT names the array that is missing, of the
 * wrong type or shape, or holds a value that the model has no row for. */
/* `labels` (of the shape of input_ids, or NULL): hidden columns with a label other than -100 are computed as
 * well. Where asks_all, every computed row is asked for its vocabulary logits. */
struct tuff_grid_options {
    enum tuff_grid_hidden hidden;
    const struct tuff_array *labels;
    bool asks_all;
};
tuff_status tuff_grid_read(const struct tuff_arrays *inputs, const struct tuff_config *config,
                           const struct tuff_grid_options *options, struct tuff_grid_batch *out_grid);
void tuff_grid_free(struct tuff_grid_batch *grid);

/* Element `index` of an I64 or I32 array. */
int64_t tuff_array_integer(const struct tuff_array *array, size_t index);

#endif
