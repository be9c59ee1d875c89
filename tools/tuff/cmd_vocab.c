/* SPDX-License-Identifier: Apache-2.0 */
/* tuff vocab: a WordPiece vocabulary from files of text. */
#include "progress.h"
#include "session.h"

#include <stdio.h>
#include <stdlib.h>

struct vocab {
    const char *corpus;
    uint64_t size, min_count, alphabet_limit;
    bool keeps_case, keeps_accents;
    struct common_options common;
};

static int run(const struct vocab *vocab, const char *const *paths, size_t path_count) {
    tuff_vocabulary_options options = TUFF_VOCABULARY_OPTIONS;
    size_t count = 0;
    options.vocab_size = (uint32_t)vocab->size;
    options.min_count = vocab->min_count;
    options.alphabet_limit = (uint32_t)vocab->alphabet_limit;
    options.keeps_case = vocab->keeps_case;
    options.keeps_accents = vocab->keeps_accents;
    options.progress = session_progress;
    session_watch_interrupt();
    progress_start("tokens", (size_t)vocab->size, vocab->common.quiet);
    const tuff_status status = tuff_vocabulary_make(paths, path_count, &options, vocab->common.out, &count);
    progress_stop();
    if (status != TUFF_OK)
        return session_fail(status);
    if (!vocab->common.quiet)
        complain("%s: %zu tokens", vocab->common.out, count);
    return EXIT_SUCCESS;
}

int tuff_cmd_vocab(int argc, char **argv) {
    struct vocab vocab = {
        .size = 30522, .min_count = 2, .alphabet_limit = 1000, .common = { .out = "vocab.txt" }
    };
    const struct option options[] = {
        { .name = "corpus",
          .type = OPTION_STRING,
          .value_name = "FILE",
          .target = &vocab.corpus,
          .help = "text to read; further files may follow as arguments",
          .is_required = true },
        { .name = "size",
          .type = OPTION_UNSIGNED,
          .value_name = "N",
          .target = &vocab.size,
          .help = "tokens at most (30522)",
          .minimum = 6,
          .maximum = 1 << 24 },
        { .name = "out",
          .type = OPTION_STRING,
          .value_name = "FILE",
          .target = &vocab.common.out,
          .help = "where the vocabulary is written, a token a line (vocab.txt)" },
        { .name = "min-count",
          .type = OPTION_UNSIGNED,
          .value_name = "N",
          .target = &vocab.min_count,
          .help = "pieces that occur together less often are not merged (2)",
          .minimum = 1 },
        { .name = "alphabet",
          .type = OPTION_UNSIGNED,
          .value_name = "N",
          .target = &vocab.alphabet_limit,
          .help = "characters that are kept, the most frequent ones (1000)",
          .minimum = 1,
          .maximum = 0x110000 },
        { .name = "cased",
          .type = OPTION_BOOLEAN,
          .target = &vocab.keeps_case,
          .help = "tell capitals from small letters" },
        { .name = "accents",
          .type = OPTION_BOOLEAN,
          .target = &vocab.keeps_accents,
          .help = "keep accents (use it with --cased as BERT's cased models do)" },
        TALK_OPTIONS(vocab.common),
    };
    const struct command command = {
        .name = "vocab",
        .arguments = "[FILE...]",
        .about =
            "Makes a WordPiece vocabulary from text: special tokens, characters, then the pieces that come "
            "of "
            "merging what stands together most often. Words of more than 100 characters are left out, as the "
            "tokenizer does not look into them; bytes that are not UTF-8 are dropped.",
        .example = "tuff vocab --corpus tools/demo.txt --size 200 --out build/vocab.txt",
        .options = options,
        .option_count = COUNT(options),
        .maximum_arguments = SIZE_MAX,
    };
    struct arguments arguments;
    int code = options_parse(&command, argc, argv, &arguments);
    if (code != OPTIONS_GO_ON)
        return code;
    size_t path_count;
    const char **paths = arguments_with_first(vocab.corpus, &arguments, &path_count);
    code = run(&vocab, paths, path_count);
    free(paths);
    return code;
}
