/* SPDX-License-Identifier: Apache-2.0 */
/* How often each word occurs in a corpus: words as BERT's normaliser and pre-tokeniser make them. */
#ifndef TUFF_TASK_WORD_COUNTS_H
#define TUFF_TASK_WORD_COUNTS_H

#include "base/blocks.h"
#include "task/tokenizer.h"

struct tuff_word_count {
    tuff_text word; /* normalised */
    uint64_t count;
};

/* Zeroed: empty. */
struct tuff_word_counts {
    struct tuff_word_count *items;
    size_t count, capacity;
    uint32_t *slots; /* hash table of indices + 1 */
    size_t slot_count;
    struct tuff_blocks blocks;
};

/* Adds the words of a text; those of more than max_length characters are left out, since a tokenizer does not
 * look into them. Bytes that are not UTF-8 are dropped. */
tuff_status tuff_word_counts_add(struct tuff_word_counts *counts, const struct tuff_normalizer *normalizer,
                                 tuff_text text, size_t max_length);
/* Sorts the words by their bytes; after it none may be added. */
void tuff_word_counts_sort(struct tuff_word_counts *counts);
void tuff_word_counts_free(struct tuff_word_counts *counts);

#endif
