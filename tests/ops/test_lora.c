/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "ops/lora.h"
#include "support/device.h"

enum { TENSORS = 7 };

/* The tensors of a matrix in the order that they are made in. */
static struct tuff_tensor *tensor_at(struct tuff_lora_matrix *matrix, int i) {
    struct tuff_tensor *const tensors[TENSORS] = { &matrix->base, &matrix->a,   &matrix->b,  &matrix->d_w,
                                                   &matrix->w,    &matrix->d_a, &matrix->d_b };
    return tensors[i];
}

static void check(tuff_status status) {
    cr_assert_eq(status, TUFF_OK, "%s", tuff_error_message());
}

static size_t count_of(const struct tuff_tensor *tensor) {
    return (size_t)tensor->shape.rows * tensor->shape.cols;
}

/* Rows of a beyond an adapter's rank are zeros. */
static double value_of(const struct tuff_lora_matrix *matrix, const struct tuff_tensor *tensor, size_t i,
                       int which) {
    const uint32_t row = (uint32_t)(i / tensor->shape.cols);
    const uint32_t rank = matrix->b.shape.cols;
    if (tensor == &matrix->a && row % tuff_lora_rows(rank) >= rank)
        return 0;
    return (double)(float)sin((double)i * 0.7 + which);
}

static void make_tensor(struct tuff_device *device, struct tuff_arena *arena, struct tuff_lora_matrix *matrix,
                        int which) {
    struct tuff_tensor *tensor = tensor_at(matrix, which);
    const size_t count = count_of(tensor);
    float *values = malloc(count * sizeof *values);
    tensor->reference = malloc(count * sizeof *tensor->reference);
    check(tuff_arena_take(arena, tuff_shape_size(&tensor->shape), &tensor->slice));
    for (size_t i = 0; i < count; i++) {
        tensor->reference[i] = value_of(matrix, tensor, i, which);
        values[i] = (float)tensor->reference[i];
    }
    check(tuff_tensor_upload(device, tensor, values));
    free(values);
}

/* Sums of `terms` products of numbers up to 1 round by some of float's steps each. */
static void compare(struct tuff_device *device, const struct tuff_tensor *tensor, uint32_t terms,
                    const char *what) {
    const size_t count = count_of(tensor);
    float *values = malloc(count * sizeof *values);
    double worst = 0;
    check(tuff_tensor_download(device, tensor, values));
    for (size_t i = 0; i < count; i++) {
        const double difference = fabs((double)values[i] - tensor->reference[i]);
        worst = !(difference <= worst) ? difference : worst;
    }
    cr_expect(worst <= 1e-6 + 2e-7 * terms, "%s (%u, %u) is off by %g", what, tensor->shape.rows,
              tensor->shape.cols, worst);
    free(values);
}

/* Rows, columns, rank, adapters one below the other. */
static void follow(struct tuff_device *device, uint32_t rows, uint32_t cols, uint32_t rank, uint32_t parts) {
    const struct tuff_shape matrix_shape = { .layout = TUFF_LAYOUT_PANELS, .rows = rows, .cols = cols };
    const struct tuff_shape a_shape = { .rows = parts * tuff_lora_rows(rank), .cols = cols };
    const struct tuff_shape b_shape = { .rows = rows, .cols = rank };
    struct tuff_lora_matrix matrix = { .base.shape = matrix_shape,
                                       .w.shape = matrix_shape,
                                       .d_w.shape = matrix_shape,
                                       .a.shape = a_shape,
                                       .d_a.shape = a_shape,
                                       .b.shape = b_shape,
                                       .d_b.shape = b_shape,
                                       .parts = parts,
                                       .scale = 0.75f };
    struct tuff_arena *arena = NULL;
    struct tuff_recording *recording = NULL;
    check(tuff_arena_create(device, TUFF_MEMORY_DEVICE, "test", &arena));
    for (int i = 0; i < TENSORS; i++)
        make_tensor(device, arena, &matrix, i);
    check(tuff_recording_create(device, &recording));
    check(tuff_lora_record_merge(recording, &matrix));
    check(tuff_lora_record_backward(device, recording, &matrix));
    check(tuff_recording_end(recording));
    check(tuff_recording_run(recording, NULL, NULL));
    tuff_lora_reference_merge(&matrix);
    tuff_lora_reference_backward(&matrix);
    compare(device, &matrix.w, rank, "w");
    compare(device, &matrix.d_a, rows / parts, "d_a");
    compare(device, &matrix.d_b, cols, "d_b");
    tuff_recording_destroy(recording);
    tuff_arena_destroy(arena);
    for (int i = 0; i < TENSORS; i++)
        free(tensor_at(&matrix, i)->reference);
}

static void follow_all(const char *without) {
    static const uint32_t shapes[][4] = { { 1, 1, 1, 1 },   { 31, 7, 3, 1 },   { 24, 65, 4, 3 },
                                          { 96, 32, 5, 3 }, { 8, 136, 16, 1 }, { 768, 64, 8, 3 },
                                          { 17, 768, 9, 1 } };
    struct tuff_device *device = test_device_without(without);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        follow(device, shapes[i][0], shapes[i][1], shapes[i][2], shapes[i][3]);
    test_device_close(device);
}

Test(ops_lora, matrices_and_gradients) {
    follow_all(NULL);
}

Test(ops_lora, without_subgroups) {
    follow_all("subgroup_arithmetic");
}
