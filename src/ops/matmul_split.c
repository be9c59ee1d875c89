/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/matmul_split.h"

#include <math.h>

#include "base/random.h"
#include "kernels/matmul_outer_split_sum.h"
#include "kernels/matmul_split_sum.h"
#include "ops/teams.h"

struct tuff_split tuff_split_of(uint32_t length, uint32_t step, uint32_t splits) {
    if (splits < 2)
        return (struct tuff_split){ 1, length };
    const uint32_t part = tuff_divide_up(tuff_divide_up(length, step), splits) * step;
    return (struct tuff_split){ tuff_divide_up(length, part), part };
}

struct tuff_shape tuff_matmul_split_shape(const struct tuff_matmul *matmul,
                                          const struct tuff_matmul_tile *tile) {
    const uint32_t groups = tuff_shape_stride(&matmul->x->shape) / 4;
    const uint32_t parts = tuff_split_of(groups, tile->step, tile->splits).parts;
    const bool has_variant = matmul->x->shape.type == matmul->weight->shape.type; /* with y in F32 */
    if (parts < 2 || !has_variant)
        return (struct tuff_shape){ 0 };
    return (struct tuff_shape){ .type = TUFF_TYPE_F32,
                                .rows = parts * matmul->y->shape.rows,
                                .cols = matmul->y->shape.cols };
}

struct tuff_shape tuff_outer_split_shape(const struct tuff_outer_product *product,
                                         const struct tuff_outer_tile *tile) {
    const uint32_t parts = tuff_split_of(product->z->shape.rows, tile->step, tile->splits).parts;
    if (parts < 2)
        return (struct tuff_shape){ 0 };
    return (struct tuff_shape){ .type = TUFF_TYPE_F32,
                                .layout = TUFF_LAYOUT_PANELS,
                                .rows = product->z->shape.cols,
                                .cols = parts * tuff_shape_stride(&product->x->shape) };
}

tuff_status tuff_matmul_split_sum(struct tuff_recording *recording, const struct tuff_matmul *matmul,
                                  uint32_t parts) {
    const uint32_t y_stride = tuff_shape_stride(&matmul->y->shape) / 4;
    const uint32_t variant = !tuff_is_f16(matmul->weight) ? TUFF_MATMUL_SPLIT_SUM_F32
                             : tuff_is_f16(matmul->y)     ? TUFF_MATMUL_SPLIT_SUM_F16
                                                          : TUFF_MATMUL_SPLIT_SUM_F16_WIDE;
    return tuff_run_matmul_split_sum(
        recording, variant, tuff_grid_elements(matmul->y->shape.rows, y_stride),
        &(struct tuff_matmul_split_sum){
            .parts = matmul->scratch->slice,
            .bias = tuff_slice_or(matmul->bias, matmul->scratch->slice),
            .residual = tuff_slice_or(matmul->residual, matmul->scratch->slice),
            .seed = tuff_slice_or(matmul->seed, matmul->scratch->slice),
            .y = matmul->y->slice,
            .pre = tuff_slice_or(matmul->sum, matmul->y->slice),
            .push = { TUFF_MATMUL_PUSH(matmul), .part_count = parts,
                      .y_factor = ldexpf(1, -matmul->y_exponent) },
            .spec = { .over_outputs = matmul->over_outputs, TUFF_MATMUL_SPEC(matmul) },
        });
}

tuff_status tuff_outer_split_sum(struct tuff_recording *recording, const struct tuff_outer_product *product,
                                 uint32_t parts) {
    const uint32_t x_groups = tuff_shape_stride(&product->x->shape) / 4;
    const uint32_t outputs = tuff_outer_outputs(product);
    return tuff_run_matmul_outer_split_sum(
        recording, TUFF_MATMUL_OUTER_SPLIT_SUM_F32, tuff_grid_elements(x_groups, outputs),
        &(struct tuff_matmul_outer_split_sum){
            .parts = product->scratch->slice,
            .d_weight = product->d_weight->slice,
            .push = { .part_count = parts,
                      .outputs = outputs,
                      .part_stride = tuff_padded(product->z->shape.cols),
                      .x_groups = x_groups,
                      .weight_stride = tuff_shape_stride(&product->d_weight->shape),
                      .first_output = product->first_output,
                      .accumulates = product->accumulates },
        });
}
