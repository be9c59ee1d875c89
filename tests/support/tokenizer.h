/* SPDX-License-Identifier: Apache-2.0 */
/* Small tokenizers for tests. */
#ifndef TUFF_TESTS_SUPPORT_TOKENIZER_H
#define TUFF_TESTS_SUPPORT_TOKENIZER_H

#include "tuff.h"

/* A tokenizer.json in pieces of JSON; NULL: as a usual small uncased one has it. */
struct test_tokenizer {
    const char *model;
    const char *normalizer;
    const char *pre_tokenizer;
    const char *post_processor;
    const char *added_tokens;
    const char *more; /* further members with a comma before each */
};

/* Writes it to the folder. */
void test_tokenizer_write(const char *folder, const struct test_tokenizer *parts);
/* The same in a folder of its own, opened; fails the test where that fails. */
tuff_tokenizer *test_tokenizer_open(const struct test_tokenizer *parts);

/* "id:start-end id:start-end | ..." of all windows, in code points; overwritten by the next call. */
const char *test_tokenizer_show(const tuff_tokenizer *tokenizer, tuff_text text, const tuff_text *pair,
                                const tuff_encode_options *options);

#endif
