/* SPDX-License-Identifier: Apache-2.0 */
/* What stands beside a vocab.txt, of any bytes, is refused or made a tokenizer of: the bytes are tokenizer_config.json,
 * then special_tokens_map.json, then added_tokens.json. */
#define FUZZ_FOLDER "fuzz_settings_files"
#include "fuzz.h"
#include "tuff.h"

static void encode(void) {
    static const tuff_text text = { "He SAID [MASK] na\xc3\xafve <x> \xe4\xb8\xad", 27 };
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char vocabulary[] = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nhe\nsaid\nna\n##ive\n<\nx\n>\nHe\n";
    static const char *const names[] = { "tokenizer_config.json", "special_tokens_map.json",
                                         "added_tokens.json" };
    fuzz_file("vocab.txt", (const uint8_t *)vocabulary, sizeof vocabulary - 1);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *path = fuzz_file(names[i], data, size);
        encode();
        unlink(path);
    }
    return 0;
}
