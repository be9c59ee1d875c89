/* SPDX-License-Identifier: Apache-2.0 */
/* Raw text for pre-training: files of any size, a sentence a line, an empty line between documents. It is
 * read in windows of some million tokens, so that memory does not grow with it. Bytes that are not UTF-8 are
 * dropped, as the tokenizer drops them. */
#ifndef TUFF_TASK_CORPUS_H
#define TUFF_TASK_CORPUS_H

#include "base/file.h"
#include "task/tokenizer.h"

/* A token of a window: its id, and whether it goes on a word. */
struct tuff_corpus_token {
    int32_t id;
    bool continues;
};

/* Documents in full, but one that exceeds the window is cut at the end of a line. Zeroed: empty. */
struct tuff_corpus_window {
    struct tuff_corpus_token *tokens;
    size_t *sentences; /* (sentence_count + 1) first tokens */
    size_t *documents; /* (document_count + 1) first sentences; no document is empty */
    size_t token_count, sentence_count, document_count;
    size_t token_capacity, sentence_capacity, document_capacity;
};

/* Where the next window begins. */
struct tuff_corpus_place {
    uint64_t file;   /* index */
    uint64_t offset; /* bytes */
};

struct tuff_corpus {
    const tuff_tokenizer *tokenizer;
    const char *const *paths;
    size_t path_count;
    struct tuff_corpus_place place;
    struct tuff_mapping file; /* of place.file, once it is open */
    bool is_open;
};

/* Reads on from corpus->place until the window has so many tokens; sentences longer than max_sentence are cut
 * into several. A document count of 0 means that the files have ended. */
tuff_status tuff_corpus_read(struct tuff_corpus *corpus, size_t token_limit, size_t max_sentence,
                             struct tuff_corpus_window *window);
/* Goes on from another place. TUFF_FORMAT where the files have no such place. */
tuff_status tuff_corpus_seek(struct tuff_corpus *corpus, struct tuff_corpus_place place);
void tuff_corpus_close(struct tuff_corpus *corpus);
void tuff_corpus_window_free(struct tuff_corpus_window *window);

#endif
