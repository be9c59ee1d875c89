/* SPDX-License-Identifier: Apache-2.0 */
/* Code points as BERT's tokenizer sees them; see unicode.h. Nothing is kept between calls: utf8proc's data
 * and the pinned table are constant. */
#include "base/unicode.h"

#include <utf8proc.h>

/* A range for which utf8proc is not asked, unless DECOMPOSABLE is among the flags: then it is, but only for
 * decomposition and combining class. Sorted. */
struct pinned {
    uint32_t first;
    uint32_t last;
    uint32_t flags;
};

/* A lower case that utf8proc does not give; the second code point may be 0: none. Sorted. */
struct pinned_lower {
    uint32_t code_point;
    uint32_t lower[2];
};

#include "base/unicode_table.inc"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct pinned *find_pinned(uint32_t code_point) {
    size_t low = 0;
    size_t high = COUNT(pinned);
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (code_point > pinned[middle].last)
            low = middle + 1;
        else if (code_point < pinned[middle].first)
            high = middle;
        else
            return &pinned[middle];
    }
    return NULL;
}

static unsigned flags_of_category(utf8proc_category_t category) {
    switch (category) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CO:
        return TUFF_UNICODE_REMOVED;
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
        return TUFF_UNICODE_SPACE | TUFF_UNICODE_DROPPED;
    case UTF8PROC_CATEGORY_PC:
        return TUFF_UNICODE_PUNCTUATION | TUFF_UNICODE_WORD;
    case UTF8PROC_CATEGORY_PD:
    case UTF8PROC_CATEGORY_PS:
    case UTF8PROC_CATEGORY_PE:
    case UTF8PROC_CATEGORY_PI:
    case UTF8PROC_CATEGORY_PF:
    case UTF8PROC_CATEGORY_PO:
        return TUFF_UNICODE_PUNCTUATION;
    case UTF8PROC_CATEGORY_MN:
        return TUFF_UNICODE_MARK | TUFF_UNICODE_WORD;
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
        return TUFF_UNICODE_WORD;
    default:
        return 0;
    }
}

/* All that is neither letter nor digit is punctuation here, symbols like '$' too. */
static unsigned flags_of_ascii(uint32_t code_point) {
    if (code_point == '\t' || code_point == '\n' || code_point == '\r' || code_point == ' ')
        return TUFF_UNICODE_SPACE | TUFF_UNICODE_DROPPED;
    if (code_point == '\v' || code_point == '\f')
        return TUFF_UNICODE_REMOVED | TUFF_UNICODE_DROPPED;
    if (code_point < ' ' || code_point == 0x7F)
        return TUFF_UNICODE_REMOVED;
    const uint32_t letter = code_point | 0x20;
    if ((letter >= 'a' && letter <= 'z') || (code_point >= '0' && code_point <= '9'))
        return TUFF_UNICODE_WORD;
    return code_point == '_' ? TUFF_UNICODE_PUNCTUATION | TUFF_UNICODE_WORD : TUFF_UNICODE_PUNCTUATION;
}

unsigned tuff_unicode_flags(uint32_t code_point) {
    if (code_point < 0x80)
        return flags_of_ascii(code_point);
    const struct pinned *entry = find_pinned(code_point);
    if (entry)
        return entry->flags & ~(unsigned)TUFF_UNICODE_DECOMPOSABLE;
    return flags_of_category(utf8proc_category((utf8proc_int32_t)code_point));
}

bool tuff_unicode_is_cjk(uint32_t code_point) {
    /* The ranges of Google's BERT, with the slip (2B920 for 2B820) that Hugging Face's tokenizer has. */
    static const uint32_t ranges[][2] = { { 0x3400, 0x4DBF },   { 0x4E00, 0x9FFF },   { 0xF900, 0xFAFF },
                                          { 0x20000, 0x2A6DF }, { 0x2A700, 0x2B73F }, { 0x2B740, 0x2B81F },
                                          { 0x2B920, 0x2CEAF }, { 0x2F800, 0x2FA1F } };
    for (size_t i = 0; i < COUNT(ranges); i++) {
        if (code_point < ranges[i][0])
            return false;
        if (code_point <= ranges[i][1])
            return true;
    }
    return false;
}

size_t tuff_unicode_lower(uint32_t code_point, uint32_t out[2]) {
    out[0] = code_point;
    if (code_point < 0x80) {
        if (code_point >= 'A' && code_point <= 'Z')
            out[0] += 'a' - 'A';
        return 1;
    }
    size_t low = 0;
    size_t high = COUNT(pinned_lower);
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (code_point > pinned_lower[middle].code_point) {
            low = middle + 1;
        } else if (code_point < pinned_lower[middle].code_point) {
            high = middle;
        } else {
            out[0] = pinned_lower[middle].lower[0];
            out[1] = pinned_lower[middle].lower[1];
            return out[1] ? 2 : 1;
        }
    }
    if (!find_pinned(code_point))
        out[0] = (uint32_t)utf8proc_tolower((utf8proc_int32_t)code_point);
    return 1;
}

/* Whether utf8proc may be asked for decomposition and combining class. */
static bool is_decomposable(uint32_t code_point) {
    if (code_point < 0xC0)
        return false;
    const struct pinned *entry = find_pinned(code_point);
    return !entry || (entry->flags & TUFF_UNICODE_DECOMPOSABLE);
}

size_t tuff_unicode_decompose(uint32_t code_point, uint32_t out[TUFF_UNICODE_MAX_DECOMPOSITION]) {
    out[0] = code_point;
    if (!is_decomposable(code_point))
        return 1;
    utf8proc_int32_t buffer[TUFF_UNICODE_MAX_DECOMPOSITION];
    int boundary = 0;
    const utf8proc_ssize_t count = utf8proc_decompose_char(
        (utf8proc_int32_t)code_point, buffer, TUFF_UNICODE_MAX_DECOMPOSITION, UTF8PROC_DECOMPOSE, &boundary);
    if (count < 1 || count > TUFF_UNICODE_MAX_DECOMPOSITION)
        return 1;
    for (utf8proc_ssize_t i = 0; i < count; i++)
        out[i] = (uint32_t)buffer[i];
    return (size_t)count;
}

uint8_t tuff_unicode_combining_class(uint32_t code_point) {
    if (!is_decomposable(code_point))
        return 0;
    return (uint8_t)utf8proc_get_property((utf8proc_int32_t)code_point)->combining_class;
}

/* How many bytes the sequence has that `lead` begins, and what its second byte may be, which keeps overlong
 * forms, surrogates and numbers beyond 10FFFF out. 0: no lead byte. */
static size_t sequence_length(unsigned char lead, unsigned char *out_low, unsigned char *out_high) {
    *out_low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    *out_high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (lead < 0x80)
        return 1;
    if (lead >= 0xC2 && lead <= 0xDF)
        return 2;
    if (lead >= 0xE0 && lead <= 0xEF)
        return 3;
    return lead >= 0xF0 && lead <= 0xF4 ? 4 : 0;
}

size_t tuff_utf8_decode(const char *data, size_t size, uint32_t *out_code_point, bool *out_is_valid) {
    const unsigned char *bytes = (const unsigned char *)data;
    unsigned char low, high;
    const size_t length = sequence_length(bytes[0], &low, &high);
    uint32_t code_point = length == 1 ? bytes[0] : bytes[0] & (0x7FU >> length);
    size_t used = 1;
    while (used < length && used < size && bytes[used] >= low && bytes[used] <= high) {
        code_point = code_point << 6 | (bytes[used++] & 0x3FU);
        low = 0x80;
        high = 0xBF;
    }
    const bool is_valid = used == length;
    if (out_is_valid)
        *out_is_valid = is_valid;
    *out_code_point = is_valid ? code_point : TUFF_REPLACEMENT;
    return used;
}

size_t tuff_utf8_encode(uint32_t code_point, char out[4]) {
    if (code_point < 0x80) {
        out[0] = (char)code_point;
        return 1;
    }
    const size_t length = code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (code_point & 0x3F));
        code_point >>= 6;
    }
    out[0] = (char)(0xF00U >> length | code_point);
    return length;
}

bool tuff_utf8_is_valid(const char *data, size_t size) {
    for (size_t i = 0; i < size;) {
        uint32_t code_point;
        bool is_valid = true;
        if ((unsigned char)data[i] < 0x80)
            i++;
        else
            i += tuff_utf8_decode(data + i, size - i, &code_point, &is_valid);
        if (!is_valid)
            return false;
    }
    return true;
}
