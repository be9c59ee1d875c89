/* SPDX-License-Identifier: Apache-2.0 */
/* A set of byte strings with a number each, walked byte by byte, so that the longest entry at a place of a
 * text is found in one pass. Edges lie in one hash table; node 0 is the root and never a child. */
#ifndef TUFF_TASK_TRIE_H
#define TUFF_TASK_TRIE_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

#define TUFF_TRIE_NONE (-1)

/* Zeroed: an empty trie. */
struct tuff_trie {
    uint64_t *slots;   /* (parent << 8 | byte) << 32 | child; 0: free */
    size_t slot_count; /* a power of two */
    unsigned shift;    /* 32 - log2(slot_count) */
    int32_t *values;   /* of each node; TUFF_TRIE_NONE: no entry ends here */
    size_t node_count;
    size_t node_capacity;
};

/* Adds an entry, or gives one that is there a new value. `value` is not negative. */
tuff_status tuff_trie_insert(struct tuff_trie *trie, const char *text, size_t length, int32_t value);
void tuff_trie_free(struct tuff_trie *trie);

/* The child over an edge, or 0. */
static inline uint32_t tuff_trie_step(const struct tuff_trie *trie, uint32_t node, unsigned char byte) {
    if (trie->slot_count == 0)
        return 0;
    const uint32_t key = node << 8 | byte;
    for (size_t i = (key * 0x9E3779B1U) >> trie->shift;; i = (i + 1) & (trie->slot_count - 1)) {
        const uint64_t slot = trie->slots[i];
        if (slot == 0)
            return 0;
        if (slot >> 32 == key)
            return (uint32_t)slot;
    }
}

/* The node at the end of a string that must be walked in full, or 0; the root for an empty one. */
uint32_t tuff_trie_walk(const struct tuff_trie *trie, const char *text, size_t length);

/* The value of the whole string, or TUFF_TRIE_NONE. */
int32_t tuff_trie_find(const struct tuff_trie *trie, const char *text, size_t length);

#endif
