/* SPDX-License-Identifier: Apache-2.0 */
/* Outputs of a head to probabilities. */
#ifndef TUFF_TASK_SOFTMAX_H
#define TUFF_TASK_SOFTMAX_H

#include <stddef.h>

/* exp(x) / sum of exp(x), in place; the sum is of doubles. */
void tuff_softmax(float *values, size_t count);

#endif
