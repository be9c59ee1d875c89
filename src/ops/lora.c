/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/lora.h"

#include "kernels/lora_backward_a.h"
#include "kernels/lora_backward_b.h"
#include "kernels/lora_merge.h"
#include "ops/teams.h"

enum { ELEMENTS_WORKGROUP = 64 /* the default in lora_merge.comp and lora_backward_b.comp */ };

static uint32_t divide_up(uint32_t a, uint32_t b) {
    return a / b + (a % b != 0);
}

uint32_t tuff_lora_rows(uint32_t rank) {
    return divide_up(rank, 4) * 4;
}

static uint32_t col_groups_of(const struct tuff_lora_matrix *matrix) {
    return tuff_padded(matrix->w.shape.cols) / 4;
}

static uint32_t rank_groups_of(const struct tuff_lora_matrix *matrix) {
    return tuff_lora_rows(matrix->b.shape.cols) / 4;
}

static struct tuff_grid grid_for(uint32_t invocations) {
    return tuff_grid_line(divide_up(invocations, ELEMENTS_WORKGROUP), (uint64_t)invocations * 4);
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
    const uint32_t tasks = matrix->parts * rank_groups_of(matrix) * col_groups_of(matrix);
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

/* ---------------------------------------------------------------- reference */

/* The row of a that belongs to a row of w and a rank. */
static size_t row_of_a(const struct tuff_lora_matrix *matrix, uint32_t row, uint32_t k) {
    const uint32_t part = row / (matrix->w.shape.rows / matrix->parts);
    return (size_t)part * tuff_lora_rows(matrix->b.shape.cols) + k;
}

void tuff_lora_reference_merge(const struct tuff_lora_matrix *matrix) {
    const uint32_t cols = matrix->w.shape.cols;
    const uint32_t rank = matrix->b.shape.cols;
    for (uint32_t row = 0; row < matrix->w.shape.rows; row++)
        for (uint32_t col = 0; col < cols; col++) {
            double sum = 0;
            for (uint32_t k = 0; k < rank; k++)
                sum += matrix->b.reference[(size_t)row * rank + k] *
                       matrix->a.reference[row_of_a(matrix, row, k) * cols + col];
            matrix->w.reference[(size_t)row * cols + col] =
                matrix->base.reference[(size_t)row * cols + col] + (double)matrix->scale * sum;
        }
}

void tuff_lora_reference_backward(const struct tuff_lora_matrix *matrix) {
    const uint32_t cols = matrix->w.shape.cols;
    const uint32_t rank = matrix->b.shape.cols;
    for (size_t i = 0; i < (size_t)matrix->a.shape.rows * cols; i++)
        matrix->d_a.reference[i] = 0;
    for (uint32_t row = 0; row < matrix->w.shape.rows; row++)
        for (uint32_t k = 0; k < rank; k++) {
            const size_t a = row_of_a(matrix, row, k) * cols;
            const double b = matrix->b.reference[(size_t)row * rank + k];
            double sum = 0;
            for (uint32_t col = 0; col < cols; col++) {
                const double d = (double)matrix->scale * matrix->d_w.reference[(size_t)row * cols + col];
                sum += d * matrix->a.reference[a + col];
                matrix->d_a.reference[a + col] += d * b;
            }
            matrix->d_b.reference[(size_t)row * rank + k] = sum;
        }
}
