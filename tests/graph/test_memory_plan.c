/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "base/memory.h"
#include "graph/memory_plan.h"

enum { ITEMS = 200, STEPS = 60, ALIGNMENT = 64, LIMIT = 40000 };

static bool overlap(const struct tuff_plan_item *a, const struct tuff_plan_item *b) {
    return a->block == b->block && a->offset < b->offset + b->size && b->offset < a->offset + a->size &&
           a->first_step <= b->last_step && b->first_step <= a->last_step;
}

Test(graph_memory_plan, what_lives_together_never_overlaps) {
    srand(1);
    for (int round = 0; round < 50; round++) {
        struct tuff_plan_item items[ITEMS];
        uint64_t *sizes = NULL;
        uint64_t total = 0;
        size_t blocks = 0;
        for (int i = 0; i < ITEMS; i++) {
            int first = rand() % STEPS;
            items[i] = (struct tuff_plan_item){ .size = (uint64_t)(1 + rand() % 5000),
                                                .first_step = first,
                                                .last_step = first + rand() % (STEPS - first) };
            total += items[i].size;
        }
        cr_assert_eq(tuff_memory_plan(items, ITEMS, LIMIT, ALIGNMENT, &sizes, &blocks), TUFF_OK);
        uint64_t used = 0;
        for (size_t block = 0; block < blocks; block++) {
            cr_assert_leq(sizes[block], LIMIT);
            used += sizes[block];
        }
        cr_assert_lt(used, total, "nothing is shared");
        for (int i = 0; i < ITEMS; i++) {
            cr_assert_eq(items[i].offset % ALIGNMENT, 0);
            cr_assert_leq(items[i].offset + items[i].size, sizes[items[i].block]);
            for (int j = 0; j < i; j++)
                cr_assert_not(overlap(&items[i], &items[j]), "round %d: %d and %d", round, i, j);
        }
        tuff_free(sizes);
    }
}

Test(graph_memory_plan, a_chain_needs_two_buffers) {
    struct tuff_plan_item items[20];
    uint64_t *sizes = NULL;
    size_t blocks = 0;
    for (int i = 0; i < 20; i++)
        items[i] = (struct tuff_plan_item){ .size = 1000, .first_step = i, .last_step = i + 1 };
    cr_assert_eq(tuff_memory_plan(items, 20, LIMIT, 1, &sizes, &blocks), TUFF_OK);
    cr_assert_eq(blocks, 1);
    cr_assert_eq(sizes[0], 2000);
    tuff_free(sizes);
}

Test(graph_memory_plan, an_item_beyond_a_block_is_refused) {
    struct tuff_plan_item item = { .size = LIMIT + 1 };
    uint64_t *sizes = NULL;
    size_t blocks = 0;
    cr_assert_eq(tuff_memory_plan(&item, 1, LIMIT, 1, &sizes, &blocks), TUFF_UNSUPPORTED);
    cr_assert_null(sizes);
}
