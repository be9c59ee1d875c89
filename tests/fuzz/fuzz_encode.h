/* SPDX-License-Identifier: Apache-2.0 */
/* What tokenizers are tried with. */
#ifndef TUFF_TESTS_FUZZ_ENCODE_H
#define TUFF_TESTS_FUZZ_ENCODE_H

#include "fuzz.h"
#include "tuff.h"

/* Encodes a text with the tokenizer of the folder, where that is one; each id of it has a token. */
static inline void fuzz_encode(tuff_text text) {
    tuff_tokenizer *tokenizer = NULL;
    tuff_encodings *encodings = NULL;
    const tuff_encode_options options = TUFF_ENCODE_OPTIONS;
    if (tuff_tokenizer_open(FUZZ_FOLDER, NULL, &tokenizer) != TUFF_OK)
        return;
    if (tuff_encode(tokenizer, text, NULL, &options, &encodings) == TUFF_OK) {
        const tuff_encoding *encoding = tuff_encodings_get(encodings, 0);
        for (size_t i = 0; i < encoding->count; i++)
            if (!tuff_encodings_token(encodings, tokenizer, 0, i))
                abort();
        tuff_encodings_free(encodings);
    }
    tuff_tokenizer_close(tokenizer);
}

#endif
