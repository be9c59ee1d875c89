/* SPDX-License-Identifier: Apache-2.0 */
/* Candidates fit the device, and what was measured is what a product is given. */
#include <criterion/criterion.h>

#include "ops/tune.h"
#include "support/device.h"
#include "vk/decisions.h"

TestSuite(ops_tune, .timeout = 120);

enum { ROWS = 32, COLS = 72, GROUPS = 10 };

static const struct tuff_product product = {
    .type = TUFF_TYPE_F32, .layout = TUFF_LAYOUT_PANELS, .rows = ROWS, .cols = COLS, .groups = GROUPS
};

static size_t count_candidates(struct tuff_device *device,
                               struct tuff_matmul_tile tiles[TUFF_TILE_CANDIDATES]) {
    return tuff_matmul_tile_candidates(device, &product, tiles);
}

Test(ops_tune, candidates_stay_within_limits) {
    struct tuff_matmul_tile tiles[TUFF_TILE_CANDIDATES];
    struct tuff_device *device = test_device();
    device->info.type = TUFF_DEVICE_DISCRETE; /* what a GPU of these limits would be given */
    size_t all = count_candidates(device, tiles);
    cr_expect_gt(all, 3);
    device->limits.max_shared_memory = 8192;
    size_t few = count_candidates(device, tiles);
    cr_expect_lt(few, all);
    device->limits.max_invocations = 64;
    size_t least = count_candidates(device, tiles);
    cr_expect_leq(least, few);
    for (size_t t = 1; t < least; t++)
        cr_expect_leq(tiles[t].lanes_x * tiles[t].lanes_y, 64);
    device->limits.max_invocations = 32;
    cr_expect_eq(count_candidates(device, tiles), 1);
    test_device_close_idle(device);
}

/* A small result with a long sum, where it is split by default and where it is not: whole and split are tried. */
Test(ops_tune, long_sums_may_be_split) {
    static const uint32_t groups[] = { 192, 80 };
    struct tuff_device *device = test_device();
    device->info.type = TUFF_DEVICE_DISCRETE;
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        struct tuff_matmul_tile tiles[TUFF_TILE_CANDIDATES];
        struct tuff_product longer = product;
        longer.groups = groups[i];
        const size_t count = tuff_matmul_tile_candidates(device, &longer, tiles);
        size_t split = 0;
        for (size_t t = 0; t < count; t++)
            split += tiles[t].splits > 1;
        cr_expect(split > 0 && split < count, "%zu of %zu", split, count);
        cr_expect_eq(tiles[0].splits > 1, groups[i] == 192);
        cr_assert_eq(tuff_matmul_tile_choose(device, &longer, &tiles[count - 1], 1), TUFF_OK);
        const struct tuff_matmul_tile chosen = tuff_matmul_tile_for(device, &longer);
        cr_expect(tuff_matmul_tile_equals(&chosen, &tiles[count - 1]) && chosen.splits > 1);
    }
    test_device_close_idle(device);
}

/* For numbers of rows around the one that was measured too, and only while it is a candidate. */
Test(ops_tune, a_choice_is_used) {
    struct tuff_matmul_tile tiles[TUFF_TILE_CANDIDATES];
    struct tuff_device *device = test_device();
    device->info.type = TUFF_DEVICE_DISCRETE;
    size_t count = count_candidates(device, tiles);
    cr_assert_gt(count, 1);
    cr_assert_eq(tuff_matmul_tile_choose(device, &product, &tiles[count - 1], 1), TUFF_OK);
    for (uint32_t rows = ROWS - 8; rows <= ROWS + 8; rows += 8) {
        struct tuff_product near = product;
        near.rows = rows;
        const struct tuff_matmul_tile tile = tuff_matmul_tile_for(device, &near);
        cr_expect(tuff_matmul_tile_equals(&tile, &tiles[count - 1]), "%u rows", rows);
    }
    struct tuff_product halves = product;
    halves.type = TUFF_TYPE_F16;
    const struct tuff_matmul_tile other = tuff_matmul_tile_for(device, &halves);
    cr_expect(tuff_matmul_tile_equals(&other, &tiles[0]));
    struct tuff_matmul_tile wild = tiles[0];
    wild.lanes_x = 4096;
    cr_assert_eq(tuff_matmul_tile_choose(device, &product, &wild, 1), TUFF_OK);
    const struct tuff_matmul_tile safe = tuff_matmul_tile_for(device, &product);
    cr_expect(tuff_matmul_tile_equals(&safe, &tiles[0]));
    test_device_close_idle(device);
}

static void count_chosen(void *user, const tuff_tune_row *row) {
    cr_expect(row->is_right, "%s: %g, %s", row->variant, row->error, row->remark);
    *(int *)user += row->is_chosen;
}

Test(ops_tune, one_candidate_wins) {
    struct tuff_device *device = test_device();
    for (int type = TUFF_TYPE_F32; type <= TUFF_TYPE_F16; type++) {
        struct tuff_product typed = product;
        typed.type = (enum tuff_type)type;
        int chosen = 0;
        size_t wrong = 0;
        cr_assert_eq(tuff_tune_matmul(device, &typed, count_chosen, &chosen, &wrong), TUFF_OK, "%s",
                     tuff_error_message());
        cr_expect_eq(chosen, 1);
        cr_expect_eq(wrong, 0);
    }
    test_device_close(device);
}
