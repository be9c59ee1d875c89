/* SPDX-License-Identifier: Apache-2.0 */
/* Lifetimes to places: tensors whose lives do not overlap share memory. */
#ifndef TUFF_GRAPH_MEMORY_PLAN_H
#define TUFF_GRAPH_MEMORY_PLAN_H

#include "base/status.h"

/* One thing to place. Steps are inclusive. */
struct tuff_plan_item {
    uint64_t size;
    int32_t first_step, last_step;
    uint32_t block;  /* out */
    uint64_t offset; /* out */
};

/* Places the items into as few bytes as first fit by falling size finds, in blocks of at most `block_limit`
 * bytes; offsets are multiples of `alignment`. *out_block_sizes (freed by the caller) has *out_block_count
 * entries. TUFF_UNSUPPORTED if one item is larger than a block. */
tuff_status tuff_memory_plan(struct tuff_plan_item *items, size_t count, uint64_t block_limit,
                             uint64_t alignment, uint64_t **out_block_sizes, size_t *out_block_count);

#endif
