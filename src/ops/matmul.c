/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/matmul.h"

#include <math.h>

#include "base/random.h"
#include "kernels/matmul_blocks.h"
#include "kernels/matmul_broadcast.h"
#include "kernels/matmul_lanes.h"
#include "kernels/matmul_subgroup.h"
#include "kernels/matmul_tiled.h"
#include "ops/matmul_coopmat.h"
#include "ops/matmul_int8.h"
#include "ops/matmul_packed.h"
#include "ops/matmul_split.h"

enum { HAS_BIAS = 1, HAS_RESIDUAL = 2 };                                    /* as in the shaders */
enum { VARIANT_F32, VARIANT_F16, VARIANT_F16_WIDE, VARIANT_F16_WIDEINPUT }; /* of matmul_tiled */

uint32_t tuff_matmul_flags(const struct tuff_matmul *matmul) {
    return (matmul->bias ? HAS_BIAS : 0) | (matmul->residual ? HAS_RESIDUAL : 0);
}

uint32_t tuff_matmul_groups(const struct tuff_matmul *matmul) {
    const struct tuff_shape *x = &matmul->x->shape;
    return (x->layout == TUFF_LAYOUT_BLOCKS ? x->rows : tuff_shape_stride(x)) / 4;
}

uint64_t tuff_matmul_cost(const struct tuff_matmul *matmul) {
    return (uint64_t)matmul->y->shape.rows * matmul->y->shape.cols * tuff_matmul_groups(matmul) * 4;
}

struct tuff_grid tuff_matmul_grid(const struct tuff_matmul *matmul, const struct tuff_matmul_tile *tile,
                                  uint32_t parts) {
    const struct tuff_shape *y = &matmul->y->shape;
    return (struct tuff_grid){ tuff_divide_up(y->rows, tile->tile_rows * tile->lanes_y),
                               tuff_divide_up(tuff_padded(y->cols) / 4, tile->tile_groups * tile->lanes_x),
                               parts, tuff_matmul_cost(matmul) };
}

/* Of the kernels that read by address. */
#define MATMUL_ADDRESSES(matmul)                                                                             \
    TUFF_ADDRESS_PUSH(x, tuff_tensor_address((matmul)->x)),                                                  \
        TUFF_ADDRESS_PUSH(weight, tuff_tensor_address((matmul)->weight)),                                    \
        TUFF_ADDRESS_PUSH(residual, tuff_tensor_address((matmul)->residual))

static tuff_status run_lanes(struct tuff_recording *recording, const struct tuff_matmul *matmul,
                             const struct tuff_matmul_tile *tile) {
    const struct tuff_shape *y = &matmul->y->shape;
    uint32_t block_cols = tile->lanes_x * tile->lanes_y;
    struct tuff_grid grid = { tuff_divide_up(y->rows, tile->tile_rows),
                              tuff_divide_up(tuff_padded(y->cols), block_cols), 1, tuff_matmul_cost(matmul) };
    return tuff_run_matmul_lanes(
        recording, 0, grid,
        &(struct tuff_matmul_lanes){
            TUFF_MATMUL_SLICES(matmul),
            .push = { TUFF_MATMUL_PUSH(matmul), .groups = tuff_matmul_groups(matmul),
                      .weight_stride = tuff_shape_stride(&matmul->weight->shape), MATMUL_ADDRESSES(matmul) },
            .spec = { .workgroup_size = block_cols,
                      .lanes = tile->lanes_x,
                      .tile_rows = tile->tile_rows,
                      .block_rows = tile->tile_rows < 2 * tile->step ? tile->tile_rows : 2 * tile->step,
                      .turn = tile->step,
                      .over_outputs = matmul->over_outputs,
                      TUFF_MATMUL_SPEC(matmul) },
        });
}

static tuff_status run_blocks(struct tuff_recording *recording, const struct tuff_matmul *matmul,
                              const struct tuff_matmul_tile *tile) {
    const struct tuff_shape *y = &matmul->y->shape, *x = &matmul->x->shape;
    const bool is_x_in_blocks = x->layout == TUFF_LAYOUT_BLOCKS;
    const uint32_t block_size = TUFF_BLOCK_ROWS * sizeof(float), x_stride = tuff_shape_stride(x);
    struct tuff_grid grid = { tuff_divide_up(y->rows, tile->tile_rows),
                              tuff_divide_up(y->cols, TUFF_BLOCK_ROWS * tile->tile_groups * tile->lanes_y), 1,
                              tuff_matmul_cost(matmul) };
    return tuff_run_matmul_blocks(
        recording, 0, grid,
        &(struct tuff_matmul_blocks){
            TUFF_MATMUL_SLICES(matmul),
            .push = { .rows = y->rows,
                      .cols = y->cols,
                      TUFF_MATMUL_EPILOGUE(matmul),
                      .groups = tuff_matmul_groups(matmul),
                      .x_row_step = is_x_in_blocks ? block_size : x_stride * (uint32_t)sizeof(float),
                      .x_block_step = is_x_in_blocks ? block_size * x_stride : block_size,
                      MATMUL_ADDRESSES(matmul) },
            .spec = { .workgroup_size = tile->lanes_x * tile->lanes_y,
                      .lanes = tile->lanes_x,
                      .tile_rows = tile->tile_rows,
                      .block_rows = tile->tile_rows < tile->lanes_x / 2 ? tile->tile_rows : tile->lanes_x / 2,
                      .turn = tile->step,
                      .blocks = tile->tile_groups,
                      TUFF_MATMUL_SPEC(matmul) },
        });
}

/* Of matmul_tiled, matmul_broadcast and matmul_subgroup. */
static uint32_t tiled_variant(const struct tuff_matmul *matmul) {
    if (!tuff_is_f16(matmul->weight))
        return VARIANT_F32;
    if (!tuff_is_f16(matmul->x))
        return VARIANT_F16_WIDEINPUT;
    return tuff_is_f16(matmul->y) ? VARIANT_F16 : VARIANT_F16_WIDE;
}

static tuff_status run_tiled(struct tuff_recording *recording, const struct tuff_matmul *matmul,
                             const struct tuff_matmul_tile *tile) {
    uint32_t groups = tuff_matmul_groups(matmul);
    const struct tuff_split split = tuff_split_of(groups, tile->step, tile->splits);
    const struct tuff_grid grid = tuff_matmul_grid(matmul, tile, split.parts);
    return tuff_run_matmul_tiled(
        recording, tiled_variant(matmul), grid,
        &(struct tuff_matmul_tiled){
            TUFF_MATMUL_SLICES(matmul),
            .push = { TUFF_MATMUL_PUSH(matmul), .groups = groups,
                      .weight_stride = tuff_shape_stride(&matmul->weight->shape), .turn = tile->step,
                      .split_groups = split.length, TUFF_MATMUL_FACTORS(matmul) },
            .spec = { .lanes_x = tile->lanes_x,
                      .lanes_y = tile->lanes_y,
                      .tile_rows = tile->tile_rows,
                      .tile_groups = tile->tile_groups,
                      .step = tile->step,
                      .uses_shared = tile->uses_shared,
                      .step_divides = groups % tile->step == 0,
                      .rolls = tile->rolls,
                      .is_split = split.parts > 1,
                      .over_outputs = matmul->over_outputs,
                      TUFF_MATMUL_SPEC(matmul) },
        });
}

static tuff_status run_broadcast(struct tuff_recording *recording, const struct tuff_matmul *matmul,
                                 const struct tuff_matmul_tile *tile) {
    const struct tuff_grid grid = tuff_matmul_grid(matmul, tile, 1); /* of one row of lanes */
    return tuff_run_matmul_broadcast(
        recording, tiled_variant(matmul), grid,
        &(struct tuff_matmul_broadcast){
            TUFF_MATMUL_SLICES(matmul),
            .push = { TUFF_MATMUL_PUSH(matmul), .groups = tuff_matmul_groups(matmul),
                      .weight_stride = tuff_shape_stride(&matmul->weight->shape),
                      TUFF_MATMUL_FACTORS(matmul) },
            .spec = { .lanes = tile->lanes_x,
                      .tile_rows = tile->tile_rows,
                      .tile_groups = tile->tile_groups,
                      .over_outputs = matmul->over_outputs,
                      TUFF_MATMUL_SPEC(matmul) },
        });
}

static tuff_status run_subgroup(struct tuff_recording *recording, const struct tuff_matmul *matmul,
                                const struct tuff_matmul_tile *tile) {
    uint32_t groups = tuff_matmul_groups(matmul);
    const struct tuff_split split = tuff_split_of(groups, tile->step, tile->splits);
    const struct tuff_grid grid = tuff_matmul_grid(matmul, tile, split.parts);
    return tuff_run_matmul_subgroup(recording, tiled_variant(matmul), grid,
                                    &(struct tuff_matmul_subgroup){
                                        TUFF_MATMUL_SLICES(matmul),
                                        .push = { TUFF_MATMUL_PUSH(matmul), .groups = groups,
                                                  .weight_stride = tuff_shape_stride(&matmul->weight->shape),
                                                  .split_groups = split.length, TUFF_MATMUL_FACTORS(matmul) },
                                        .spec = { .workgroup_size = tile->lanes_x * tile->lanes_y,
                                                  .subgroup_size = tile->subgroup_size,
                                                  .lanes_x = tile->lanes_x,
                                                  .tile_rows = tile->tile_rows,
                                                  .tile_groups = tile->tile_groups,
                                                  .step = tile->step,
                                                  .is_split = split.parts > 1,
                                                  TUFF_MATMUL_SPEC(matmul) },
                                    });
}

static tuff_status run_kernel(struct tuff_recording *recording, const struct tuff_matmul *matmul,
                              const struct tuff_matmul_tile *tile) {
    if (tile->kernel == TUFF_MATMUL_BROADCAST)
        return run_broadcast(recording, matmul, tile);
    if (tile->kernel == TUFF_MATMUL_BLOCKS)
        return run_blocks(recording, matmul, tile);
    if (tile->kernel == TUFF_MATMUL_LANES)
        return run_lanes(recording, matmul, tile);
    if (tile->kernel == TUFF_MATMUL_SUBGROUP)
        return run_subgroup(recording, matmul, tile);
    if (tile->kernel == TUFF_MATMUL_PACKED)
        return tuff_packed_run(recording, matmul, tile);
    return run_tiled(recording, matmul, tile);
}

tuff_status tuff_matmul_run_with(struct tuff_recording *recording, const struct tuff_matmul *matmul,
                                 const struct tuff_matmul_tile *tile) {
    const struct tuff_shape *y = &matmul->y->shape;
    const uint32_t parts = tuff_matmul_split_shape(matmul, tile).rows / y->rows;
    if (parts < 2) {
        struct tuff_matmul_tile whole = *tile;
        whole.splits = 0;
        return run_kernel(recording, matmul, &whole);
    }
    const struct tuff_tensor sums = { .shape = { .type = TUFF_TYPE_F32, .rows = y->rows, .cols = y->cols },
                                      .slice = matmul->scratch->slice };
    TUFF_TRY(run_kernel(recording,
                        &(struct tuff_matmul){ .x = matmul->x,
                                               .weight = matmul->weight,
                                               .y = &sums,
                                               .first_output = matmul->first_output,
                                               .x_exponent = matmul->x_exponent,
                                               .over_outputs = matmul->over_outputs },
                        tile));
    return tuff_matmul_split_sum(recording, matmul, parts);
}

/* NULL: another kernel. */
static const struct tuff_matrix_shape *matrix_shape_for(const struct tuff_device *device,
                                                        const struct tuff_matmul *matmul) {
    const enum tuff_type type = matmul->weight->shape.type;
    return matmul->x->shape.type == type ? tuff_coopmat_for(device, type, matmul->y->shape.rows) : NULL;
}

static struct tuff_matmul_tile tile_for(const struct tuff_device *device, const struct tuff_matmul *matmul) {
    const struct tuff_product product = { .type = matmul->weight->shape.type,
                                          .layout = matmul->weight->shape.layout,
                                          .rows = matmul->y->shape.rows,
                                          .cols = matmul->y->shape.cols,
                                          .groups = tuff_matmul_groups(matmul),
                                          .over_outputs = matmul->over_outputs };
    if (tuff_packed_serves(matmul))
        return tuff_matmul_packed_tile(device, &product);
    return tuff_matmul_tile_for(device, &product);
}

struct tuff_shape tuff_matmul_scratch(const struct tuff_device *device, const struct tuff_matmul *matmul) {
    if (matmul->weight->shape.type == TUFF_TYPE_I8 || matrix_shape_for(device, matmul))
        return (struct tuff_shape){ 0 };
    const struct tuff_matmul_tile tile = tile_for(device, matmul);
    return tuff_matmul_split_shape(matmul, &tile);
}

bool tuff_has_room(const struct tuff_tensor *scratch, const struct tuff_shape *wanted) {
    return scratch && tuff_shape_size(wanted) <= scratch->slice.size;
}

tuff_status tuff_matmul_run(struct tuff_device *device, struct tuff_recording *recording,
                            const struct tuff_matmul *matmul) {
    const struct tuff_matrix_shape *matrices = matrix_shape_for(device, matmul);
    if (matrices)
        return tuff_coopmat_run(device, recording, matmul, matrices);
    if (matmul->weight->shape.type == TUFF_TYPE_I8)
        return tuff_int8_run(device, recording, matmul);
    struct tuff_matmul_tile tile = tile_for(device, matmul);
    const struct tuff_shape wanted = tuff_matmul_split_shape(matmul, &tile);
    if (!tuff_has_room(matmul->scratch, &wanted))
        tile.splits = 0;
    return tuff_matmul_run_with(recording, matmul, &tile);
}
