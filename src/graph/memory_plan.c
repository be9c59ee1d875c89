/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/memory_plan.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/memory.h"

struct plan {
    struct tuff_plan_item *items;
    size_t count;
    size_t *placed; /* indices of items that have a place, by block and offset */
    size_t placed_count;
    uint64_t *block_sizes;
    size_t block_count, block_capacity;
    uint64_t block_limit, alignment;
};

static bool lives_overlap(const struct tuff_plan_item *a, const struct tuff_plan_item *b) {
    return a->first_step <= b->last_step && b->first_step <= a->last_step;
}

/* The lowest offset in `block` where the item meets none that lives at the same time. */
static uint64_t lowest_offset(const struct plan *plan, const struct tuff_plan_item *item, uint32_t block) {
    uint64_t offset = 0;
    for (size_t i = 0; i < plan->placed_count; i++) {
        const struct tuff_plan_item *other = &plan->items[plan->placed[i]];
        if (other->block != block || !lives_overlap(item, other))
            continue;
        if (offset + item->size <= other->offset)
            break;
        uint64_t end =
            (other->offset + other->size + plan->alignment - 1) / plan->alignment * plan->alignment;
        offset = end > offset ? end : offset;
    }
    return offset;
}

static void remember(struct plan *plan, size_t index) {
    const struct tuff_plan_item *item = &plan->items[index];
    size_t at = plan->placed_count++;
    for (; at > 0; at--) {
        const struct tuff_plan_item *before = &plan->items[plan->placed[at - 1]];
        if (before->block < item->block || (before->block == item->block && before->offset <= item->offset))
            break;
        plan->placed[at] = plan->placed[at - 1];
    }
    plan->placed[at] = index;
    uint64_t end = item->offset + item->size;
    if (plan->block_sizes[item->block] < end)
        plan->block_sizes[item->block] = end;
}

static tuff_status place(struct plan *plan, size_t index) {
    struct tuff_plan_item *item = &plan->items[index];
    if (item->size > plan->block_limit)
        return tuff_fail(TUFF_UNSUPPORTED,
                         "a tensor of %llu bytes is larger than the %llu that the device can bind",
                         (unsigned long long)item->size, (unsigned long long)plan->block_limit);
    for (uint32_t block = 0;; block++) {
        if (block == plan->block_count) {
            TUFF_TRY(tuff_reserve(&plan->block_sizes, &plan->block_capacity, plan->block_count + 1,
                                  sizeof(uint64_t)));
            plan->block_sizes[plan->block_count++] = 0;
        }
        item->block = block;
        item->offset = lowest_offset(plan, item, block);
        if (item->offset + item->size <= plan->block_limit)
            break;
    }
    remember(plan, index);
    return TUFF_OK;
}

struct order {
    uint64_t size;
    size_t index;
};

static int larger_first(const void *left, const void *right) {
    const struct order *a = left;
    const struct order *b = right;
    if (a->size != b->size)
        return a->size > b->size ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

tuff_status tuff_memory_plan(struct tuff_plan_item *items, size_t count, uint64_t block_limit,
                             uint64_t alignment, uint64_t **out_block_sizes, size_t *out_block_count) {
    struct plan plan = { .items = items, .count = count, .block_limit = block_limit, .alignment = alignment };
    struct order *order = NULL;
    tuff_status status = TUFF_OK;
    *out_block_sizes = NULL;
    *out_block_count = 0;
    TUFF_TRY_GOTO(tuff_alloc(count, sizeof *plan.placed, &plan.placed));
    TUFF_TRY_GOTO(tuff_alloc(count, sizeof *order, &order));
    for (size_t i = 0; i < count; i++)
        order[i] = (struct order){ .size = items[i].size, .index = i };
    qsort(order, count, sizeof *order, larger_first);
    for (size_t i = 0; i < count; i++)
        TUFF_TRY_GOTO(place(&plan, order[i].index));
    *out_block_sizes = plan.block_sizes;
    *out_block_count = plan.block_count;
    plan.block_sizes = NULL;
done:
    tuff_free(plan.block_sizes);
    tuff_free(plan.placed);
    tuff_free(order);
    return status;
}
