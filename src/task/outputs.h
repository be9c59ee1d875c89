/* SPDX-License-Identifier: Apache-2.0 */
/* The logits of all features, and what they mean for each example. */
#ifndef TUFF_TASK_OUTPUTS_H
#define TUFF_TASK_OUTPUTS_H

#include "task/task.h"

struct tuff_outputs {
    float *values;
    size_t *first; /* of each sequence: where its rows begin; one row, or one for each token */
    uint32_t columns;
};

/* Runs all sequences of the features, without dropout. */
tuff_status tuff_outputs_compute(struct tuff_runner *runner, const struct tuff_task_spec *spec,
                                 const struct tuff_feature_set *features, struct tuff_outputs *out_outputs);
void tuff_outputs_free(struct tuff_outputs *outputs);

/* The logits of a sequence's row. */
const float *tuff_outputs_row(const struct tuff_outputs *outputs, size_t sequence, size_t row);
/* The largest of `count` values; the first of equal ones. */
uint32_t tuff_outputs_best(const float *values, uint32_t count);

#endif
