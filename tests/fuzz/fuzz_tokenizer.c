/* SPDX-License-Identifier: Apache-2.0 */
/* A tokenizer.json of any bytes is refused, or encodes a text of every kind. */
#include "fuzz.h"
#include "tuff.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char text[] =
        "It's [MASK] na\xc3\xafve \xe4\xb8\xad\xe6\x96\x87 \xff\xf0\x9f\x98\x80\0 unbelievably!";
    tuff_tokenizer *tokenizer = NULL;
    fuzz_file("tokenizer.json", data, size);
    if (tuff_tokenizer_open(FUZZ_FOLDER, NULL, &tokenizer) != TUFF_OK)
        return 0;
    tuff_encode_options options = TUFF_ENCODE_OPTIONS;
    options.truncation = TUFF_TRUNCATE_LONGEST_FIRST;
    options.max_length = 8;
    options.stride = 2;
    tuff_encodings *encodings = NULL;
    if (tuff_encode(tokenizer, (tuff_text){ text, sizeof text - 1 }, NULL, &options, &encodings) == TUFF_OK)
        tuff_encodings_free(encodings);
    tuff_tokenizer_close(tokenizer);
    return 0;
}
