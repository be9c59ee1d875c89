/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "support/device.h"
#include "support/op_check.h"

/* M, K, N, activation, options (1 bias, 2 residual, 4 output_f32, 8 more outputs than y), dropout in percent
 */
static const uint32_t shapes[][8] = {
    { 1, 1, 1 },
    { 2, 2, 2, 0, 1 },
    { 3, 3, 3, 0, 2 },
    { 4, 4, 4, 0, 3 },
    { 5, 5, 5, 1, 3 },
    { 6, 6, 6, 2, 3 },
    { 7, 7, 7, 3, 3 },
    { 8, 8, 8, 4, 3 },
    { 9, 9, 9, 5, 3 },
    { 1, 768, 2, 0, 1 },
    { 13, 1, 31, 1, 1 },
    { 63, 31, 1, 0, 3 },
    { 64, 64, 64, 1, 1 },
    { 65, 65, 65, 0, 3 },
    { 66, 129, 130, 1, 3 },
    { 127, 20, 257, 2, 1 },
    { 31, 1031, 37, 0, 1 },
    { 33, 3072, 70, 0, 3 },
    { 70, 40, 24, 1, 3, 10 },
    { 41, 37, 29, 0, 3, 50 },
    { 8, 384, 96, 5, 1 },
    { 37, 36, 35, 0, 9 },
    { 5, 50, 1, 0, 13 },
    { 67, 24, 66, 1, 15 },
};

/* Some that the device computes in another way without the feature. */
static const uint32_t few[][8] = { { 7, 9, 5, 1, 3 }, { 65, 70, 66, 0, 3 }, { 67, 24, 66, 1, 15, 10 } };

Test(ops_linear, forward) {
    test_op_forward(&tuff_op_linear, shapes, COUNT_OF(shapes), NULL);
}

/* Options 16: x and weight I8. */
static const uint32_t int8[][8] = { { 1, 1, 1, 0, 16 },    { 7, 9, 5, 1, 19 },
                                    { 65, 70, 66, 0, 19 }, { 17, 1031, 37, 0, 17 },
                                    { 37, 36, 35, 0, 25 }, { 33, 128, 130, 2, 17, 10 },
                                    { 9, 312, 40, 1, 19 } };

static void check_int8(struct tuff_device *device) {
    struct tuff_check_result result;
    for (size_t i = 0; i < COUNT_OF(int8); i++)
        for (enum tuff_type type = TUFF_TYPE_F32; type <= TUFF_TYPE_F16; type++) {
            cr_assert_eq(tuff_op_check_forward(device, &tuff_op_linear, int8[i], type, false, &result),
                         TUFF_OK, "%s", tuff_error_message());
            cr_expect(result.error <= result.tolerance && result.padding_is_zero,
                      "%u x %u x %u in 8 bits, type %d: off by %g", int8[i][0], int8[i][2], int8[i][1], type,
                      result.error);
        }
    test_device_close(device);
}

Test(ops_linear, in_8_bits) {
    check_int8(test_device());
    check_int8(test_device_without("dot_product"));
}

/* Options 32: values up to a million, held in f16. */
Test(ops_linear, room_in_f16) {
    static const uint32_t large[][8] = { { 33, 40, 66, 1, 35 }, { 5, 300, 17, 0, 33 } };
    struct tuff_device *device = test_device();
    struct tuff_check_result result;
    for (size_t i = 0; i < COUNT_OF(large); i++) {
        cr_assert_eq(tuff_op_check_forward(device, &tuff_op_linear, large[i], TUFF_TYPE_F16, false, &result),
                     TUFF_OK, "%s", tuff_error_message());
        cr_expect(result.error <= result.tolerance, "%s is off by %g", result.worst, result.error);
    }
    test_device_close(device);
}

Test(ops_linear, backward) {
    test_op_backward(&tuff_op_linear, shapes, COUNT_OF(shapes), NULL);
}

Test(ops_linear, without_addresses) {
    test_op_forward(&tuff_op_linear, few, COUNT_OF(few), "buffer_address");
    test_op_backward(&tuff_op_linear, few, COUNT_OF(few), "buffer_address");
}

/* Options 64: products in f16, 16 of them a sum at most. */
static const uint32_t packed[][8] = { { 1, 1, 1, 0, 64 },     { 7, 9, 5, 1, 67 },    { 65, 70, 66, 0, 67 },
                                      { 9, 1031, 37, 1, 65 }, { 37, 36, 35, 0, 73 }, { 67, 24, 66, 1, 79 },
                                      { 33, 72, 70, 1, 99 },  { 5, 600, 20, 0, 97 }, { 3, 3072, 24, 2, 65 } };

static void check_packed(struct tuff_device *device) {
    struct tuff_check_result result;
    for (size_t i = 0; i < COUNT_OF(packed); i++) {
        cr_assert_eq(tuff_op_check_forward(device, &tuff_op_linear, packed[i], TUFF_TYPE_F16, false, &result),
                     TUFF_OK, "%s", tuff_error_message());
        cr_expect(result.error <= result.tolerance && result.padding_is_zero,
                  "%u x %u x %u in f16 arithmetic: off by %g", packed[i][0], packed[i][2], packed[i][1],
                  result.error);
    }
}

/* Half as exact as sums in f32 with results in f16, whole and split. */
Test(ops_linear, in_f16_arithmetic) {
    struct tuff_device *device = test_device();
    if (!device->features.float16) {
        test_device_close_idle(device);
        return;
    }
    check_packed(device);
    device->info.type = TUFF_DEVICE_DISCRETE;
    check_packed(device);
    test_device_close(device);
}

/* Results so small and sums so long that a GPU computes parts of them side by side: of the product, of the gradient of its
 * inputs, of that of its weight. */
Test(ops_linear, split) {
    static const uint32_t split[][8] = { { 3, 1031, 37, 1, 3, 10 }, { 17, 776, 65, 0, 9 },
                                         { 9, 30, 1031, 0, 3 },     { 5, 20, 600, 1, 9 },
                                         { 520, 24, 40, 0, 1 },     { 1043, 13, 35, 1, 11 },
                                         { 5, 600, 20, 1, 35 } };
    test_op_as_gpu(&tuff_op_linear, split, COUNT_OF(split));
}

Test(ops_linear, differences) {
    static const uint32_t smooth[][8] = {
        { 3, 5, 4, 1, 3 }, { 3, 5, 4, 2, 3 }, { 3, 5, 4, 4, 11 }, { 2, 3, 9, 5, 3, 30 }
    };
    test_op_differences(&tuff_op_linear, smooth, COUNT_OF(smooth));
}
