/* SPDX-License-Identifier: Apache-2.0 */
/* The second copy of a weight in BLOCKS, by which gradients of inputs are multiplied as fast as outputs are. */
#ifndef TUFF_OPS_TRANSPOSE_H
#define TUFF_OPS_TRANSPOSE_H

#include "ops/tensor.h"

struct tuff_recording;

/* Whether a weight of this shape, in BLOCKS, can have one. */
static inline bool tuff_can_transpose(const struct tuff_shape *shape) {
    return shape->layout == TUFF_LAYOUT_BLOCKS && shape->cols % TUFF_BLOCK_ROWS == 0;
}

/* The shape of the copy. */
struct tuff_shape tuff_transposed_shape(const struct tuff_shape *shape);
/* Appends what writes weight->transposed. */
tuff_status tuff_transpose_record(struct tuff_device *device, struct tuff_recording *recording,
                                  const struct tuff_tensor *weight);

#endif
