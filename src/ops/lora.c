/* SPDX-License-Identifier: Apache-2.0 */
/* The adapters' kernels, recorded for a model's matrices; and the op `lora`, by which they are checked and listed:
 *
 *   inputs   0 base F32 (rows, cols) in PANELS   1 a F32 (parts * lora_rows, cols)   2 b F32 (rows, rank)
 *   outputs  0 w F32 (rows, cols) in PANELS
 *
 * Backward uses a and b, and stores its gradients: it runs once for a step, on the sum of d_w. */
#include "ops/lora.h"

#include "base/memory.h"
#include "kernels/lora_backward_a.h"
#include "kernels/lora_backward_b.h"
#include "kernels/lora_merge.h"
#include "ops/check.h"
#include "ops/expect.h"
#include "ops/teams.h"

enum { ELEMENTS_WORKGROUP = 64 /* the default in lora_merge.comp and lora_backward_b.comp */ };

uint32_t tuff_lora_rows(uint32_t rank) {
    return tuff_divide_up(rank, 4) * 4;
}

static uint32_t col_groups_of(const struct tuff_lora_matrix *matrix) {
    return tuff_padded(matrix->w.shape.cols) / 4;
}

static uint32_t rank_groups_of(const struct tuff_lora_matrix *matrix) {
    return tuff_lora_rows(matrix->b.shape.cols) / 4;
}

static struct tuff_grid grid_for(uint32_t invocations) {
    return tuff_grid_line(tuff_divide_up(invocations, ELEMENTS_WORKGROUP), (uint64_t)invocations * 4);
}

/* The push constants, which the three kernels have in common. */
#define SIZES_OF(matrix)                                                                                     \
    {                                                                                                        \
        .rows = (matrix)->w.shape.rows, .row_stride = tuff_shape_stride(&(matrix)->w.shape),                 \
        .part_rows = (matrix)->w.shape.rows / (matrix)->parts, .col_groups = col_groups_of(matrix),          \
        .rank_groups = rank_groups_of(matrix), .b_stride = tuff_shape_stride(&(matrix)->b.shape) / 4,        \
        .scale = (matrix)->scale                                                                             \
    }

tuff_status tuff_lora_record_merge(struct tuff_recording *recording, const struct tuff_lora_matrix *matrix) {
    const uint32_t row_stride = tuff_shape_stride(&matrix->w.shape);
    return tuff_run_lora_merge(recording, TUFF_LORA_MERGE_F32, grid_for(row_stride * col_groups_of(matrix)),
                               &(struct tuff_lora_merge){
                                   .base = matrix->base.slice,
                                   .a = matrix->a.slice,
                                   .b = matrix->b.slice,
                                   .w = matrix->w.slice,
                                   .push = SIZES_OF(matrix),
                               });
}

static tuff_status record_a(struct tuff_device *device, struct tuff_recording *recording,
                            const struct tuff_lora_matrix *matrix) {
    const uint32_t part_rows = matrix->w.shape.rows / matrix->parts;
    const uint32_t tasks = matrix->parts * tuff_lora_rows(matrix->b.shape.cols) * col_groups_of(matrix);
    const struct tuff_teams teams = tuff_teams_for(device, tasks, part_rows * 4);
    return tuff_run_lora_backward_a(recording, teams.uses_subgroups, teams.grid,
                                    &(struct tuff_lora_backward_a){
                                        .d_w = matrix->d_w.slice,
                                        .b = matrix->b.slice,
                                        .d_a = matrix->d_a.slice,
                                        .push = SIZES_OF(matrix),
                                        .spec = { .workgroup_size = teams.workgroup_size,
                                                  .team_size = teams.team_size,
                                                  .rows_per_workgroup = teams.rows_per_workgroup },
                                    });
}

static tuff_status record_b(struct tuff_recording *recording, const struct tuff_lora_matrix *matrix) {
    const uint32_t row_stride = tuff_shape_stride(&matrix->w.shape);
    return tuff_run_lora_backward_b(recording, TUFF_LORA_BACKWARD_B_F32,
                                    grid_for(row_stride * rank_groups_of(matrix)),
                                    &(struct tuff_lora_backward_b){
                                        .d_w = matrix->d_w.slice,
                                        .a = matrix->a.slice,
                                        .d_b = matrix->d_b.slice,
                                        .push = SIZES_OF(matrix),
                                    });
}

tuff_status tuff_lora_record_backward(struct tuff_device *device, struct tuff_recording *recording,
                                      const struct tuff_lora_matrix *matrix) {
    TUFF_TRY(record_a(device, recording, matrix));
    return record_b(recording, matrix);
}

/* ---------------------------------------------------------------- the op */

static tuff_status shape(const struct tuff_device *device, const struct tuff_node *node,
                         struct tuff_shape outputs[TUFF_MAX_OUTPUTS]) {
    (void)device;
    TUFF_TRY(tuff_expect(node, 0, "base", TUFF_TYPE_F32, 0, 0));
    const struct tuff_shape *base = &node->inputs[0]->shape;
    const uint32_t parts = node->params.lora.parts;
    if (base->layout != TUFF_LAYOUT_PANELS || base->rows % parts)
        return tuff_fail(TUFF_ARGUMENT, "lora: base needs panels, and rows for %u adapters", parts);
    TUFF_TRY(tuff_expect(node, 2, "b", TUFF_TYPE_F32, base->rows, 0));
    TUFF_TRY(tuff_expect(node, 1, "a", TUFF_TYPE_F32, parts * tuff_lora_rows(node->inputs[2]->shape.cols),
                         base->cols));
    outputs[0] = *base;
    return TUFF_OK;
}

static struct tuff_lora_matrix matrix_of(const struct tuff_node *node) {
    return (struct tuff_lora_matrix){ .base = *node->inputs[0],
                                      .a = *node->inputs[1],
                                      .b = *node->inputs[2],
                                      .w = *node->outputs[0],
                                      .parts = node->params.lora.parts,
                                      .scale = node->params.lora.scale };
}

static struct tuff_lora_matrix trained_matrix_of(const struct tuff_node *node) {
    struct tuff_lora_matrix matrix = matrix_of(node);
    matrix.d_w = *node->d_outputs[0];
    matrix.d_a = *node->d_inputs[1];
    matrix.d_b = *node->d_inputs[2];
    return matrix;
}

static tuff_status forward(struct tuff_device *device, struct tuff_recording *recording,
                           const struct tuff_node *node) {
    const struct tuff_lora_matrix matrix = matrix_of(node);
    (void)device;
    return tuff_lora_record_merge(recording, &matrix);
}

static tuff_status backward(struct tuff_device *device, struct tuff_recording *recording,
                            const struct tuff_node *node) {
    const struct tuff_lora_matrix matrix = trained_matrix_of(node);
    return tuff_lora_record_backward(device, recording, &matrix);
}

/* ---------------------------------------------------------------- reference */

/* The row of a that belongs to a row of w and a rank. */
static size_t row_of_a(const struct tuff_lora_matrix *matrix, uint32_t row, uint32_t k) {
    const uint32_t part = row / (matrix->w.shape.rows / matrix->parts);
    return (size_t)part * tuff_lora_rows(matrix->b.shape.cols) + k;
}

static void reference_forward(const struct tuff_node *node) {
    const struct tuff_lora_matrix matrix = matrix_of(node);
    const uint32_t cols = matrix.w.shape.cols;
    const uint32_t rank = matrix.b.shape.cols;
    for (uint32_t row = 0; row < matrix.w.shape.rows; row++)
        for (uint32_t col = 0; col < cols; col++) {
            double sum = 0;
            for (uint32_t k = 0; k < rank; k++)
                sum += matrix.b.reference[(size_t)row * rank + k] *
                       matrix.a.reference[row_of_a(&matrix, row, k) * cols + col];
            matrix.w.reference[(size_t)row * cols + col] =
                matrix.base.reference[(size_t)row * cols + col] + (double)matrix.scale * sum;
        }
}

static void reference_backward(const struct tuff_node *node) {
    const struct tuff_lora_matrix matrix = trained_matrix_of(node);
    const uint32_t cols = matrix.w.shape.cols;
    const uint32_t rank = matrix.b.shape.cols;
    for (uint32_t row = 0; row < matrix.w.shape.rows; row++)
        for (uint32_t k = 0; k < rank; k++) {
            const size_t a = row_of_a(&matrix, row, k) * cols;
            const double b = matrix.b.reference[(size_t)row * rank + k];
            double sum = 0;
            for (uint32_t col = 0; col < cols; col++) {
                const double d = (double)matrix.scale * matrix.d_w.reference[(size_t)row * cols + col];
                sum += d * matrix.a.reference[a + col];
                matrix.d_a.reference[a + col] += d * b;
            }
            matrix.d_b.reference[(size_t)row * rank + k] += sum;
        }
}

/* ---------------------------------------------------------------- checks */

/* The rows of a beyond an adapter's rank are zeros. */
static tuff_status clear_padding(struct tuff_case *check_case, struct tuff_tensor *a, uint32_t rank) {
    const size_t count = (size_t)a->shape.rows * a->shape.cols;
    float *values = NULL;
    TUFF_TRY(tuff_alloc(count, sizeof *values, &values));
    for (size_t i = 0; i < count; i++) {
        if (i / a->shape.cols % tuff_lora_rows(rank) >= rank)
            a->reference[i] = 0;
        values[i] = (float)a->reference[i];
    }
    tuff_status status = tuff_tensor_upload(check_case->device, a, values);
    tuff_free(values);
    return status;
}

/* numbers: rows, cols, rank, adapters. */
static tuff_status make(struct tuff_case *check_case, struct tuff_node *node, const uint32_t *numbers) {
    const uint32_t rows = numbers[0], cols = numbers[1], rank = numbers[2], parts = numbers[3];
    node->params.lora.parts = parts;
    node->params.lora.scale = 0.75f;
    TUFF_TRY(
        tuff_case_random(check_case, TUFF_TYPE_F32, TUFF_LAYOUT_PANELS, rows, cols, 1, &node->inputs[0]));
    TUFF_TRY(tuff_case_random(check_case, TUFF_TYPE_F32, TUFF_LAYOUT_ROWS, parts * tuff_lora_rows(rank), cols,
                              1, &node->inputs[1]));
    TUFF_TRY(tuff_case_random(check_case, TUFF_TYPE_F32, TUFF_LAYOUT_ROWS, rows, rank, 1, &node->inputs[2]));
    return clear_padding(check_case, node->inputs[1], rank);
}

static const uint32_t check_shapes[][8] = { { 31, 7, 3, 1 }, { 96, 65, 5, 3 }, { 17, 768, 16, 1 }, { 0 } };

const struct tuff_op tuff_op_lora = {
    .name = "lora",
    .shape = shape,
    .forward = forward,
    .backward = backward,
    .reference_forward = reference_forward,
    .reference_backward = reference_backward,
    .constant_inputs = 1u << 0, /* what adapters adapt is not trained */
    .parameter_inputs = 1u << 1 | 1u << 2,
    .stored_inputs = 1u << 1 | 1u << 2,
    .make = make,
    .check_shapes = check_shapes,
    .tolerance_f32 = 4e-6,
    .tolerance_f16 = 4e-6, /* F32 whatever the storage type */
};
