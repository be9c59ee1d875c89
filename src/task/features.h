/* SPDX-License-Identifier: Apache-2.0 */
/* Examples to token sequences with their targets, ready to be packed into batches. Texts longer than the
 * limit are cut (the longer of a pair first) and counted; of a sentence with tags the words behind the cut
 * have no rows; a context is read in windows that overlap. */
#ifndef TUFF_TASK_FEATURES_H
#define TUFF_TASK_FEATURES_H

#include "model/loss.h"
#include "task/dataset.h"

struct tuff_feature_options {
    const tuff_tokenizer *tokenizer;
    uint32_t vocab_size; /* of the model: what the tokenizer gives must lie within */
    uint32_t type_vocab_size;
    uint32_t max_length; /* tokens, special ones included */
    uint32_t stride;     /* of windows: tokens that the next one repeats */
    size_t limit;        /* features; 0: all */
    bool skips_bad;      /* pass over questions that leave no room for the context */
};

/* One training example, or one window of a context. */
struct tuff_feature {
    size_t example;
    uint32_t window;
    /* ANSWERS and TAGS, one for each row. The bytes of the context that the row stands for, an end of 0 for
     * the question's rows and special ones; the word whose first piece the row is, or -1. */
    const tuff_offset *offsets;
    const int32_t *words;
};

struct tuff_feature_set {
    struct tuff_feature *items;
    size_t count;
    uint32_t group;                  /* sequences of a feature: choices, the 2 texts of a pair; else 1 */
    struct tuff_sequence *sequences; /* count * group, with their targets */
    enum tuff_pool_kind pool;        /* how the texts of pairs become vectors */
    size_t truncated;                /* texts that were cut */
    size_t skipped;
    size_t token_count;

    struct tuff_blocks blocks;
    size_t capacity, sequence_count, sequence_capacity;
};

/* Where an example has no label, the targets are those that a loss ignores, or zeros. TUFF_ARGUMENT where the
 * length leaves no room for the special tokens. */
tuff_status tuff_feature_set_make(const struct tuff_dataset *dataset,
                                  const struct tuff_feature_options *options,
                                  struct tuff_feature_set *out_features);
void tuff_feature_set_free(struct tuff_feature_set *features);

/* The order of an epoch: as in the file, or shuffled by the seed and the epoch alone. */
void tuff_order_fill(size_t count, bool is_shuffled, uint64_t seed, uint32_t epoch, uint32_t *out_order);

/* Adds rows of padding behind each sequence, up to the longest of them: hidden ones, which have outputs but which no
 * other row sees. The rows are written to `rows`, `count` times tuff_longest(sequences, count) of them. */
uint32_t tuff_longest(const struct tuff_sequence *sequences, size_t count);
void tuff_pad_sequences(struct tuff_sequence *sequences, size_t count, int32_t pad_id, struct tuff_row *rows);

/* Copies the sequences of `count` features, order[0] on, behind each other: count * group. */
void tuff_feature_set_batch(const struct tuff_feature_set *features, const uint32_t *order, size_t count,
                            struct tuff_sequence *out_sequences);

#endif
