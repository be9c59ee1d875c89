/* SPDX-License-Identifier: Apache-2.0 */
/* The folder of a model that is measured: one that is opened, or one with the sizes of a known model and random
 * weights, which lies in memory alone. */
#ifndef TUFF_TASK_BENCH_MODEL_H
#define TUFF_TASK_BENCH_MODEL_H

#include "model/folder.h"

/* What the parameters of a random model point to; it outlives their upload. */
struct tuff_bench_weights {
    float *values;
    struct tuff_tensor_view *views;
};

/* Exactly one of `model` and `shape` is given. Close the folder, then free the weights. */
tuff_status tuff_bench_folder_open(const char *model, const char *shape, const struct tuff_log *log,
                                   struct tuff_folder *out_folder, struct tuff_bench_weights *out_weights);
void tuff_bench_weights_free(struct tuff_bench_weights *weights);

#endif
