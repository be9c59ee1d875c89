/* SPDX-License-Identifier: Apache-2.0 */
#include "task/pair_counts.h"

#include "base/memory.h"

/* ---------------------------------------------------------------- the table */

static size_t find_slot(const struct tuff_pair_counts *pairs, int32_t left, int32_t right) {
    const uint64_t key = (uint64_t)(uint32_t)left << 32 | (uint32_t)right;
    size_t slot = (size_t)(key * 0x9E3779B97F4A7C15U >> 32) & (pairs->slot_count - 1);
    while (pairs->slots[slot]) {
        const struct tuff_pair *pair = &pairs->items[pairs->slots[slot] - 1];
        if (pair->left == left && pair->right == right)
            break;
        slot = (slot + 1) & (pairs->slot_count - 1);
    }
    return slot;
}

static tuff_status grow_table(struct tuff_pair_counts *pairs) {
    const size_t slot_count = pairs->slot_count ? 2 * pairs->slot_count : 1 << 12;
    uint32_t *slots = NULL;
    TUFF_TRY(tuff_alloc(slot_count, sizeof *slots, &slots));
    tuff_free(pairs->slots);
    pairs->slots = slots;
    pairs->slot_count = slot_count;
    for (size_t i = 0; i < pairs->count; i++)
        slots[find_slot(pairs, pairs->items[i].left, pairs->items[i].right)] = (uint32_t)i + 1;
    return TUFF_OK;
}

/* The pair's index; it is made where it is new. */
static tuff_status find(struct tuff_pair_counts *pairs, int32_t left, int32_t right, uint32_t *out_index) {
    if (2 * (pairs->count + 1) > pairs->slot_count)
        TUFF_TRY(grow_table(pairs));
    const size_t slot = find_slot(pairs, left, right);
    if (!pairs->slots[slot]) {
        TUFF_TRY(tuff_reserve(&pairs->items, &pairs->capacity, pairs->count + 1, sizeof *pairs->items));
        pairs->items[pairs->count++] = (struct tuff_pair){ .left = left, .right = right };
        pairs->slots[slot] = (uint32_t)pairs->count;
    }
    *out_index = pairs->slots[slot] - 1;
    return TUFF_OK;
}

static tuff_status note_risen(struct tuff_pair_counts *pairs, uint32_t index) {
    if (pairs->items[index].has_risen)
        return TUFF_OK;
    pairs->items[index].has_risen = true;
    TUFF_TRY(
        tuff_reserve(&pairs->risen, &pairs->risen_capacity, pairs->risen_count + 1, sizeof *pairs->risen));
    pairs->risen[pairs->risen_count++] = index;
    return TUFF_OK;
}

tuff_status tuff_pair_counts_change(struct tuff_pair_counts *pairs, int32_t left, int32_t right,
                                    int64_t change, uint32_t word) {
    uint32_t index = 0;
    TUFF_TRY(find(pairs, left, right, &index));
    struct tuff_pair *pair = &pairs->items[index];
    pair->count += change;
    if (change <= 0)
        return TUFF_OK;
    TUFF_TRY(note_risen(pairs, index));
    if (pair->word_count > 0 && pair->words[pair->word_count - 1] == word)
        return TUFF_OK;
    TUFF_TRY(tuff_reserve(&pair->words, &pair->word_capacity, pair->word_count + 1, sizeof *pair->words));
    pair->words[pair->word_count++] = word;
    return TUFF_OK;
}

void tuff_pair_counts_free(struct tuff_pair_counts *pairs) {
    for (size_t i = 0; i < pairs->count; i++)
        tuff_free(pairs->items[i].words);
    tuff_free(pairs->items);
    tuff_free(pairs->slots);
    tuff_free(pairs->heap);
    tuff_free(pairs->risen);
    *pairs = (struct tuff_pair_counts){ 0 };
}

/* ---------------------------------------------------------------- the heap */

/* More frequent, or as frequent with the lower ids. */
static bool is_before(const struct tuff_pair_counts *pairs, struct tuff_pair_entry a,
                      struct tuff_pair_entry b) {
    const struct tuff_pair *left = &pairs->items[a.pair], *right = &pairs->items[b.pair];
    if (a.count != b.count)
        return a.count > b.count;
    return left->left != right->left ? left->left < right->left : left->right < right->right;
}

static void swap(struct tuff_pair_counts *pairs, size_t a, size_t b) {
    const struct tuff_pair_entry kept = pairs->heap[a];
    pairs->heap[a] = pairs->heap[b];
    pairs->heap[b] = kept;
}

static tuff_status push(struct tuff_pair_counts *pairs, uint32_t index) {
    TUFF_TRY(tuff_reserve(&pairs->heap, &pairs->heap_capacity, pairs->heap_count + 1, sizeof *pairs->heap));
    size_t place = pairs->heap_count++;
    pairs->heap[place] = (struct tuff_pair_entry){ pairs->items[index].count, index };
    while (place > 0 && is_before(pairs, pairs->heap[place], pairs->heap[(place - 1) / 2])) {
        swap(pairs, place, (place - 1) / 2);
        place = (place - 1) / 2;
    }
    return TUFF_OK;
}

static struct tuff_pair_entry pop(struct tuff_pair_counts *pairs) {
    const struct tuff_pair_entry top = pairs->heap[0];
    pairs->heap[0] = pairs->heap[--pairs->heap_count];
    for (size_t place = 0;;) {
        size_t best = place;
        for (size_t child = 2 * place + 1; child <= 2 * place + 2 && child < pairs->heap_count; child++)
            if (is_before(pairs, pairs->heap[child], pairs->heap[best]))
                best = child;
        if (best == place)
            return top;
        swap(pairs, place, best);
        place = best;
    }
}

tuff_status tuff_pair_counts_settle(struct tuff_pair_counts *pairs) {
    for (size_t i = 0; i < pairs->risen_count; i++) {
        struct tuff_pair *pair = &pairs->items[pairs->risen[i]];
        pair->has_risen = false;
        if (pair->count > 0)
            TUFF_TRY(push(pairs, pairs->risen[i]));
    }
    pairs->risen_count = 0;
    return TUFF_OK;
}

/* An entry whose count has fallen since goes back with the new one; where it has risen, another entry says
 * so. */
tuff_status tuff_pair_counts_take(struct tuff_pair_counts *pairs, struct tuff_pair **out_pair) {
    *out_pair = NULL;
    while (pairs->heap_count > 0) {
        const struct tuff_pair_entry entry = pop(pairs);
        struct tuff_pair *pair = &pairs->items[entry.pair];
        if (pair->count == entry.count && entry.count > 0) {
            *out_pair = pair;
            return TUFF_OK;
        }
        if (pair->count > 0 && pair->count < entry.count)
            TUFF_TRY(push(pairs, entry.pair));
    }
    return TUFF_OK;
}
