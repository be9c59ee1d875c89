/* SPDX-License-Identifier: Apache-2.0 */
/* Sequences packed into one batch of rows, without padding between them: row r is one token. Row counts are
 * rounded up to buckets, so that few graphs are recorded; the rows beyond are token 0 that no attention sees.
 *
 * What a mask shows and which rows are computed are two things: of each sequence the visible rows stand
 * first, and behind them the hidden rows that a head needs, which see the visible ones but are not seen. */
#ifndef TUFF_MODEL_BATCH_H
#define TUFF_MODEL_BATCH_H

#include "model/bert.h"

/* One token of a sequence, a row of the batch. */
struct tuff_row {
    int32_t id;
    int32_t position;
    int32_t type;
};

struct tuff_targets; /* model/loss.h */

/* `tokens` has visible_count + hidden_count entries, the visible ones first. */
struct tuff_sequence {
    const struct tuff_row *tokens;
    uint32_t visible_count;
    uint32_t hidden_count;
    uint32_t first;        /* which of the tokens the pooler reads: the one in column 0 */
    const uint32_t *asked; /* tokens whose vocabulary logits are wanted */
    uint32_t asked_count;
    /* No token is visible: the reference then attends to all of them alike. */
    bool is_blind;
    const struct tuff_targets *targets; /* what a loss compares with */
};

/* Sizes that a graph is recorded for. */
struct tuff_bucket {
    uint32_t rows;
    uint32_t sequences;
    uint32_t tiles;     /* of attention */
    uint32_t key_tiles; /* of its backward pass */
    uint32_t indices;   /* asked rows */
};

/* The bucket that holds these sequences on this device. */
struct tuff_bucket tuff_bucket_for(const struct tuff_device *device, const struct tuff_sequence *sequences,
                                   uint32_t sequence_count);

/* Fills the inputs of a bucket that are there. Look-ups of `pad_id` give the word table no gradient, as
 * transformers' padding_idx has it. */
tuff_status tuff_batch_fill(const struct tuff_device *device, const struct tuff_bucket *bucket,
                            const struct tuff_sequence *sequences, uint32_t sequence_count, int32_t pad_id,
                            const struct tuff_bert_inputs *inputs);

#endif
