/* SPDX-License-Identifier: Apache-2.0 */
/* What stands beside a vocab.txt, of any bytes, is refused or made a tokenizer of: the bytes are tokenizer_config.json,
 * then special_tokens_map.json, then added_tokens.json. */
#define FUZZ_FOLDER "fuzz_settings_files"
#include "fuzz_encode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const tuff_text text = { "He SAID [MASK] na\xc3\xafve <x> \xe4\xb8\xad", 27 };
    static const char vocabulary[] = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nhe\nsaid\nna\n##ive\n<\nx\n>\nHe\n";
    static const char *const names[] = { "tokenizer_config.json", "special_tokens_map.json",
                                         "added_tokens.json" };
    fuzz_file("vocab.txt", (const uint8_t *)vocabulary, sizeof vocabulary - 1);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *path = fuzz_file(names[i], data, size);
        fuzz_encode(text);
        unlink(path);
    }
    return 0;
}
