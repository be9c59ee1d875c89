/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "ops/attention.h"
#include "ops/check.h"
#include "ops/matmul_coopmat.h"
#include "support/device.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* heads, head size, long sequence, visible and hidden rows of the second, rows where nothing is visible,
 * padding, dropout in percent: see make in ops/attention.c */
static const uint32_t shapes[][8] = {
    { 1, 1, 1, 1, 0, 0, 0 },        { 3, 3, 5, 2, 1, 1, 1 },    { 12, 16, 33, 31, 3, 0, 2 },
    { 2, 20, 65, 17, 1, 4, 0 },     { 5, 32, 128, 7, 0, 0, 0 }, { 2, 64, 131, 64, 65, 0, 5 },
    { 3, 24, 37, 70, 2, 0, 1, 10 }, { 2, 80, 19, 97, 2, 0, 0 }, { 1, 8, 700, 16, 0, 0, 0 },
};

static void expect_close(const struct tuff_check_result *result, const uint32_t *numbers, const char *what,
                         enum tuff_type type) {
    cr_assert_leq(result->error, result->tolerance, "%u heads of %u, %u rows, %s of %s: %s is off by %g",
                  numbers[0], numbers[1], numbers[2], what, type == TUFF_TYPE_F16 ? "f16" : "f32",
                  result->worst, result->error);
    cr_assert(result->padding_is_zero, "%u heads of %u: padding of %s is written", numbers[0], numbers[1],
              what);
}

/* Heads for which the kernels of GPUs take more lanes where registers are few. */
static const uint32_t wide_shapes[][8] = { { 2, 64, 35, 33, 3, 0, 1 },
                                           { 1, 120, 35, 33, 1, 0, 1, 10 },
                                           { 1, 133, 9, 37, 1, 2, 3, 30 } };

static void check_shapes(struct tuff_device *device, const uint32_t (*table)[8], size_t count) {
    for (size_t i = 0; i < count; i++) {
        for (enum tuff_type type = TUFF_TYPE_F32; type <= TUFF_TYPE_F16; type++) {
            struct tuff_check_result result;
            for (int is_training = 0; is_training <= 1; is_training++) {
                cr_assert_eq(tuff_op_check_forward(device, &tuff_op_attention, table[i], type,
                                                   is_training != 0, &result),
                             TUFF_OK, "%s", tuff_error_message());
                expect_close(&result, table[i], "forward", type);
            }
            cr_assert_eq(tuff_op_check_backward(device, &tuff_op_attention, table[i], type, &result), TUFF_OK,
                         "%s", tuff_error_message());
            expect_close(&result, table[i], "backward", type);
        }
    }
}

Test(ops_attention, equals_its_reference) {
    struct tuff_device *device = test_device();
    check_shapes(device, shapes, COUNT(shapes));
    test_device_close(device);
}

Test(ops_attention, equals_its_reference_without_buffer_addresses) {
    struct tuff_device *device = test_device_without("buffer_address");
    check_shapes(device, shapes, COUNT(shapes));
    test_device_close(device);
}

/* One shape: CPU drivers take long to compile what large heads need. */
Test(ops_attention, large_heads_equal_the_reference) {
    static const uint32_t numbers[8] = { 2, 133, 9, 37, 1, 2, 3, 30 };
    struct tuff_device *device = test_device();
    struct tuff_check_result result;
    cr_assert_eq(tuff_op_check_forward(device, &tuff_op_attention, numbers, TUFF_TYPE_F16, false, &result),
                 TUFF_OK, "%s", tuff_error_message());
    expect_close(&result, numbers, "forward", TUFF_TYPE_F16);
    cr_assert_eq(tuff_op_check_backward(device, &tuff_op_attention, numbers, TUFF_TYPE_F32, &result), TUFF_OK,
                 "%s", tuff_error_message());
    expect_close(&result, numbers, "backward", TUFF_TYPE_F32);
    test_device_close(device);
}

/* What GPUs run must be right on any device: with TUFF_TEST_AS_GPU the tests above run it for few registers. */
Test(ops_of_gpus, attention_with_many_registers) {
    struct tuff_device *device = test_device();
    device->info.type = TUFF_DEVICE_DISCRETE;
    device->info.vendor_id = 0x10DE;
    check_shapes(device, wide_shapes, COUNT(wide_shapes));
    test_device_close(device);
}

Test(ops_of_gpus, attention_with_more_lanes) {
    struct tuff_device *device = test_device();
    device->info.type = TUFF_DEVICE_DISCRETE;
    check_shapes(device, wide_shapes, COUNT(wide_shapes));
    test_device_close(device);
}

/* At each shape of matrices that the device lists. */
Test(ops_attention, equals_its_reference_by_cooperative_matrices) {
    static const uint32_t small[][8] = { { 2, 24, 37, 9, 2, 1, 1, 10 }, { 1, 64, 33, 1, 0, 0, 0 } };
    struct tuff_device *device = test_device();
    struct tuff_check_result result;
    uint32_t n = 0;
    for (; (device->forced_matrix_shape = tuff_coopmat_shape(device, TUFF_MATRIX_F16, n)); n++)
        for (size_t i = 0; i < COUNT(small); i++) {
            cr_assert_eq(
                tuff_op_check_forward(device, &tuff_op_attention, small[i], TUFF_TYPE_F16, true, &result),
                TUFF_OK, "%s", tuff_error_message());
            expect_close(&result, small[i], "forward", TUFF_TYPE_F16);
        }
    test_device_close_idle(device);
}

/* ---------------------------------------------------------------- the reference against itself */

enum { HEADS = 2, SIZE = 3, STRIDE = 8, ROWS = 9, QKV_WIDTH = 3 * HEADS * STRIDE, WIDTH = HEADS * STRIDE };

struct small {
    struct tuff_tensor qkv, d_qkv, tiles, seed, context, d_context, stats;
    double qkv_values[ROWS * QKV_WIDTH], d_qkv_values[ROWS * QKV_WIDTH];
    double tile_values[8], seed_values[4];
    double context_values[ROWS * WIDTH], d_context_values[ROWS * WIDTH], stats_values[ROWS * HEADS * 2];
    struct tuff_node node;
};

/* Six rows with two hidden ones behind them, then a row alone. */
static void make_small(struct small *small, float dropout) {
    static const double tiles[8] = { 0, 8, 0, 6, 8, 1, 8, 1 };
    *small = (struct small){ 0 };
    memcpy(small->tile_values, tiles, sizeof tiles);
    srand(3);
    for (size_t i = 0; i < COUNT(small->qkv_values); i++)
        small->qkv_values[i] = rand() / (double)RAND_MAX * 4 - 2;
    for (size_t i = 0; i < COUNT(small->d_context_values); i++)
        small->d_context_values[i] = rand() / (double)RAND_MAX * 4 - 2;
    small->qkv =
        (struct tuff_tensor){ .shape = { .rows = ROWS, .cols = QKV_WIDTH }, .reference = small->qkv_values };
    small->d_qkv = (struct tuff_tensor){ .shape = small->qkv.shape, .reference = small->d_qkv_values };
    small->tiles = (struct tuff_tensor){ .shape = { .rows = 2, .cols = 4 }, .reference = small->tile_values };
    small->seed = (struct tuff_tensor){ .shape = { .rows = 1, .cols = 4 }, .reference = small->seed_values };
    small->context = (struct tuff_tensor){ .reference = small->context_values };
    small->d_context = (struct tuff_tensor){ .reference = small->d_context_values };
    small->stats = (struct tuff_tensor){ .reference = small->stats_values };
    small->node = (struct tuff_node){
        .op = &tuff_op_attention,
        .params.attention = { .head_count = HEADS,
                              .head_size = SIZE,
                              .head_stride = STRIDE,
                              .dropout = { dropout, 1 } },
        .is_training = true,
        .inputs = { &small->qkv, &small->tiles, NULL, &small->seed },
        .outputs = { &small->context, &small->stats },
        .d_inputs = { &small->d_qkv },
        .d_outputs = { &small->d_context },
    };
}

static double loss(struct small *small) {
    double sum = 0;
    tuff_op_attention.reference_forward(&small->node);
    for (size_t i = 0; i < COUNT(small->context_values); i++)
        sum += small->context_values[i] * small->d_context_values[i];
    return sum;
}

static void check_differences(float dropout) {
    static struct small small;
    make_small(&small, dropout);
    tuff_op_attention.reference_backward(&small.node);
    for (size_t i = 0; i < COUNT(small.qkv_values); i++) {
        const double step = 1e-5;
        const double value = small.qkv_values[i];
        small.qkv_values[i] = value + step;
        double above = loss(&small);
        small.qkv_values[i] = value - step;
        double below = loss(&small);
        small.qkv_values[i] = value;
        /* The error of central differences is of the order of the step's square. */
        cr_assert_float_eq(small.d_qkv_values[i], (above - below) / (2 * step), 1e-8, "element %zu", i);
    }
}

Test(ops_attention, reference_gradients_are_differences) {
    check_differences(0.0f);
    check_differences(0.3f);
}

/* ---------------------------------------------------------------- tiles */

Test(ops_attention, tiles_cover_every_row_once_and_long_ones_come_first) {
    struct tuff_device *device = test_device();
    const struct tuff_attention_span spans[] = {
        { 0, 7, 5 }, { 7, 300, 300 }, { 307, 1, 1 }, { 308, 150, -150 }, { 458, 54, 0 }
    };
    enum { ROW_COUNT = 512, CAPACITY = 1024 };
    int32_t *tiles = NULL;
    cr_assert_eq(tuff_alloc(CAPACITY * 4, sizeof *tiles, &tiles), TUFF_OK);
    for (int of_keys = 0; of_keys <= 1; of_keys++) {
        int seen[ROW_COUNT] = { 0 };
        uint32_t count = of_keys ? tuff_attention_key_tile_count(device, spans, COUNT(spans))
                                 : tuff_attention_tile_count(device, spans, COUNT(spans));
        cr_assert_leq(count + 1, CAPACITY);
        memset(tiles, 0x55, CAPACITY * 4 * sizeof *tiles);
        (of_keys ? tuff_attention_build_key_tiles : tuff_attention_build_tiles)(device, spans, COUNT(spans),
                                                                                tiles, count + 1);
        for (uint32_t t = 0; t < count; t++) {
            const int32_t *tile = &tiles[t * 4];
            cr_assert(tile[1] > 0 && (uint32_t)tile[1] <= tuff_attention_query_block(device));
            cr_assert(t == 0 || abs(tile[3]) <= abs(tile[-1]));
            for (int32_t row = tile[0]; row < tile[0] + tile[1]; row++)
                seen[row]++;
        }
        cr_assert_eq(tiles[count * 4 + 1], 0);
        for (int row = 0; row < ROW_COUNT; row++)
            cr_assert_eq(seen[row], 1, "row %d is in %d tiles", row, seen[row]);
    }
    tuff_free(tiles);
    test_device_close_idle(device);
}

/* ---------------------------------------------------------------- probabilities */

static void run_probabilities(struct tuff_device *device, const struct tuff_tensor *qkv,
                              const union tuff_params *params, const struct tuff_attention_view *view,
                              struct tuff_slice slice, float *values) {
    struct tuff_recording *recording = NULL;
    cr_assert_eq(tuff_recording_create(device, &recording), TUFF_OK);
    cr_assert_eq(tuff_attention_probabilities(device, recording, params, qkv, view, slice), TUFF_OK, "%s",
                 tuff_error_message());
    cr_assert_eq(tuff_recording_end(recording), TUFF_OK);
    cr_assert_eq(tuff_recording_run(recording, NULL, NULL), TUFF_OK, "%s", tuff_error_message());
    cr_assert_eq(tuff_download(device, &slice, 0, values, slice.size), TUFF_OK);
    tuff_recording_destroy(recording);
}

Test(ops_attention, probabilities_are_those_of_the_reference) {
    static struct small small;
    static float qkv[ROWS * QKV_WIDTH], values[HEADS * 8 * 6];
    struct tuff_device *device = test_device();
    struct tuff_arena *arena = NULL;
    struct tuff_slice slice;
    make_small(&small, 0);
    for (size_t i = 0; i < COUNT(qkv); i++)
        small.qkv_values[i] = qkv[i] = (float)small.qkv_values[i];
    cr_assert_eq(tuff_arena_create(device, TUFF_MEMORY_DEVICE, "test", &arena), TUFF_OK);
    cr_assert_eq(tuff_arena_take(arena, tuff_shape_size(&small.qkv.shape), &small.qkv.slice), TUFF_OK);
    cr_assert_eq(tuff_arena_take(arena, sizeof values, &slice), TUFF_OK);
    cr_assert_eq(tuff_tensor_upload(device, &small.qkv, qkv), TUFF_OK);

    struct tuff_attention_view view = { .span = { 0, 8, 6 }, .head_count = HEADS };
    run_probabilities(device, &small.qkv, &small.node.params, &view, slice, values);
    /* The context of a value matrix that is one-hot in column 0 is one column of the probabilities. */
    for (uint32_t key = 0; key < 6; key++) {
        for (uint32_t row = 0; row < ROWS; row++)
            for (uint32_t head = 0; head < HEADS; head++)
                small.qkv_values[row * QKV_WIDTH + (2 * HEADS + head) * STRIDE] = row == key;
        tuff_op_attention.reference_forward(&small.node);
        for (uint32_t head = 0; head < HEADS; head++)
            for (uint32_t query = 0; query < 8; query++)
                cr_assert_float_eq(values[(head * 8 + query) * 6 + key],
                                   small.context_values[query * WIDTH + head * STRIDE], 1e-6);
    }

    view = (struct tuff_attention_view){
        .span = { 2, 3, -5 }, .first_key_row = 1, .first_head = 1, .head_count = 1
    };
    run_probabilities(device, &small.qkv, &small.node.params, &view, slice, values);
    for (int i = 0; i < 15; i++)
        cr_assert_float_eq(values[i], 0.2, 1e-6);
    tuff_arena_destroy(arena);
    test_device_close(device);
}
