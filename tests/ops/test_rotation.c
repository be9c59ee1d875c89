/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/rotation.h"

#include <criterion/criterion.h>
#include <math.h>

#include "support/op_check.h"

enum { MOST = 768 };

static const uint32_t sizes[] = { 1, 4, 7, 8, 12, 24, 48, 312, 768 };

static void fill(float *values, uint32_t cols, float step) {
    for (uint32_t col = 0; col < cols; col++)
        values[col] = sinf(1 + step * (float)col);
}

static double product(const float *a, const float *b, uint32_t cols) {
    double sum = 0;
    for (uint32_t col = 0; col < cols; col++)
        sum += (double)a[col] * b[col];
    return sum;
}

Test(ops_rotation, products_stay) {
    float a[MOST], b[MOST];
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        fill(a, sizes[i], 0.7f);
        fill(b, sizes[i], 0.3f);
        const double before = product(a, b, sizes[i]);
        tuff_rotate(a, sizes[i]);
        tuff_rotate(b, sizes[i]);
        cr_expect_float_eq(product(a, b, sizes[i]), before, 1e-4, "%u columns", sizes[i]);
    }
}

Test(ops_rotation, twice_is_as_before) {
    float a[MOST], before[MOST];
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        fill(a, sizes[i], 0.7f);
        fill(before, sizes[i], 0.7f);
        tuff_rotate(a, sizes[i]);
        tuff_rotate(a, sizes[i]);
        for (uint32_t col = 0; col < sizes[i]; col++)
            cr_expect_float_eq(a[col], before[col], 1e-6f, "column %u of %u", col, sizes[i]);
    }
}

Test(ops_rotation, a_large_value_is_spread_over_its_block) {
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        float a[MOST] = { [0] = 16 };
        const uint32_t block = tuff_rotation_block(sizes[i]);
        uint32_t count = 0;
        tuff_rotate(a, sizes[i]);
        for (uint32_t col = 0; col < sizes[i]; col++)
            count += fabsf(fabsf(a[col]) - 16 / sqrtf((float)block)) < 1e-5f;
        cr_expect_eq(count, block, "%u of %u columns", count, sizes[i]);
    }
}

Test(ops_rotation, blocks_divide_rows) {
    cr_expect_eq(tuff_rotation_block(384), 16);
    cr_expect_eq(tuff_rotation_block(312), 8);
    cr_expect_eq(tuff_rotation_block(100), 4);
    cr_expect_eq(tuff_rotation_block(6), 1);
    cr_expect_eq(tuff_rotation_block(1031), 1);
}
