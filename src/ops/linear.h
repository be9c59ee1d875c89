/* SPDX-License-Identifier: Apache-2.0 */
/* The places of linear's tensors (ops/linear.c), and its backward pass. */
#ifndef TUFF_OPS_LINEAR_H
#define TUFF_OPS_LINEAR_H

#include "ops/op.h"

enum { TUFF_LINEAR_X, TUFF_LINEAR_WEIGHT, TUFF_LINEAR_BIAS, TUFF_LINEAR_RESIDUAL, TUFF_LINEAR_SEED };
enum { TUFF_LINEAR_Y, TUFF_LINEAR_SUM };

/* ops/linear_backward.c */
tuff_status tuff_linear_backward(struct tuff_device *device, struct tuff_recording *recording,
                                 const struct tuff_node *node);
struct tuff_shape tuff_linear_backward_scratch(const struct tuff_device *device,
                                               const struct tuff_node *node);

#endif
