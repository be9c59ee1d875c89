/* SPDX-License-Identifier: Apache-2.0 */
/* Labels in raw tensors: which losses of a model they ask for, and what each sequence is held against. */
#ifndef TUFF_TASK_LABELS_H
#define TUFF_TASK_LABELS_H

#include "model/loss.h"
#include "task/grid.h"

struct tuff_labels {
    uint32_t losses; /* flags; 0: no labels were given, or not all that the model's loss needs */
    uint32_t group;  /* sequences that belong together */
    struct tuff_denominators denominators;
    struct tuff_targets *targets; /* one for each sequence */
    float *numbers;
    int32_t *integers;
    const struct tuff_array *column_labels; /* (batch, length): hidden columns with a label count, too */
};

/* First step, before the grid is read: which losses. `heads` as in struct tuff_parameters. */
tuff_status tuff_labels_choose(const struct tuff_arrays *inputs, const struct tuff_config *config,
                               uint32_t heads, struct tuff_labels *out_labels);
/* Second step: reads the grid, with the hidden columns that the losses and the pooler count. */
tuff_status tuff_labels_read_grid(const struct tuff_arrays *inputs, const struct tuff_config *config,
                                  uint32_t heads, const struct tuff_labels *labels,
                                  struct tuff_grid_batch *out_grid);
/* Third step: points the grid's sequences to their targets. TUFF_ARGUMENT names the array that is wrong. */
tuff_status tuff_labels_read(const struct tuff_arrays *inputs, const struct tuff_config *config,
                             struct tuff_grid_batch *grid, struct tuff_labels *labels);
void tuff_labels_free(struct tuff_labels *labels);

#endif
