/* SPDX-License-Identifier: Apache-2.0 */
/* Every code point against the oracle's four tables, with whatever utf8proc this build has. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/unicode.h"
#include "support/folder.h"
#include "support/folder.h"

#define LIMIT 0x110000U

static FILE *open_table(const char *name) {
    FILE *file = fopen(test_path(test_oracle("tokenizer"), name), "r");
    cr_assert(file, "%s cannot be opened", name);
    char heading[256];
    cr_assert(fgets(heading, sizeof heading, file));
    return file;
}

static bool is_surrogate(uint32_t code_point) {
    return code_point >= 0xD800 && code_point < 0xE000;
}

Test(base_unicode, classes_are_those_of_the_oracle) {
    enum { CJK = 1 << 8 };
    unsigned *expected = calloc(LIMIT, sizeof *expected);
    FILE *file = open_table("codepoint_classes.tsv");
    uint32_t first, last;
    char clean[32], split[32];
    while (fscanf(file, "%x %x %31s %31s", &first, &last, clean, split) == 4) {
        for (uint32_t c = first; c <= last; c++) {
            expected[c] |= strcmp(clean, "removed") == 0 ? TUFF_UNICODE_REMOVED : 0U;
            expected[c] |= strcmp(clean, "space") == 0 ? TUFF_UNICODE_SPACE : 0U;
            expected[c] |= strcmp(clean, "cjk") == 0 ? CJK : 0U;
            expected[c] |= strcmp(split, "punct") == 0 ? TUFF_UNICODE_PUNCTUATION : 0U;
            expected[c] |= strcmp(split, "split_and_dropped") == 0 ? TUFF_UNICODE_DROPPED : 0U;
        }
    }
    fclose(file);
    for (uint32_t c = 0; c < LIMIT; c++) {
        if (is_surrogate(c))
            continue;
        const unsigned mask =
            TUFF_UNICODE_REMOVED | TUFF_UNICODE_SPACE | TUFF_UNICODE_PUNCTUATION | TUFF_UNICODE_DROPPED;
        const unsigned flags = (tuff_unicode_flags(c) & mask) | (tuff_unicode_is_cjk(c) ? CJK : 0U);
        cr_assert_eq(flags, expected[c], "U+%04X: %x, expected %x", c, flags, expected[c]);
    }
    free(expected);
}

/* Writes the mapped code points as the tables do: "0061 030A". */
static void print_code_points(const uint32_t *code_points, size_t count, char *out) {
    *out = '\0';
    for (size_t i = 0; i < count; i++)
        out += sprintf(out, "%s%04X", i > 0 ? " " : "", code_points[i]);
}

static size_t lower(uint32_t code_point, uint32_t *out) {
    return tuff_unicode_lower(code_point, out);
}

static size_t strip(uint32_t code_point, uint32_t *out) {
    uint32_t parts[TUFF_UNICODE_MAX_DECOMPOSITION];
    const size_t part_count = tuff_unicode_decompose(code_point, parts);
    size_t count = 0;
    for (size_t i = 0; i < part_count; i++) {
        if (!(tuff_unicode_flags(parts[i]) & TUFF_UNICODE_MARK))
            out[count++] = parts[i];
    }
    return count;
}

/* This table is of cleaned text: what is a space by then (U+2000 would become U+2002) is not in it. */
static size_t lower_strip(uint32_t code_point, uint32_t *out) {
    if (tuff_unicode_flags(code_point) & TUFF_UNICODE_SPACE)
        return lower(code_point, out);
    uint32_t parts[TUFF_UNICODE_MAX_DECOMPOSITION];
    const size_t part_count = strip(code_point, parts);
    size_t count = 0;
    for (size_t i = 0; i < part_count; i++)
        count += lower(parts[i], out + count);
    return count;
}

/* The table lists what changes; all others stay. clean_text runs before, so spaces and removed ones are left.
 */
static void check_mapping(const char *name, size_t (*map)(uint32_t, uint32_t *)) {
    FILE *file = open_table(name);
    uint32_t c = 0;
    char line[256], found[64], expected[64];
    uint32_t result[2 * TUFF_UNICODE_MAX_DECOMPOSITION];
    while (c < LIMIT) {
        uint32_t next = LIMIT;
        const char *mapped = "";
        if (fgets(line, sizeof line, file)) {
            line[strcspn(line, "\r\n")] = '\0';
            char *tab = strchr(line, '\t');
            cr_assert(tab);
            mapped = tab + 1;
            next = (uint32_t)strtoul(line, NULL, 16);
        }
        for (; c < next; c++) {
            if (is_surrogate(c))
                continue;
            print_code_points(result, map(c, result), found);
            print_code_points(&c, 1, expected);
            cr_assert_str_eq(found, expected, "%s: U+%04X becomes %s, expected no change", name, c, found);
        }
        if (c < LIMIT) {
            print_code_points(result, map(c, result), found);
            cr_assert_str_eq(found, mapped, "%s: U+%04X becomes %s, expected %s", name, c, found, mapped);
            c++;
        }
    }
    fclose(file);
}

Test(base_unicode, lower_case_is_that_of_the_oracle) {
    check_mapping("codepoint_lower.tsv", lower);
}

Test(base_unicode, stripped_accents_are_those_of_the_oracle) {
    check_mapping("codepoint_strip.tsv", strip);
}

Test(base_unicode, lower_and_stripped_are_those_of_the_oracle) {
    check_mapping("codepoint_lower_strip.tsv", lower_strip);
}

Test(base_unicode, every_code_point_survives_utf8) {
    for (uint32_t c = 0; c < LIMIT; c++) {
        if (is_surrogate(c))
            continue;
        char bytes[4];
        uint32_t decoded;
        bool is_valid = false;
        const size_t length = tuff_utf8_encode(c, bytes);
        cr_assert_eq(tuff_utf8_decode(bytes, length, &decoded, &is_valid), length);
        cr_assert(is_valid && decoded == c, "U+%04X", c);
        if (length > 1) {
            cr_assert_eq(tuff_utf8_decode(bytes, length - 1, &decoded, &is_valid), length - 1);
            cr_assert(!is_valid && decoded == TUFF_REPLACEMENT, "U+%04X cut", c);
        }
    }
}

/* The lengths that Python's errors="replace" gives: one replacement for each maximal wrong part. */
Test(base_unicode, wrong_utf8_is_replaced_by_maximal_parts) {
    static const struct {
        const char *text;
        size_t lengths[8];
    } cases[] = {
        { "\x80", { 1 } },
        { "\xff\xfe", { 1, 1 } },
        { "\xc0\x80", { 1, 1 } },
        { "\xe2\x82", { 2 } },
        { "\xe2\x82z", { 2, 1 } },
        { "\xed\xa0\x80", { 1, 1, 1 } },
        { "\xf0\x9f\x98", { 3 } },
        { "\xf0\x80\x80\x80", { 1, 1, 1, 1 } },
        { "\xf4\x90\x80\x80", { 1, 1, 1, 1 } },
        { "\xf5\x80", { 1, 1 } },
        { "\xe2\xe2\x82\xac", { 1, 3 } },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const size_t size = strlen(cases[i].text);
        cr_assert_not(tuff_utf8_is_valid(cases[i].text, size));
        size_t at = 0;
        for (size_t j = 0; at < size; j++) {
            uint32_t code_point;
            const size_t length = tuff_utf8_decode(cases[i].text + at, size - at, &code_point, NULL);
            cr_assert_eq(length, cases[i].lengths[j], "row %zu, part %zu: %zu bytes", i, j, length);
            at += length;
        }
    }
}
