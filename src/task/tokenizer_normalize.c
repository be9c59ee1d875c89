/* SPDX-License-Identifier: Apache-2.0 */
/* BertNormalizer: clean, set Chinese characters apart, strip accents, lower; each character keeps the index
 * of the one that it came from. Steps that make characters of one give all of them its source. */
#include "task/tokenizer.h"

#include <string.h>

#include "base/memory.h"
#include "base/unicode.h"

/* A part of a decomposition on its way to canonical order. */
struct tuff_mark {
    uint32_t code_point;
    uint8_t combining_class;
    bool is_first; /* of the parts of its character */
};

static void push(struct tuff_normalized *normalized, uint32_t code_point, uint32_t source) {
    normalized->characters[normalized->count++] = (struct tuff_character){ code_point, source };
}

/* Decodes, cleans and puts spaces around Chinese characters. */
static tuff_status read_text(const struct tuff_normalizer *normalizer, tuff_text text,
                             struct tuff_normalized *normalized) {
    /* A Chinese character with its spaces makes three of at least three bytes. */
    TUFF_TRY(tuff_reserve(&normalized->characters, &normalized->characters_capacity, text.length + 1,
                          sizeof *normalized->characters));
    TUFF_TRY(tuff_reserve(&normalized->source_bytes, &normalized->source_bytes_capacity, text.length + 1,
                          sizeof *normalized->source_bytes));
    normalized->count = 0;
    uint32_t source = 0;
    for (size_t at = 0; at < text.length; source++) {
        uint32_t c;
        normalized->source_bytes[source] = (uint32_t)at;
        at += tuff_utf8_decode(text.data + at, text.length - at, &c, NULL);
        if (normalizer->clean_text) {
            const unsigned flags = tuff_unicode_flags(c);
            if (flags & TUFF_UNICODE_REMOVED)
                continue;
            if (flags & TUFF_UNICODE_SPACE)
                c = ' ';
        }
        const bool is_apart = normalizer->handle_chinese_chars && tuff_unicode_is_cjk(c);
        if (is_apart)
            push(normalized, ' ', source);
        push(normalized, c, source);
        if (is_apart)
            push(normalized, ' ', source);
    }
    normalized->source_count = source;
    normalized->source_bytes[source] = (uint32_t)text.length;
    return TUFF_OK;
}

/* Stable; a run may be as long as the text, so that sorting it must stay linear. */
static void sort_run(struct tuff_mark *marks, size_t count, struct tuff_mark *scratch) {
    size_t starts[257] = { 0 };
    for (size_t i = 0; i < count; i++)
        starts[marks[i].combining_class + 1]++;
    for (size_t i = 1; i < 257; i++)
        starts[i] += starts[i - 1];
    memcpy(scratch, marks, count * sizeof *marks);
    for (size_t i = 0; i < count; i++)
        marks[starts[scratch[i].combining_class]++] = scratch[i];
}

/* Canonical order: runs without a starter are sorted by class. */
static tuff_status order_marks(struct tuff_normalized *normalized, size_t count) {
    struct tuff_mark *marks = normalized->marks;
    for (size_t i = 0; i < count;) {
        if (marks[i].combining_class == 0) {
            i++;
            continue;
        }
        size_t end = i + 1;
        bool is_sorted = true;
        for (; end < count && marks[end].combining_class != 0; end++)
            is_sorted = is_sorted && marks[end - 1].combining_class <= marks[end].combining_class;
        if (!is_sorted) {
            TUFF_TRY(tuff_reserve(&normalized->scratch, &normalized->scratch_capacity, end - i,
                                  sizeof *normalized->scratch));
            sort_run(marks + i, end - i, normalized->scratch);
        }
        i = end;
    }
    return TUFF_OK;
}

static tuff_status decompose(struct tuff_normalized *normalized, size_t *out_count) {
    size_t count = 0;
    for (size_t i = 0; i < normalized->count; i++) {
        uint32_t parts[TUFF_UNICODE_MAX_DECOMPOSITION];
        const size_t part_count = tuff_unicode_decompose(normalized->characters[i].code_point, parts);
        TUFF_TRY(tuff_reserve(&normalized->marks, &normalized->marks_capacity, count + part_count,
                              sizeof *normalized->marks));
        for (size_t j = 0; j < part_count; j++)
            normalized->marks[count++] =
                (struct tuff_mark){ parts[j], tuff_unicode_combining_class(parts[j]), j == 0 };
    }
    *out_count = count;
    return order_marks(normalized, count);
}

/* NFD without Mn. Reordered parts take their sources from where they come to stand: the first parts in
 * the order of the characters, the others from the first part before them, as Hugging Face counts. */
static tuff_status strip_accents(struct tuff_normalized *normalized) {
    size_t count = 0;
    TUFF_TRY(decompose(normalized, &count));
    const size_t old_count = normalized->count;
    TUFF_TRY(tuff_reserve(&normalized->old, &normalized->old_capacity, old_count, sizeof *normalized->old));
    if (old_count > 0)
        memcpy(normalized->old, normalized->characters, old_count * sizeof *normalized->characters);
    TUFF_TRY(tuff_reserve(&normalized->characters, &normalized->characters_capacity, count,
                          sizeof *normalized->characters));
    normalized->count = 0;
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        const struct tuff_mark mark = normalized->marks[i];
        used += mark.is_first;
        if (!(tuff_unicode_flags(mark.code_point) & TUFF_UNICODE_MARK))
            push(normalized, mark.code_point, normalized->old[used > 0 ? used - 1 : 0].source);
    }
    return TUFF_OK;
}

/* Only U+0130 grows, to two. */
static tuff_status lower(struct tuff_normalized *normalized) {
    const size_t old_count = normalized->count;
    size_t grown = 0;
    for (size_t i = 0; i < old_count; i++) {
        uint32_t lowered[2];
        grown += tuff_unicode_lower(normalized->characters[i].code_point, lowered) - 1;
    }
    TUFF_TRY(tuff_reserve(&normalized->characters, &normalized->characters_capacity, old_count + grown + 1,
                          sizeof *normalized->characters));
    /* Backwards, so that no character is overwritten before it is read. */
    size_t to = old_count + grown;
    normalized->count = to;
    for (size_t i = old_count; i-- > 0;) {
        const struct tuff_character character = normalized->characters[i];
        uint32_t lowered[2];
        const size_t count = tuff_unicode_lower(character.code_point, lowered);
        for (size_t j = count; j-- > 0;)
            normalized->characters[--to] = (struct tuff_character){ lowered[j], character.source };
    }
    return TUFF_OK;
}

static tuff_status write_bytes(struct tuff_normalized *normalized) {
    const size_t count = normalized->count;
    TUFF_TRY(tuff_reserve(&normalized->bytes, &normalized->bytes_capacity, 4 * count + 1, 1));
    TUFF_TRY(tuff_reserve(&normalized->byte_starts, &normalized->byte_starts_capacity, count + 1,
                          sizeof *normalized->byte_starts));
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        normalized->byte_starts[i] = (uint32_t)size;
        size += tuff_utf8_encode(normalized->characters[i].code_point, normalized->bytes + size);
    }
    normalized->byte_starts[count] = (uint32_t)size;
    return TUFF_OK;
}

tuff_status tuff_normalize(const struct tuff_normalizer *normalizer, tuff_text text,
                           struct tuff_normalized *normalized) {
    TUFF_TRY(read_text(normalizer, text, normalized));
    if (normalizer->strip_accents)
        TUFF_TRY(strip_accents(normalized));
    if (normalizer->lowercase)
        TUFF_TRY(lower(normalized));
    return write_bytes(normalized);
}

void tuff_normalized_free(struct tuff_normalized *normalized) {
    tuff_free(normalized->characters);
    tuff_free(normalized->bytes);
    tuff_free(normalized->byte_starts);
    tuff_free(normalized->source_bytes);
    tuff_free(normalized->old);
    tuff_free(normalized->marks);
    tuff_free(normalized->scratch);
    *normalized = (struct tuff_normalized){ 0 };
}
