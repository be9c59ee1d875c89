/* SPDX-License-Identifier: Apache-2.0 */
/* How far a model's results are from the plain C reference, at the batch that is timed. */
#ifndef TUFF_TASK_BENCH_CHECK_H
#define TUFF_TASK_BENCH_CHECK_H

#include "model/run.h"

/* The largest difference of the first sentence's hidden states, relative to the largest value of the reference, after as
 * many layers as the reference computes in a few seconds, one at least. The sentences are run together, as many as one
 * batch takes. */
tuff_status tuff_bench_error(struct tuff_runner *runner, const struct tuff_sequence *sequences,
                             uint32_t count, double *out_error);

#endif
