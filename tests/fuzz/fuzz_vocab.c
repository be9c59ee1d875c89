/* SPDX-License-Identifier: Apache-2.0 */
/* A vocab.txt of any bytes is refused, or encodes and decodes a text. */
#define FUZZ_FOLDER "fuzz_vocab_files" /* where no tokenizer.json stands beside it */
#include "fuzz.h"
#include "tuff.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const tuff_text text = { "It's [MASK] na\xc3\xafve \xe4\xb8\xad unbelievably!", 33 };
    tuff_tokenizer *tokenizer = NULL;
    tuff_encodings *encodings = NULL;
    const tuff_encode_options options = TUFF_ENCODE_OPTIONS;
    fuzz_file("vocab.txt", data, size);
    if (tuff_tokenizer_open(FUZZ_FOLDER, NULL, &tokenizer) != TUFF_OK)
        return 0;
    if (tuff_encode(tokenizer, text, NULL, &options, &encodings) == TUFF_OK) {
        const tuff_encoding *encoding = tuff_encodings_get(encodings, 0);
        for (size_t i = 0; i < encoding->count; i++)
            if (!tuff_encodings_token(encodings, tokenizer, 0, i))
                abort();
        tuff_encodings_free(encodings);
    }
    tuff_tokenizer_close(tokenizer);
    return 0;
}
