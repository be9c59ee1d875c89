/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <math.h>

#include "base/random.h"

/* Known answers of Threefry2x32-13 for a counter and key of zeros. */
Test(base_random, equals_the_published_vector) {
    const struct tuff_seed seed = tuff_seed_make(0, 0);
    uint32_t bits[2];
    tuff_random2(&seed, 0, 0, 0, 0, bits);
    cr_assert_eq(bits[0], 0x9d1c5ec6u);
    cr_assert_eq(bits[1], 0x8bd50731u);
}

Test(base_random, dropout_keeps_its_share) {
    const struct tuff_seed seed = tuff_seed_make(42, 3);
    const uint32_t rows = 300, cols = 100;
    uint32_t kept = 0;
    for (uint32_t row = 0; row < rows; row++)
        for (uint32_t col = 0; col < cols; col++)
            kept += tuff_dropout_factor(&seed, 0.1f, 7, 2, row, col) > 0;
    /* Three deviations of a binomial of 30,000 draws are 0.0052. */
    cr_assert_float_eq((double)kept / (rows * cols), 0.9, 0.0052);
    cr_assert_float_eq(tuff_dropout_scale(0.1f), 1.0f / 0.9f, 1e-6f);
}

Test(base_random, dropout_has_its_ends) {
    const struct tuff_seed seed = tuff_seed_make(1, 1);
    for (uint32_t col = 0; col < 1000; col++) {
        cr_assert_eq(tuff_dropout_factor(&seed, 0.0f, 0, 0, 0, col), 1.0);
        cr_assert_eq(tuff_dropout_factor(&seed, 1.0f, 0, 0, 0, col), 0.0);
    }
}

Test(base_random, passes_and_streams_differ) {
    const struct tuff_seed first = tuff_seed_make(5, 0), second = tuff_seed_make(5, 1);
    uint32_t a[2], b[2], c[2];
    tuff_random2(&first, 0, 0, 9, 9, a);
    tuff_random2(&second, 0, 0, 9, 9, b);
    tuff_random2(&first, 1, 0, 9, 9, c);
    cr_assert(a[0] != b[0] && a[0] != c[0] && b[0] != c[0]);
}

Test(base_random, host_numbers_go_on_from_their_position) {
    struct tuff_random whole = { .seed = 11, .stream = 2 };
    for (int i = 0; i < 9; i++)
        tuff_random_bits(&whole);
    struct tuff_random resumed = { .seed = 11, .stream = 2, .position = 9 };
    cr_assert_eq(tuff_random_bits(&whole), tuff_random_bits(&resumed));
}

Test(base_random, host_numbers_have_their_moments) {
    struct tuff_random random = { .seed = 3 };
    const int count = 20000;
    double sum = 0, squares = 0, uniform = 0;
    uint32_t below[5] = { 0 };
    for (int i = 0; i < count; i++) {
        const double x = tuff_random_normal(&random);
        sum += x;
        squares += x * x;
        uniform += tuff_random_uniform(&random);
        below[tuff_random_below(&random, 5)]++;
    }
    /* About three deviations each. */
    cr_assert_float_eq(sum / count, 0.0, 0.022);
    cr_assert_float_eq(squares / count, 1.0, 0.03);
    cr_assert_float_eq(uniform / count, 0.5, 0.0062);
    for (int i = 0; i < 5; i++)
        cr_assert_float_eq(below[i] / (double)count, 0.2, 0.0085);
}

Test(base_random, shuffle_keeps_every_index) {
    struct tuff_random random = { .seed = 8 };
    uint32_t indices[97];
    for (uint32_t i = 0; i < 97; i++)
        indices[i] = i;
    tuff_random_shuffle(&random, indices, 97);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < 97; i++)
        sum += indices[i];
    cr_assert_eq(sum, 96 * 97 / 2);
}
