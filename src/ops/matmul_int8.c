/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/matmul_int8.h"

#include <math.h>
#include <stdio.h>

#include "base/random.h"
#include "kernels/matmul_int8.h"

/* The constants of the kernel; what they mean stands in the shader. */
struct tile {
    uint32_t lanes_x, lanes_y;
    uint32_t tile_rows;
    uint32_t step;
    bool uses_shared;
};

/* 32 outputs a lane, 64 x 64 a workgroup; fewer rows where there are few. */
static struct tile tile_for(const struct tuff_device *device, uint32_t rows) {
    if (device->info.type == TUFF_DEVICE_CPU)
        return (struct tile){ .lanes_x = 16, .lanes_y = 1, .tile_rows = rows < 8 ? 1 : 8, .step = 1 };
    return (struct tile){
        .lanes_x = 16, .lanes_y = 8, .tile_rows = rows > 32 ? 8 : 2, .step = 16, .uses_shared = true
    };
}

/* Bytes are taken apart where there is no instruction for the product of four. */
static uint32_t variant_for(const struct tuff_device *device, bool is_f16) {
    uint32_t dot = is_f16 ? TUFF_MATMUL_INT8_F16_DOT : TUFF_MATMUL_INT8_F32_DOT;
    const struct tuff_kernel_variant *variant = &tuff_kernel_matmul_int8.variants[dot];
    if (variant->code && tuff_device_can(device, variant->needs))
        return dot;
    return is_f16 ? TUFF_MATMUL_INT8_F16 : TUFF_MATMUL_INT8_F32;
}

tuff_status tuff_int8_run(struct tuff_device *device, struct tuff_recording *recording,
                          const struct tuff_matmul *matmul) {
    const struct tuff_shape *x = &matmul->x->shape;
    const struct tuff_shape *y = &matmul->y->shape;
    const struct tuff_shape *weight = &matmul->weight->shape;
    const struct tile tile = tile_for(device, y->rows);
    uint32_t groups = tuff_shape_stride(x) / 4;
    struct tuff_grid grid = { tuff_divide_up(y->rows, tile.tile_rows * tile.lanes_y),
                              tuff_divide_up(tuff_padded(y->cols) / 4, tile.lanes_x), 1,
                              tuff_matmul_cost(matmul) };
    return tuff_run_matmul_int8(recording, variant_for(device, tuff_is_f16(matmul->y)), grid,
                                &(struct tuff_matmul_int8){
                                    TUFF_MATMUL_SLICES(matmul),
                                    .push = { TUFF_MATMUL_PUSH(matmul), .groups = groups,
                                              .weight_groups = tuff_shape_stride(weight) / 4,
                                              .x_scales = (uint32_t)(tuff_shape_scales(x) / 4),
                                              .weight_scales = (uint32_t)(tuff_shape_scales(weight) / 16),
                                              TUFF_MATMUL_FACTORS(matmul) },
                                    .spec = { .lanes_x = tile.lanes_x,
                                              .lanes_y = tile.lanes_y,
                                              .tile_rows = tile.tile_rows,
                                              .step = tile.step,
                                              .uses_shared = tile.uses_shared,
                                              .step_divides = groups % tile.step == 0,
                                              TUFF_MATMUL_SPEC(matmul) },
                                });
}

const char *tuff_int8_text(const struct tuff_device *device, enum tuff_type type, uint32_t rows,
                           char text[TUFF_TILE_TEXT_SIZE]) {
    const struct tile tile = tile_for(device, rows);
    const uint32_t variant = variant_for(device, type == TUFF_TYPE_F16);
    snprintf(text, TUFF_TILE_TEXT_SIZE, "int8 %s %ux1 of %ux%u lanes, step %u",
             tuff_kernel_matmul_int8.variants[variant].name, tile.tile_rows, tile.lanes_x, tile.lanes_y,
             tile.step);
    return text;
}
