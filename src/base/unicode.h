/* SPDX-License-Identifier: Apache-2.0 */
/* What BERT's tokenizer asks about a code point, answered as Hugging Face's does, and UTF-8. utf8proc has the
 * data; unicode_table.inc pins every code point where its answer is another or may change with its version
 * (tools/golden/unicode_table.py states the rule). */
#ifndef TUFF_BASE_UNICODE_H
#define TUFF_BASE_UNICODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TUFF_REPLACEMENT 0xFFFDU

enum tuff_unicode_flags {
    TUFF_UNICODE_REMOVED = 1,      /* taken out by clean_text: control, format, private use, NUL, U+FFFD */
    TUFF_UNICODE_SPACE = 2,        /* made ' ' by clean_text */
    TUFF_UNICODE_DROPPED = 4,      /* splits words and is dropped: White_Space */
    TUFF_UNICODE_PUNCTUATION = 8,  /* a word of its own */
    TUFF_UNICODE_MARK = 16,        /* Mn, taken out by strip_accents */
    TUFF_UNICODE_WORD = 32,        /* \w, for the single_word attribute of added tokens */
    TUFF_UNICODE_DECOMPOSABLE = 64 /* internal: of pinned code points */
};

/* `code_point` is below 0x110000 and no surrogate, here and below. */
unsigned tuff_unicode_flags(uint32_t code_point);

/* Chinese to the tokenizer: spaces are put around these. */
bool tuff_unicode_is_cjk(uint32_t code_point);

/* Lower case of one code point, whatever stands around it. Returns how many: 1 or 2. */
size_t tuff_unicode_lower(uint32_t code_point, uint32_t out[2]);

#define TUFF_UNICODE_MAX_DECOMPOSITION 4
/* Full canonical decomposition. Returns how many, at least 1. */
size_t tuff_unicode_decompose(uint32_t code_point, uint32_t out[TUFF_UNICODE_MAX_DECOMPOSITION]);

/* Canonical combining class; 0 for starters. */
uint8_t tuff_unicode_combining_class(uint32_t code_point);

/* Reads the code point at `data` (size > 0) and returns its length in bytes. The maximal part that cannot be
 * UTF-8 gives TUFF_REPLACEMENT; *out_is_valid (may be NULL) tells it from one that is written there. */
size_t tuff_utf8_decode(const char *data, size_t size, uint32_t *out_code_point, bool *out_is_valid);
/* Returns the length in bytes, 1 to 4. */
size_t tuff_utf8_encode(uint32_t code_point, char out[4]);
bool tuff_utf8_is_valid(const char *data, size_t size);

#endif
