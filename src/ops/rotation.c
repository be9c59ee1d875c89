/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/rotation.h"

#include <math.h>

enum { LARGEST_BLOCK = 16 };

uint32_t tuff_rotation_block(uint32_t cols) {
    uint32_t block = LARGEST_BLOCK;
    while (cols % block != 0)
        block /= 2;
    return block < 4 ? 1 : block;
}

/* Pairs `reach` apart become their sum and difference. */
static void add_and_subtract(float *values, uint32_t cols, uint32_t reach) {
    for (uint32_t first = 0; first < cols; first += 2 * reach)
        for (uint32_t col = first; col < first + reach; col++) {
            const float a = values[col], b = values[col + reach];
            values[col] = a + b;
            values[col + reach] = a - b;
        }
}

void tuff_rotate(float *values, uint32_t cols) {
    const uint32_t block = tuff_rotation_block(cols);
    const float factor = 1 / sqrtf((float)block);
    if (block == 1)
        return;
    add_and_subtract(values, cols, 1);
    add_and_subtract(values, cols, 2);
    if (block >= 8)
        add_and_subtract(values, cols, cols / 2);
    if (block >= 16)
        add_and_subtract(values, cols, cols / 4);
    for (uint32_t col = 0; col < cols; col++)
        values[col] *= factor;
}
