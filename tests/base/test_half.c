/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <math.h>

#include "base/half.h"

Test(base_half, every_half_survives_a_round_trip) {
    for (uint32_t bits = 0; bits < 0x10000; bits++) {
        float value = tuff_half_to_float((uint16_t)bits);
        uint16_t back = tuff_half_from_float(value);
        if (isnan(value))
            cr_assert((back & 0x7c00) == 0x7c00 && (back & 0x3ff) != 0, "%04x is NaN, but gives %04x", bits,
                      back);
        else
            cr_assert_eq(back, bits, "%04x gives %04x", bits, back);
    }
}

/* The neighbours of each midpoint between two halves go to their own side, the midpoint to the even half. */
Test(base_half, rounds_to_nearest_even) {
    for (uint32_t bits = 0; bits < 0x7bff; bits++) {
        float low = tuff_half_to_float((uint16_t)bits);
        float high = tuff_half_to_float((uint16_t)(bits + 1));
        float middle = (low + high) / 2;
        cr_assert_eq(tuff_half_from_float(middle), bits % 2 == 0 ? bits : bits + 1, "middle above %04x",
                     bits);
        cr_assert_eq(tuff_half_from_float(nextafterf(middle, low)), bits);
        cr_assert_eq(tuff_half_from_float(nextafterf(middle, high)), bits + 1);
    }
}

Test(base_half, beyond_the_range_is_infinity) {
    cr_assert_eq(tuff_half_from_float(65504.0f), 0x7bff);
    cr_assert_eq(tuff_half_from_float(65519.99f), 0x7bff);
    cr_assert_eq(tuff_half_from_float(65520.0f), 0x7c00);
    cr_assert_eq(tuff_half_from_float(-1e30f), 0xfc00);
}

Test(base_half, every_bfloat16_survives_a_round_trip) {
    for (uint32_t bits = 0; bits < 0x10000; bits++) {
        float value = tuff_bfloat16_to_float((uint16_t)bits);
        if (!isnan(value))
            cr_assert_eq(tuff_bfloat16_from_float(value), bits);
    }
    cr_assert_eq(tuff_bfloat16_from_float(1.00390625f), 0x3f80, "a tie goes to the even neighbour");
    cr_assert_eq(tuff_bfloat16_from_float(1.01171875f), 0x3f82, "a tie goes to the even neighbour");
}
