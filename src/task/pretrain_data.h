/* SPDX-License-Identifier: Apache-2.0 */
/* Sequences for BERT's pre-training, made from a corpus as Google's BERT makes them: sentences of a document
 * are gathered to a length, cut in two, and the second part replaced by one of another document in half of
 * the cases; 15 percent of the tokens are predicted, of which 80 percent are masked, 10 replaced by any token
 * and 10 left. Everything is drawn anew each epoch, from the seed, the epoch and the window of the corpus
 * alone, so that a place is all that must be kept to go on. Within a window of a million tokens the order is
 * shuffled. */
#ifndef TUFF_TASK_PRETRAIN_DATA_H
#define TUFF_TASK_PRETRAIN_DATA_H

#include "base/blocks.h"
#include "base/random.h"
#include "model/loss.h"
#include "task/corpus.h"

struct tuff_pretrain_options {
    const tuff_tokenizer *tokenizer; /* must have a mask token */
    uint32_t vocab_size;             /* of the model */
    const char *const *paths;        /* of the corpus; kept by pointer */
    size_t path_count;
    uint32_t length;          /* tokens of a sequence, special ones included; at least 8 */
    uint32_t max_predictions; /* in a sequence; 0: no limit but the 15 percent */
    uint64_t seed;
    bool is_whole_word;   /* pieces of a word are masked together */
    bool has_no_pairs;    /* one text for each sequence, and no next-sentence label */
    size_t window_tokens; /* 0: a million */
};

/* Where a run is: the window that the next sequence comes from, and its index there. */
struct tuff_pretrain_place {
    uint64_t epoch;
    uint64_t window;
    struct tuff_corpus_place start;
    uint64_t index;
};

/* Two ranges of the window's tokens that make a sequence. */
struct tuff_pretrain_pair {
    size_t a, b; /* first tokens */
    uint32_t a_count, b_count;
    bool is_random; /* b does not follow a */
};

struct tuff_pretrain_data {
    struct tuff_pretrain_options options;
    struct tuff_pretrain_place place;
    struct tuff_corpus corpus;
    struct tuff_corpus_window window; /* the one of `place`, where is_loaded */
    struct tuff_pretrain_pair *pairs;
    uint32_t *order;
    size_t pair_count, pair_capacity;
    struct tuff_blocks blocks; /* what the sequences of a batch point to */
    int32_t cls_id, sep_id;
    bool is_loaded;
};

/* Starts at the beginning. TUFF_ARGUMENT for a length or a tokenizer that will not do. Free with
 * tuff_pretrain_data_close, which a zeroed one may meet too. */
tuff_status tuff_pretrain_data_open(const struct tuff_pretrain_options *options,
                                    struct tuff_pretrain_data *out_data);
void tuff_pretrain_data_close(struct tuff_pretrain_data *data);
/* Goes on from what data->place was once. */
tuff_status tuff_pretrain_data_seek(struct tuff_pretrain_data *data, const struct tuff_pretrain_place *place);

/* The next sequences, into the next epoch where one ends; valid until the next call. Their targets are
 * asked_labels for the asked rows and next_sentence (1: the second text is a random one). TUFF_FORMAT where
 * the files hold no text. */
tuff_status tuff_pretrain_data_batch(struct tuff_pretrain_data *data, size_t count,
                                     struct tuff_sequence *out_sequences);

#endif
