/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/matmul_packed.h"

#include <math.h>

#include "base/random.h"
#include "kernels/matmul_packed.h"
#include "ops/matmul_split.h"

bool tuff_packed_serves(const struct tuff_matmul *matmul) {
    return matmul->f16_arithmetic && tuff_is_f16(matmul->x) && tuff_is_f16(matmul->weight);
}

tuff_status tuff_packed_run(struct tuff_recording *recording, const struct tuff_matmul *matmul,
                            const struct tuff_matmul_tile *tile) {
    uint32_t groups = tuff_shape_stride(&matmul->x->shape) / 4;
    const struct tuff_split split = tuff_split_of(groups, tile->step, tile->splits);
    const struct tuff_grid grid = tuff_matmul_grid(matmul, tile, split.parts);
    return tuff_run_matmul_packed(
        recording, tuff_is_f16(matmul->y) ? TUFF_MATMUL_PACKED_F16 : TUFF_MATMUL_PACKED_F16_WIDE, grid,
        &(struct tuff_matmul_packed){
            TUFF_MATMUL_SLICES(matmul),
            .push = { TUFF_MATMUL_PUSH(matmul), .groups = groups,
                      .weight_stride = tuff_shape_stride(&matmul->weight->shape),
                      .split_groups = split.length, .x_scale = ldexpf(1, matmul->x_exponent),
                      .y_factor = ldexpf(1, -matmul->y_exponent) },
            .spec = { .lanes_x = tile->lanes_x,
                      .lanes_y = tile->lanes_y,
                      .tile_rows = tile->tile_rows,
                      .tile_groups = tile->tile_groups,
                      .step = tile->step,
                      .step_divides = groups % tile->step == 0,
                      .is_split = split.parts > 1,
                      .scales_x = matmul->x_exponent != 0,
                      TUFF_MATMUL_SPEC(matmul) },
        });
}
