/* SPDX-License-Identifier: Apache-2.0 */
/* A vocab.txt of any bytes is refused, or encodes and decodes a text. */
#define FUZZ_FOLDER "fuzz_vocab_files" /* where no tokenizer.json stands beside it */
#include "fuzz_encode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const tuff_text text = { "It's [MASK] na\xc3\xafve \xe4\xb8\xad unbelievably!", 33 };
    fuzz_file("vocab.txt", data, size);
    fuzz_encode(text);
    return 0;
}
