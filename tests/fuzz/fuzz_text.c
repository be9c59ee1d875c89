/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes are a text: they encode, windows cover them in order, and offsets lie inside. The vocabulary is
 * that of the folder TUFF_FUZZ_TOKENIZER. */
#include "fuzz.h"
#include "tuff.h"

static tuff_tokenizer *tokenizer;

static void close_tokenizer(void) {
    tuff_tokenizer_close(tokenizer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!tokenizer) {
        const char *folder = getenv("TUFF_FUZZ_TOKENIZER");
        if (!folder || tuff_tokenizer_open(folder, NULL, &tokenizer) != TUFF_OK ||
            atexit(close_tokenizer) != 0)
            abort();
    }
    tuff_encode_options options = TUFF_ENCODE_OPTIONS;
    if (size > 0 && data[0] % 2) {
        options.truncation = TUFF_TRUNCATE_LONGEST_FIRST;
        options.max_length = 2 + data[0] / 2;
        options.stride = data[0] / 8;
    }
    tuff_encodings *encodings = NULL;
    if (tuff_encode(tokenizer, (tuff_text){ (const char *)data, size }, NULL, &options, &encodings) !=
        TUFF_OK)
        return 0;
    for (size_t i = 0; i < tuff_encodings_count(encodings); i++) {
        const tuff_encoding *encoding = tuff_encodings_get(encodings, i);
        for (size_t j = 0; j < encoding->count; j++)
            if (encoding->byte_offsets[j].start > encoding->byte_offsets[j].end ||
                encoding->byte_offsets[j].end > size)
                abort();
    }
    tuff_encodings_free(encodings);
    return 0;
}
