/* SPDX-License-Identifier: Apache-2.0 */
/* Pairs of neighbouring pieces with how often they occur and in which words; the most frequent is found at
 * once. */
#ifndef TUFF_TASK_PAIR_COUNTS_H
#define TUFF_TASK_PAIR_COUNTS_H

#include <stdbool.h>

#include "base/status.h"

struct tuff_pair {
    int32_t left, right;
    int64_t count;
    uint32_t *words; /* each at least once where the pair occurs; some where it no longer does */
    size_t word_count, word_capacity;
    bool has_risen; /* since the last settling */
};

/* What the heap holds: a pair with the count that it had then. */
struct tuff_pair_entry {
    int64_t count;
    uint32_t pair;
};

/* Zeroed: empty. */
struct tuff_pair_counts {
    struct tuff_pair *items;
    size_t count, capacity;
    uint32_t *slots; /* hash table of indices + 1 */
    size_t slot_count;
    struct tuff_pair_entry *heap;
    size_t heap_count, heap_capacity;
    uint32_t *risen;
    size_t risen_count, risen_capacity;
};

/* Adds to a pair's count what may be negative; a positive change notes the word. */
tuff_status tuff_pair_counts_change(struct tuff_pair_counts *pairs, int32_t left, int32_t right,
                                    int64_t change, uint32_t word);
/* Makes pairs whose counts have risen known to tuff_pair_counts_take. */
tuff_status tuff_pair_counts_settle(struct tuff_pair_counts *pairs);
/* Takes out the most frequent pair; NULL where there is none. */
tuff_status tuff_pair_counts_take(struct tuff_pair_counts *pairs, struct tuff_pair **out_pair);
void tuff_pair_counts_free(struct tuff_pair_counts *pairs);

#endif
