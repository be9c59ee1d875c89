/* SPDX-License-Identifier: Apache-2.0 */
/* Every tile that some GPU is given, run on the device at hand against a plain product. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "ops/check.h"
#include "ops/matmul_coopmat.h"
#include "ops/matmul_split.h"
#include "support/device.h"

static const uint32_t shapes[][3] = {
    { 1, 8, 8 }, { 7, 29, 13 }, { 67, 40, 130 }, { 97, 77, 65 }
}; /* M, K, N */

static struct tuff_tensor *random_tensor(struct tuff_case *check_case, enum tuff_layout layout, uint32_t rows,
                                         uint32_t cols) {
    struct tuff_tensor *tensor = NULL;
    cr_assert_eq(tuff_case_random(check_case, check_case->type, layout, rows, cols, 1 / sqrt(cols), &tensor),
                 TUFF_OK, "%s", tuff_error_message());
    return tensor;
}

static double at(const struct tuff_tensor *tensor, uint32_t row, uint32_t col) {
    return tensor->reference[(size_t)row * tensor->shape.cols + col];
}

static double tolerance(const struct tuff_case *check_case) {
    return check_case->type == TUFF_TYPE_F16 ? 2e-3 : 3e-6;
}

static float *download(struct tuff_case *check_case, const struct tuff_tensor *tensor) {
    float *values = NULL;
    cr_assert_eq(tuff_alloc((size_t)tensor->shape.rows * tensor->shape.cols, sizeof *values, &values),
                 TUFF_OK);
    cr_assert_eq(tuff_tensor_download(check_case->device, tensor, values), TUFF_OK, "%s",
                 tuff_error_message());
    return values;
}

static void finish(struct tuff_recording *recording) {
    cr_assert_eq(tuff_recording_end(recording), TUFF_OK);
    cr_assert_eq(tuff_recording_run(recording, NULL, NULL), TUFF_OK, "%s", tuff_error_message());
    tuff_recording_destroy(recording);
}

/* Memory of that shape with random numbers in it; NULL where the shape is none. */
static struct tuff_tensor *scratch_of(struct tuff_case *check_case, const struct tuff_shape *shape) {
    struct tuff_tensor *tensor = NULL;
    if (shape->rows == 0)
        return NULL;
    cr_assert_eq(
        tuff_case_random(check_case, shape->type, shape->layout, shape->rows, shape->cols, 1, &tensor),
        TUFF_OK, "%s", tuff_error_message());
    return tensor;
}

static struct tuff_recording *start(struct tuff_case *check_case) {
    struct tuff_recording *recording = NULL;
    cr_assert_eq(tuff_recording_create(check_case->device, &recording), TUFF_OK);
    return recording;
}

/* y = x weight^T, or y = x weight. */
static void check_matmul(struct tuff_case *check_case, const struct tuff_matmul_tile *tile,
                         const uint32_t *shape, bool over_outputs) {
    uint32_t rows = shape[0], inner = shape[1], cols = shape[2];
    struct tuff_tensor *x = random_tensor(check_case, TUFF_LAYOUT_ROWS, rows, inner);
    struct tuff_tensor *weight = over_outputs ? random_tensor(check_case, TUFF_LAYOUT_PANELS, inner, cols)
                                              : random_tensor(check_case, TUFF_LAYOUT_PANELS, cols, inner);
    struct tuff_tensor *y = random_tensor(check_case, TUFF_LAYOUT_ROWS, rows, cols);
    struct tuff_recording *recording = start(check_case);
    struct tuff_matmul matmul = { .x = x, .weight = weight, .y = y, .over_outputs = over_outputs };
    const struct tuff_shape parts = tuff_matmul_split_shape(&matmul, tile);
    matmul.scratch = scratch_of(check_case, &parts);
    cr_assert_eq(tuff_matmul_run_with(recording, &matmul, tile), TUFF_OK, "%s", tuff_error_message());
    finish(recording);
    float *values = download(check_case, y);
    double worst = 0;
    for (uint32_t row = 0; row < rows; row++)
        for (uint32_t col = 0; col < cols; col++) {
            double sum = 0;
            for (uint32_t k = 0; k < inner; k++)
                sum += at(x, row, k) * (over_outputs ? at(weight, k, col) : at(weight, col, k));
            double difference = fabs(sum - values[(size_t)row * cols + col]);
            worst = difference > worst || isnan(difference) ? difference : worst;
        }
    tuff_free(values);
    cr_expect(worst <= tolerance(check_case),
              "%u x %u x %u, tile %u x %u of %u x %u lanes, split in %u, type %d: off by %g", rows, cols,
              inner, tile->tile_rows, 4 * tile->tile_groups, tile->lanes_y, tile->lanes_x, tile->splits,
              check_case->type, worst);
}

static void check_outer(struct tuff_case *check_case, const struct tuff_outer_tile *tile,
                        const uint32_t *shape) {
    uint32_t rows = shape[0], inner = shape[1], cols = shape[2];
    struct tuff_tensor *z = random_tensor(check_case, TUFF_LAYOUT_ROWS, rows, cols);
    struct tuff_tensor *x = random_tensor(check_case, TUFF_LAYOUT_ROWS, rows, inner);
    struct tuff_tensor *d_weight = NULL;
    cr_assert_eq(tuff_case_random(check_case, TUFF_TYPE_F32, TUFF_LAYOUT_PANELS, cols, inner, 1, &d_weight),
                 TUFF_OK);
    struct tuff_recording *recording = start(check_case);
    struct tuff_outer_product product = { .z = z, .x = x, .d_weight = d_weight };
    const struct tuff_shape parts = tuff_outer_split_shape(&product, tile);
    product.scratch = scratch_of(check_case, &parts);
    cr_assert_eq(tuff_outer_product_run_with(recording, &product, tile), TUFF_OK, "%s", tuff_error_message());
    finish(recording);
    float *values = download(check_case, d_weight);
    double worst = 0;
    for (uint32_t n = 0; n < cols; n++)
        for (uint32_t k = 0; k < inner; k++) {
            double sum = 0;
            for (uint32_t row = 0; row < rows; row++)
                sum += at(z, row, n) * at(x, row, k);
            double difference = fabs(sum - values[(size_t)n * inner + k]);
            worst = difference > worst || isnan(difference) ? difference : worst;
        }
    tuff_free(values);
    cr_expect(worst <= tolerance(check_case), "%u x %u x %u, outer product, split in %u, type %d: off by %g",
              rows, cols, inner, tile->splits, check_case->type, worst);
}

static struct tuff_case *start_case(struct tuff_device *device, enum tuff_type type) {
    struct tuff_case *check_case = NULL;
    cr_assert_eq(tuff_alloc(1, sizeof *check_case, &check_case), TUFF_OK);
    *check_case = (struct tuff_case){ .device = device, .type = type, .seed = 1 };
    cr_assert_eq(tuff_arena_create(device, TUFF_MEMORY_DEVICE, "test", &check_case->arena), TUFF_OK);
    return check_case;
}

/* One shape and type, with tensors of its own. */
static void check_with(struct tuff_device *device, enum tuff_type type, const uint32_t *shape,
                       const struct tuff_matmul_tile *tile, bool over_outputs) {
    struct tuff_case *check_case = start_case(device, type);
    check_matmul(check_case, tile, shape, over_outputs);
    tuff_case_free(check_case);
}

static void check_outer_with(struct tuff_device *device, enum tuff_type type, const uint32_t *shape,
                             const struct tuff_outer_tile *tile) {
    struct tuff_case *check_case = start_case(device, type);
    check_outer(check_case, tile, shape);
    tuff_case_free(check_case);
}

Test(ops_of_gpus, matmul_tiles) {
    struct tuff_device *device = test_device();
    for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++)
        for (int type = TUFF_TYPE_F32; type <= TUFF_TYPE_F16; type++) {
            for (size_t t = 0; tuff_matmul_gpu_tiles[t]; t++)
                for (int over_outputs = 0; over_outputs < 2; over_outputs++)
                    check_with(device, (enum tuff_type)type, shapes[s], tuff_matmul_gpu_tiles[t],
                               over_outputs);
            for (size_t t = 0; tuff_outer_gpu_tiles[t]; t++)
                check_outer_with(device, (enum tuff_type)type, shapes[s], tuff_outer_gpu_tiles[t]);
        }
    test_device_close(device);
}

/* What `tuff check` runs of linear for the tiles that large batches are given. */
Test(ops_of_gpus, large_batches) {
    struct tuff_device *device = test_device();
    struct tuff_check_result result;
    for (const uint32_t(*shape)[8] = tuff_op_linear.large_shapes; (*shape)[0]; shape++)
        for (int type = TUFF_TYPE_F32; type <= TUFF_TYPE_F16; type++) {
            cr_assert_eq(
                tuff_op_check_backward(device, &tuff_op_linear, *shape, (enum tuff_type)type, &result),
                TUFF_OK, "%s", tuff_error_message());
            cr_expect(result.error <= result.tolerance && result.padding_is_zero,
                      "%u x %u x %u, type %d: %s is off by %g", (*shape)[0], (*shape)[2], (*shape)[1], type,
                      result.worst, result.error);
        }
    test_device_close(device);
}

/* Inner sizes of whole turns. */
Test(ops_of_gpus, rows_of_subgroups) {
    static const uint32_t products[][3] = { { 1, 16, 8 }, { 7, 31, 13 }, { 67, 48, 130 }, { 130, 80, 140 } };
    struct tuff_device *device = test_device();
    struct tuff_matmul_tile tile;
    if (!tuff_matmul_subgroup_tile(device, &tile)) {
        test_device_close_idle(device);
        return;
    }
    for (size_t s = 0; s < sizeof products / sizeof products[0]; s++)
        for (int type = TUFF_TYPE_F32; type <= TUFF_TYPE_F16; type++)
            for (tile.splits = 0; tile.splits <= 4; tile.splits += 2)
                check_with(device, (enum tuff_type)type, products[s], &tile, false);
    test_device_close(device);
}

/* Sums of one turn, which stay whole, of fewer turns than parts, and of parts that end within a turn. */
Test(ops_of_gpus, split) {
    static const uint32_t products[][3] = { { 1, 8, 8 }, { 7, 61, 13 }, { 33, 260, 70 }, { 67, 1031, 130 } };
    static const uint32_t outers[][3] = { { 16, 8, 8 }, { 33, 29, 13 }, { 131, 40, 70 }, { 1031, 77, 65 } };
    enum { COUNT = sizeof products / sizeof products[0] };
    struct tuff_device *device = test_device();
    for (size_t s = 0; s < COUNT; s++)
        for (int type = TUFF_TYPE_F32; type <= TUFF_TYPE_F16; type++)
            for (uint32_t splits = 2; splits <= 8; splits += 3) {
                struct tuff_outer_tile outer = *tuff_outer_gpu_tiles[s % 2];
                outer.splits = splits;
                for (size_t t = 0; tuff_matmul_gpu_tiles[t]; t++) {
                    struct tuff_matmul_tile tile = *tuff_matmul_gpu_tiles[t];
                    if (t % COUNT != s)
                        continue;
                    tile.splits = splits;
                    check_with(device, (enum tuff_type)type, products[s], &tile, false);
                    check_with(device, (enum tuff_type)type, products[s], &tile, true);
                }
                check_outer_with(device, (enum tuff_type)type, outers[s], &outer);
            }
    test_device_close(device);
}

/* Parts are added up in one order. */
Test(ops_of_gpus, split_sums_are_the_same_in_each_run) {
    struct tuff_device *device = test_device();
    struct tuff_case *check_case = start_case(device, TUFF_TYPE_F32);
    struct tuff_matmul_tile tile = *tuff_matmul_gpu_tiles[0];
    tile.splits = 8;
    struct tuff_matmul matmul = { .x = random_tensor(check_case, TUFF_LAYOUT_ROWS, 17, 777),
                                  .weight = random_tensor(check_case, TUFF_LAYOUT_PANELS, 130, 777),
                                  .y = random_tensor(check_case, TUFF_LAYOUT_ROWS, 17, 130) };
    const struct tuff_shape parts = tuff_matmul_split_shape(&matmul, &tile);
    matmul.scratch = scratch_of(check_case, &parts);
    float *results[2];
    for (int run = 0; run < 2; run++) {
        struct tuff_recording *recording = start(check_case);
        cr_assert_eq(tuff_matmul_run_with(recording, &matmul, &tile), TUFF_OK, "%s", tuff_error_message());
        finish(recording);
        results[run] = download(check_case, matmul.y);
    }
    cr_expect_eq(memcmp(results[0], results[1], 17 * 130 * sizeof(float)), 0);
    tuff_free(results[0]);
    tuff_free(results[1]);
    tuff_case_free(check_case);
    test_device_close(device);
}

/* On the device as it is, and at each shape of matrices that it lists. */
Test(ops_matmul, cooperative_matrices) {
    static const uint32_t products[][8] = { { 1, 8, 8 }, { 17, 29, 13, 1, 3 }, { 37, 40, 66, 0, 15, 10 } };
    struct tuff_device *device = test_device();
    struct tuff_check_result result;
    uint32_t n = 0;
    for (; (device->forced_matrix_shape = tuff_coopmat_shape(device, TUFF_MATRIX_F16, n)); n++)
        for (size_t i = 0; i < sizeof products / sizeof products[0]; i++) {
            const uint32_t *numbers = products[i];
            for (int backward = 0; backward < 2; backward++) {
                tuff_status status = backward ? tuff_op_check_backward(device, &tuff_op_linear, numbers,
                                                                       TUFF_TYPE_F16, &result)
                                              : tuff_op_check_forward(device, &tuff_op_linear, numbers,
                                                                      TUFF_TYPE_F16, true, &result);
                cr_assert_eq(status, TUFF_OK, "%s", tuff_error_message());
                cr_expect(result.error <= result.tolerance && result.padding_is_zero,
                          "%u x %u x %u%s: %s is off by %g", numbers[0], numbers[2], numbers[1],
                          backward ? ", backward" : "", result.worst, result.error);
            }
        }
    test_device_close_idle(device);
}

/* Until a check found them right, and on the same device and driver alone. */
Test(ops_matmul, matrices_of_a_workgroup_are_not_trusted_unseen) {
    static const struct tuff_matrix_shape shapes_of_workgroups[] = {
        { .m = 32, .n = 32, .k = 16, .invocations = 256 }, { .m = 32, .n = 32, .k = 16, .invocations = 128 }
    };
    static const struct tuff_matrix_shape of_subgroups = { .m = 16, .n = 16, .k = 16 };
    struct tuff_device *device = test_device();
    for (int i = 0; i < 2; i++)
        cr_expect_not(tuff_coopmat_is_trusted(device, &shapes_of_workgroups[i]));
    cr_expect(tuff_coopmat_is_trusted(device, &of_subgroups));
    cr_assert_eq(tuff_coopmat_judge(device, &shapes_of_workgroups[0], true), TUFF_OK);
    cr_expect(tuff_coopmat_is_trusted(device, &shapes_of_workgroups[0]));
    cr_expect_not(tuff_coopmat_is_trusted(device, &shapes_of_workgroups[1]));
    cr_assert_eq(tuff_coopmat_judge(device, &shapes_of_workgroups[0], false), TUFF_OK);
    cr_expect_not(tuff_coopmat_is_trusted(device, &shapes_of_workgroups[0]));
    test_device_close_idle(device);
}

/* Their sums are exact, so that the scales alone round. */
Test(ops_matmul, cooperative_matrices_of_8_bits) {
    static const uint32_t products[][8] = { { 1, 8, 8, 0, 16 },        { 17, 29, 13, 1, 19 },
                                            { 37, 40, 66, 0, 31, 10 }, { 65, 1031, 70, 2, 19 },
                                            { 130, 128, 96, 1, 17 },   { 9, 4096, 24, 0, 18 } };
    struct tuff_device *device = test_device();
    struct tuff_check_result result;
    uint32_t n = 0;
    for (; (device->forced_matrix_shape = tuff_coopmat_shape(device, TUFF_MATRIX_I8, n)); n++)
        for (size_t i = 0; i < sizeof products / sizeof products[0]; i++)
            for (int type = TUFF_TYPE_F32; type <= TUFF_TYPE_F16; type++) {
                const uint32_t *numbers = products[i];
                cr_assert_eq(tuff_op_check_forward(device, &tuff_op_linear, numbers, (enum tuff_type)type,
                                                   false, &result),
                             TUFF_OK, "%s", tuff_error_message());
                cr_expect(result.error <= result.tolerance && result.padding_is_zero,
                          "%u x %u x %u, type %d: %s is off by %g", numbers[0], numbers[2], numbers[1], type,
                          result.worst, result.error);
            }
    test_device_close_idle(device);
}
