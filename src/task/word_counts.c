/* SPDX-License-Identifier: Apache-2.0 */
#include "task/word_counts.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/unicode.h"

/* ---------------------------------------------------------------- the table */

static uint64_t hash_of(const char *bytes, size_t length) {
    uint64_t hash = 0xcbf29ce484222325U;
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)bytes[i]) * 0x100000001b3U;
    return hash ^ hash >> 29;
}

/* Where the word stands in the table, or the free slot that it would take. */
static size_t find_slot(const struct tuff_word_counts *counts, const char *word, size_t length) {
    size_t slot = hash_of(word, length) & (counts->slot_count - 1);
    while (counts->slots[slot]) {
        const tuff_text other = counts->items[counts->slots[slot] - 1].word;
        if (other.length == length && memcmp(other.data, word, length) == 0)
            break;
        slot = (slot + 1) & (counts->slot_count - 1);
    }
    return slot;
}

static tuff_status grow_table(struct tuff_word_counts *counts) {
    const size_t slot_count = counts->slot_count ? 2 * counts->slot_count : 1 << 12;
    uint32_t *slots = NULL;
    TUFF_TRY(tuff_alloc(slot_count, sizeof *slots, &slots));
    tuff_free(counts->slots);
    counts->slots = slots;
    counts->slot_count = slot_count;
    for (size_t i = 0; i < counts->count; i++)
        slots[find_slot(counts, counts->items[i].word.data, counts->items[i].word.length)] = (uint32_t)i + 1;
    return TUFF_OK;
}

static tuff_status add_word(struct tuff_word_counts *counts, const char *word, size_t length) {
    if (2 * (counts->count + 1) > counts->slot_count)
        TUFF_TRY(grow_table(counts));
    const size_t slot = find_slot(counts, word, length);
    if (!counts->slots[slot]) {
        tuff_text copy;
        if (counts->count >= UINT32_MAX - 1)
            return tuff_fail(TUFF_UNSUPPORTED, "the corpus has more than four billion different words");
        TUFF_TRY(tuff_blocks_copy(&counts->blocks, word, length, &copy));
        TUFF_TRY(tuff_reserve(&counts->items, &counts->capacity, counts->count + 1, sizeof *counts->items));
        counts->items[counts->count++] = (struct tuff_word_count){ .word = copy };
        counts->slots[slot] = (uint32_t)counts->count;
    }
    counts->items[counts->slots[slot] - 1].count++;
    return TUFF_OK;
}

void tuff_word_counts_free(struct tuff_word_counts *counts) {
    tuff_free(counts->items);
    tuff_free(counts->slots);
    tuff_blocks_free(&counts->blocks);
    *counts = (struct tuff_word_counts){ 0 };
}

static int compare_words(const void *a, const void *b) {
    const tuff_text left = ((const struct tuff_word_count *)a)->word;
    const tuff_text right = ((const struct tuff_word_count *)b)->word;
    const size_t common = left.length < right.length ? left.length : right.length;
    const int order = memcmp(left.data, right.data, common);
    return order != 0 ? order : (left.length > right.length) - (left.length < right.length);
}

void tuff_word_counts_sort(struct tuff_word_counts *counts) {
    if (counts->count > 0)
        qsort(counts->items, counts->count, sizeof *counts->items, compare_words);
}

/* ---------------------------------------------------------------- texts to words */

static tuff_status add_characters(struct tuff_word_counts *counts, const struct tuff_normalized *normalized,
                                  size_t start, size_t end, size_t max_length) {
    const uint32_t begin = normalized->byte_starts[start];
    if (start == end || end - start > max_length)
        return TUFF_OK;
    return add_word(counts, normalized->bytes + begin, normalized->byte_starts[end] - begin);
}

/* White space and punctuation end a word, punctuation is one. */
static tuff_status add_normalized(struct tuff_word_counts *counts, const struct tuff_normalized *normalized,
                                  size_t max_length) {
    size_t start = 0;
    for (size_t i = 0; i < normalized->count; i++) {
        const unsigned flags = tuff_unicode_flags(normalized->characters[i].code_point);
        if (!(flags & (TUFF_UNICODE_DROPPED | TUFF_UNICODE_PUNCTUATION)))
            continue;
        TUFF_TRY(add_characters(counts, normalized, start, i, max_length));
        if (!(flags & TUFF_UNICODE_DROPPED))
            TUFF_TRY(add_characters(counts, normalized, i, i + 1, max_length));
        start = i + 1;
    }
    return add_characters(counts, normalized, start, normalized->count, max_length);
}

/* The length of what is UTF-8 at the beginning of the text. */
static size_t valid_length(tuff_text text) {
    size_t at = 0;
    while (at < text.length) {
        uint32_t c;
        bool is_valid;
        const size_t length = tuff_utf8_decode(text.data + at, text.length - at, &c, &is_valid);
        if (!is_valid)
            break;
        at += length;
    }
    return at;
}

tuff_status tuff_word_counts_add(struct tuff_word_counts *counts, const struct tuff_normalizer *normalizer,
                                 tuff_text text, size_t max_length) {
    struct tuff_normalized normalized = { 0 };
    tuff_status status = TUFF_OK;
    while (text.length > 0 && status == TUFF_OK) {
        const size_t length = valid_length(text);
        if (length > 0) {
            status = tuff_normalize(normalizer, (tuff_text){ text.data, length }, &normalized);
            if (status == TUFF_OK)
                status = add_normalized(counts, &normalized, max_length);
        }
        const size_t taken = length < text.length ? length + 1 : length;
        text = (tuff_text){ text.data + taken, text.length - taken };
    }
    tuff_normalized_free(&normalized);
    return status;
}
