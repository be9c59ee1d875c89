/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <math.h>

#include "support/device.h"
#include "support/op_check.h"
#include "vk/memory.h"

static const uint32_t shapes[][8] = { { 1, 1 },     { 3, 7 },     { 5, 12 },  { 13, 24 }, { 65, 64 },
                                      { 31, 1031 }, { 130, 129 }, { 9, 312 }, { 33, 768 } };

Test(ops_quantize, forward) {
    test_op_forward(&tuff_op_quantize, shapes, COUNT_OF(shapes), "subgroup_arithmetic");
}

enum { COLS = 384, LARGE = 28 };

static float small_value(uint32_t col) {
    return 0.5f * sinf(1 + (float)col);
}

/* What the small ones lose, by the mean of squares. */
static double loss(const float *values) {
    double sum = 0;
    for (uint32_t col = 1; col < COLS; col++)
        sum += pow((double)values[col] - small_value(col), 2);
    return sqrt(sum / (COLS - 1));
}

/* A scale of the largest value alone would lose 0.29 of its steps of 28 / 127. */
Test(ops_quantize, a_large_value_leaves_the_others_their_digits) {
    struct tuff_device *device = test_device();
    struct tuff_arena *arena = NULL;
    struct tuff_tensor tensor = { .shape = { .type = TUFF_TYPE_I8, .rows = 1, .cols = COLS } };
    float values[COLS] = { [0] = LARGE };
    for (uint32_t col = 1; col < COLS; col++)
        values[col] = small_value(col);
    cr_assert_eq(tuff_arena_create(device, TUFF_MEMORY_DEVICE, "quantize", &arena), TUFF_OK);
    cr_assert_eq(tuff_arena_take(arena, tuff_shape_size(&tensor.shape), &tensor.slice), TUFF_OK);
    cr_assert_eq(tuff_tensor_upload(device, &tensor, values), TUFF_OK);
    cr_assert_eq(tuff_tensor_download(device, &tensor, values), TUFF_OK);
    cr_expect(loss(values) < 0.29 * LARGE / 127 / 3, "%g is lost", loss(values));
    tuff_arena_destroy(arena);
    test_device_close_idle(device);
}
