/* SPDX-License-Identifier: Apache-2.0 */
#include "task/trie.h"

#include "base/memory.h"

/* Nodes fit in 24 bits, so that an edge's key fits in 32. */
#define MAX_NODES ((size_t)1 << 24)

static void put(struct tuff_trie *trie, uint64_t slot) {
    const uint32_t key = (uint32_t)(slot >> 32);
    size_t i = (key * 0x9E3779B1U) >> trie->shift;
    while (trie->slots[i] != 0)
        i = (i + 1) & (trie->slot_count - 1);
    trie->slots[i] = slot;
}

/* At most half of the slots are taken: searches stay short. */
static tuff_status make_room(struct tuff_trie *trie) {
    if (trie->node_count >= MAX_NODES)
        return tuff_fail(TUFF_FORMAT, "the vocabulary has more than %zu different beginnings of tokens",
                         MAX_NODES);
    TUFF_TRY(tuff_reserve(&trie->values, &trie->node_capacity, trie->node_count + 2, sizeof *trie->values));
    if (trie->node_count == 0)
        trie->values[trie->node_count++] = TUFF_TRIE_NONE;
    if (trie->slot_count > 2 * trie->node_count)
        return TUFF_OK;
    struct tuff_trie larger = *trie;
    larger.slot_count = trie->slot_count ? 2 * trie->slot_count : 256;
    larger.shift = trie->slot_count ? trie->shift - 1 : 24;
    TUFF_TRY(tuff_alloc(larger.slot_count, sizeof *larger.slots, &larger.slots));
    for (size_t i = 0; i < trie->slot_count; i++) {
        if (trie->slots[i] != 0)
            put(&larger, trie->slots[i]);
    }
    tuff_free(trie->slots);
    *trie = larger;
    return TUFF_OK;
}

tuff_status tuff_trie_insert(struct tuff_trie *trie, const char *text, size_t length, int32_t value) {
    TUFF_TRY(make_room(trie));
    uint32_t node = 0;
    for (size_t i = 0; i < length; i++) {
        const unsigned char byte = (unsigned char)text[i];
        uint32_t child = tuff_trie_step(trie, node, byte);
        if (child == 0) {
            TUFF_TRY(make_room(trie));
            child = (uint32_t)trie->node_count++;
            trie->values[child] = TUFF_TRIE_NONE;
            put(trie, (uint64_t)(node << 8 | byte) << 32 | child);
        }
        node = child;
    }
    trie->values[node] = value;
    return TUFF_OK;
}

void tuff_trie_free(struct tuff_trie *trie) {
    tuff_free(trie->slots);
    tuff_free(trie->values);
    *trie = (struct tuff_trie){ 0 };
}

uint32_t tuff_trie_walk(const struct tuff_trie *trie, const char *text, size_t length) {
    uint32_t node = 0;
    for (size_t i = 0; i < length; i++) {
        node = tuff_trie_step(trie, node, (unsigned char)text[i]);
        if (node == 0)
            return 0;
    }
    return node;
}

int32_t tuff_trie_find(const struct tuff_trie *trie, const char *text, size_t length) {
    const uint32_t node = tuff_trie_walk(trie, text, length);
    if (trie->node_count == 0 || (node == 0 && length > 0))
        return TUFF_TRIE_NONE;
    return trie->values[node];
}
