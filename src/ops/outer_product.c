/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/matmul_outer_blocks.h"
#include "kernels/matmul_outer_lanes.h"
#include "kernels/matmul_outer_tiled.h"
#include "kernels/pack_columns.h"
#include "ops/matmul.h"
#include "ops/matmul_split.h"

uint32_t tuff_outer_outputs(const struct tuff_outer_product *product) {
    uint32_t cols = product->z->shape.cols;
    return product->first_output == 0 && cols == product->d_weight->shape.rows ? tuff_padded(cols) : cols;
}

static uint64_t outer_cost(const struct tuff_outer_product *product) {
    return (uint64_t)product->z->shape.rows * product->z->shape.cols * product->x->shape.cols;
}

/* Of the kernels for PANELS. */
#define OUTER_PUSH(product)                                                                                  \
    .rows = (product)->z->shape.rows, .outputs = tuff_outer_outputs(product),                                \
    .z_groups = tuff_shape_stride(&(product)->z->shape) / 4,                                                 \
    .x_groups = tuff_shape_stride(&(product)->x->shape) / 4,                                                 \
    .weight_stride = tuff_shape_stride(&(product)->d_weight->shape),                                         \
    .first_output = (product)->first_output, .accumulates = (product)->accumulates

static tuff_status run_outer_lanes(struct tuff_recording *recording, const struct tuff_outer_product *product,
                                   uint32_t lanes) {
    uint32_t x_groups = tuff_shape_stride(&product->x->shape) / 4;
    uint32_t tile_groups = 16; /* seen: 8 and 32 take longer, the one by a third, the other by a tenth */
    while (tile_groups > x_groups)
        tile_groups /= 2;
    struct tuff_grid grid = { tuff_divide_up(x_groups, tile_groups),
                              tuff_divide_up(tuff_outer_outputs(product), 64), 1, outer_cost(product) };
    return tuff_run_matmul_outer_lanes(
        recording, 0, grid,
        &(struct tuff_matmul_outer_lanes){
            .z = product->z->slice,
            .x = product->x->slice,
            .d_weight = product->d_weight->slice,
            .push = { OUTER_PUSH(product), TUFF_ADDRESS_PUSH(z, tuff_tensor_address(product->z)),
                      TUFF_ADDRESS_PUSH(x, tuff_tensor_address(product->x)) },
            .spec = { .workgroup_size = 64, .lanes = lanes, .tile_groups = tile_groups },
        });
}

static tuff_status run_outer_tiled(struct tuff_recording *recording, const struct tuff_outer_product *product,
                                   const struct tuff_outer_tile *tile, const struct tuff_split *split) {
    uint32_t variant = !tuff_is_f16(product->x) ? 0 : tuff_is_f16(product->z) ? 1 : 2;
    uint32_t x_groups = tuff_shape_stride(&product->x->shape) / 4;
    struct tuff_grid grid = { tuff_divide_up(tuff_outer_outputs(product), 8 * tile->lanes_x),
                              tuff_divide_up(x_groups, tile->tile_groups * tile->lanes_y), split->parts,
                              outer_cost(product) };
    return tuff_run_matmul_outer_tiled(recording, variant, grid,
                                       &(struct tuff_matmul_outer_tiled){
                                           .z = product->z->slice,
                                           .x = product->x->slice,
                                           .d_weight = product->d_weight->slice,
                                           .push = { OUTER_PUSH(product), .split_rows = split->length },
                                           .spec = { .lanes_x = tile->lanes_x,
                                                     .lanes_y = tile->lanes_y,
                                                     .tile_groups = tile->tile_groups,
                                                     .step = tile->step,
                                                     .uses_shared = tile->uses_shared,
                                                     .is_split = split->parts > 1 },
                                       });
}

tuff_status tuff_outer_product_run_with(struct tuff_recording *recording,
                                        const struct tuff_outer_product *product,
                                        const struct tuff_outer_tile *tile) {
    const struct tuff_split split = tuff_split_of(product->z->shape.rows, tile->step, tile->splits);
    if (split.parts < 2)
        return run_outer_tiled(recording, product, tile, &split);
    const struct tuff_tensor sums = { .shape = { .type = TUFF_TYPE_F32,
                                                 .layout = TUFF_LAYOUT_PANELS,
                                                 .rows = product->z->shape.cols,
                                                 .cols = product->x->shape.cols },
                                      .slice = product->scratch->slice };
    TUFF_TRY(run_outer_tiled(
        recording, &(struct tuff_outer_product){ .z = product->z, .x = product->x, .d_weight = &sums }, tile,
        &split));
    return tuff_outer_split_sum(recording, product, split.parts);
}

/* ---------------------------------------------------------------- in blocks */

/* x^T, as pack_columns.comp leaves it. */
static struct tuff_shape packed_shape(const struct tuff_outer_product *product) {
    return (struct tuff_shape){ .type = TUFF_TYPE_F32,
                                .layout = TUFF_LAYOUT_BLOCKS,
                                .rows = product->x->shape.cols,
                                .cols = product->x->shape.rows };
}

static tuff_status pack(struct tuff_recording *recording, const struct tuff_tensor *x,
                        const struct tuff_tensor *packed, uint32_t lanes) {
    enum { SUBGROUPS = 2, PART = 8 /* rows */, RUN = 8 /* blocks, as in the shader */ };
    const uint32_t rows = tuff_shape_stride(&packed->shape), cols = x->shape.cols;
    const struct tuff_grid grid = { tuff_divide_up(rows, PART),
                                    tuff_divide_up(cols, SUBGROUPS * RUN * TUFF_BLOCK_ROWS), 1,
                                    (uint64_t)rows * cols };
    return tuff_run_pack_columns(recording, TUFF_PACK_COLUMNS_F32, grid,
                                 &(struct tuff_pack_columns){
                                     .x = x->slice,
                                     .y = packed->slice,
                                     .push = { .rows = x->shape.rows,
                                               .cols = cols,
                                               .y_stride = rows,
                                               TUFF_ADDRESS_PUSH(x, tuff_tensor_address(x)) },
                                     .spec = { .workgroup_size = SUBGROUPS * lanes, .lanes = lanes },
                                 });
}

static tuff_status multiply(struct tuff_recording *recording, const struct tuff_outer_product *product,
                            const struct tuff_tensor *x, uint32_t lanes) {
    const uint32_t subgroups = 2;
    const struct tuff_tensor *z = product->z, *d_weight = product->d_weight;
    const uint32_t outputs = z->shape.rows, inputs = x->shape.rows;
    const uint32_t x_blocks = inputs >= 2 * TUFF_BLOCK_ROWS ? 2 : 1;
    const uint32_t z_blocks = lanes == 16 && outputs % (2 * TUFF_BLOCK_ROWS) == 0 ? 2 : 1;
    const struct tuff_grid grid = { tuff_divide_up(inputs, x_blocks * TUFF_BLOCK_ROWS),
                                    tuff_divide_up(outputs, subgroups * z_blocks * TUFF_BLOCK_ROWS), 1,
                                    outer_cost(product) };
    return tuff_run_matmul_outer_blocks(
        recording, TUFF_MATMUL_OUTER_BLOCKS_F32, grid,
        &(struct tuff_matmul_outer_blocks){
            .z = z->slice,
            .x = x->slice,
            .d_weight = d_weight->slice,
            .push = { .rows = tuff_shape_stride(&z->shape),
                      .outputs = outputs,
                      .x_cols = inputs,
                      .accumulates = product->accumulates,
                      TUFF_ADDRESS_PUSH(z, tuff_tensor_address(z)),
                      TUFF_ADDRESS_PUSH(x, tuff_tensor_address(x)),
                      TUFF_ADDRESS_PUSH(d_weight, tuff_tensor_address(d_weight)) },
            .spec = { .workgroup_size = subgroups * lanes,
                      .lanes = lanes,
                      .x_blocks = x_blocks,
                      .z_blocks = z_blocks,
                      .inputs = lanes / 2 },
        });
}

static tuff_status run_outer_blocks(struct tuff_recording *recording,
                                    const struct tuff_outer_product *product, uint32_t lanes) {
    if (!product->scratch)
        return tuff_fail(TUFF_ARGUMENT, "an outer product in blocks has no scratch memory");
    const struct tuff_tensor x = { .shape = packed_shape(product), .slice = product->scratch->slice };
    TUFF_TRY(pack(recording, product->x, &x, lanes));
    return multiply(recording, product, &x, lanes);
}

/* ---------------------------------------------------------------- the choice */

static struct tuff_outer_tile outer_tile_for(const struct tuff_device *device,
                                             const struct tuff_outer_product *product) {
    return tuff_outer_tile_for(device, product->z->shape.rows, product->z->shape.cols,
                               tuff_shape_stride(&product->x->shape) / 4);
}

struct tuff_shape tuff_outer_scratch(const struct tuff_device *device,
                                     const struct tuff_outer_product *product) {
    if (product->d_weight->shape.layout == TUFF_LAYOUT_BLOCKS)
        return packed_shape(product);
    const struct tuff_outer_tile tile = outer_tile_for(device, product);
    return tuff_outer_split_shape(product, &tile);
}

tuff_status tuff_outer_product_run(struct tuff_device *device, struct tuff_recording *recording,
                                   const struct tuff_outer_product *product) {
    const uint32_t lanes = device->limits.subgroup_size;
    if (product->d_weight->shape.layout == TUFF_LAYOUT_BLOCKS)
        return run_outer_blocks(recording, product, lanes);
    if (tuff_matmul_uses_lanes(device, product->x->shape.type) &&
        tuff_shape_stride(&product->z->shape) >= lanes)
        return run_outer_lanes(recording, product, lanes);
    struct tuff_outer_tile tile = outer_tile_for(device, product);
    const struct tuff_shape wanted = tuff_outer_split_shape(product, &tile);
    if (!tuff_has_room(product->scratch, &wanted))
        tile.splits = 0;
    return tuff_outer_product_run_with(recording, product, &tile);
}
