/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens with their ids, found by text and by id. */
#ifndef TUFF_TASK_VOCABULARY_H
#define TUFF_TASK_VOCABULARY_H

#include "task/trie.h"

struct tuff_vocabulary_entry {
    int32_t id;
    size_t offset; /* in texts; a NUL stands behind the token */
    size_t length;
};

/* Zeroed: empty. */
struct tuff_vocabulary {
    struct tuff_trie trie; /* text to id */
    char *texts;
    size_t texts_size;
    size_t texts_capacity;
    struct tuff_vocabulary_entry *entries; /* by id, once finished */
    size_t count;
    size_t capacity;
};

/* Of equal texts the last one's id holds, as in a map of Python. */
tuff_status tuff_vocabulary_add(struct tuff_vocabulary *vocabulary, tuff_text token, int32_t id);
/* Sorts by id; after it tokens are found and none may be added. */
void tuff_vocabulary_finish(struct tuff_vocabulary *vocabulary);
void tuff_vocabulary_free(struct tuff_vocabulary *vocabulary);

/* The id, or -1. Works before finish, too. */
int32_t tuff_vocabulary_id(const struct tuff_vocabulary *vocabulary, tuff_text token);
/* NUL-terminated; .data is NULL for an id that is not there. */
tuff_text tuff_vocabulary_token(const struct tuff_vocabulary *vocabulary, int32_t id);

#endif
