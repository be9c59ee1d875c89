/* SPDX-License-Identifier: Apache-2.0 */
#include "task/vocabulary.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

tuff_status tuff_vocabulary_add(struct tuff_vocabulary *vocabulary, tuff_text token, int32_t id) {
    TUFF_TRY(tuff_reserve(&vocabulary->entries, &vocabulary->capacity, vocabulary->count + 1,
                          sizeof *vocabulary->entries));
    TUFF_TRY(tuff_reserve(&vocabulary->texts, &vocabulary->texts_capacity,
                          vocabulary->texts_size + token.length + 1, 1));
    TUFF_TRY(tuff_trie_insert(&vocabulary->trie, token.data, token.length, id));
    char *text = vocabulary->texts + vocabulary->texts_size;
    if (token.length > 0)
        memcpy(text, token.data, token.length);
    text[token.length] = '\0';
    vocabulary->entries[vocabulary->count++] =
        (struct tuff_vocabulary_entry){ id, vocabulary->texts_size, token.length };
    vocabulary->texts_size += token.length + 1;
    return TUFF_OK;
}

static int compare_ids(const void *left, const void *right) {
    const struct tuff_vocabulary_entry *a = left;
    const struct tuff_vocabulary_entry *b = right;
    if (a->id != b->id)
        return a->id < b->id ? -1 : 1;
    return a->offset < b->offset ? -1 : a->offset > b->offset;
}

void tuff_vocabulary_finish(struct tuff_vocabulary *vocabulary) {
    size_t kept = 0;
    for (size_t i = 0; i < vocabulary->count; i++) {
        const struct tuff_vocabulary_entry entry = vocabulary->entries[i];
        const tuff_text text = { vocabulary->texts + entry.offset, entry.length };
        if (tuff_vocabulary_id(vocabulary, text) == entry.id)
            vocabulary->entries[kept++] = entry;
    }
    vocabulary->count = kept;
    if (kept > 0)
        qsort(vocabulary->entries, kept, sizeof *vocabulary->entries, compare_ids);
}

void tuff_vocabulary_free(struct tuff_vocabulary *vocabulary) {
    tuff_trie_free(&vocabulary->trie);
    tuff_free(vocabulary->texts);
    tuff_free(vocabulary->entries);
    *vocabulary = (struct tuff_vocabulary){ 0 };
}

int32_t tuff_vocabulary_id(const struct tuff_vocabulary *vocabulary, tuff_text token) {
    return tuff_trie_find(&vocabulary->trie, token.data, token.length);
}

tuff_text tuff_vocabulary_token(const struct tuff_vocabulary *vocabulary, int32_t id) {
    size_t low = 0;
    size_t high = vocabulary->count;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (vocabulary->entries[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == vocabulary->count || vocabulary->entries[low].id != id)
        return (tuff_text){ NULL, 0 };
    return (tuff_text){ vocabulary->texts + vocabulary->entries[low].offset,
                        vocabulary->entries[low].length };
}
