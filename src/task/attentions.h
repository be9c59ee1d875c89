/* SPDX-License-Identifier: Apache-2.0 */
/* The attention probabilities of every layer, for whoever asks to see them: computed one sequence and layer
 * at a time from the queries and keys that a run has kept on the device. */
#ifndef TUFF_TASK_ATTENTIONS_H
#define TUFF_TASK_ATTENTIONS_H

#include "task/batcher.h"
#include "task/grid.h"
#include "task/model.h"

struct tuff_attentions {
    const struct tuff_model *model;
    const struct tuff_grid_batch *grid;
    float **layers;           /* (batch * choices, heads, length, length) of each layer */
    struct tuff_arena *arena; /* probabilities of one sequence */
    struct tuff_slice slice;
    float *values;
    size_t value_capacity;
};

/* Adds attentions.0 ... to `arrays`, zeros where the mask hides. Free it after a failure as well. */
tuff_status tuff_attentions_create(const struct tuff_model *model, const struct tuff_grid_batch *grid,
                                   struct tuff_arrays *arrays, struct tuff_attentions *out_attentions);
/* After a run that wanted attentions, before the next. */
tuff_status tuff_attentions_take(struct tuff_attentions *attentions, const struct tuff_batch_view *view);
void tuff_attentions_free(struct tuff_attentions *attentions);

#endif
