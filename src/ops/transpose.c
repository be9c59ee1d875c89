/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/transpose.h"

#include "kernels/transpose.h"
#include "ops/matmul.h"
#include "ops/teams.h"

struct tuff_shape tuff_transposed_shape(const struct tuff_shape *shape) {
    struct tuff_shape transposed = *shape;
    transposed.rows = shape->cols;
    transposed.cols = shape->rows;
    return transposed;
}

tuff_status tuff_transpose_record(struct tuff_device *device, struct tuff_recording *recording,
                                  const struct tuff_tensor *weight) {
    enum { SUBGROUPS = 4 };
    const uint32_t lanes = device->limits.subgroup_size;
    const uint32_t squares = weight->shape.rows / TUFF_BLOCK_ROWS * (weight->shape.cols / TUFF_BLOCK_ROWS);
    const struct tuff_grid grid =
        tuff_grid_line(tuff_divide_up(squares, SUBGROUPS), (uint64_t)weight->shape.rows * weight->shape.cols);
    return tuff_run_transpose(recording, TUFF_TRANSPOSE_F32, grid,
                              &(struct tuff_transpose){
                                  .x = weight->slice,
                                  .y = weight->transposed->slice,
                                  .push = { .rows = weight->shape.rows,
                                            .cols = weight->shape.cols,
                                            TUFF_ADDRESS_PUSH(x, tuff_tensor_address(weight)) },
                                  .spec = { .workgroup_size = SUBGROUPS * lanes, .lanes = lanes },
                              });
}
