/* SPDX-License-Identifier: Apache-2.0 */
/* Sequences packed into one batch of rows, without padding between them: row r is one token. Row counts are
 * rounded up to buckets, so that few graphs are recorded; the rows beyond are token 0 that no attention sees.
 *
 * What a mask shows and which rows are computed are two things: of each sequence the visible rows stand
 * first, and behind them the hidden rows that a head needs, which see the visible ones but are not seen. */
#ifndef TUFF_MODEL_BATCH_H
#define TUFF_MODEL_BATCH_H

#include "vk/device.h"

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
    uint32_t tiles;   /* of attention */
    uint32_t indices; /* asked rows */
};

/* Integers as the graph's inputs take them; the caller owns the memory behind them. */
struct tuff_batch_inputs {
    int32_t *tokens;  /* (rows, 4): id, position, type, 0 */
    int32_t *words;   /* (rows, 1): ids alone; NULL: not wanted */
    int32_t *tiles;   /* (tiles, 4): see ops/attention.h */
    int32_t *spans;   /* (sequences, 4): first row, visible rows, 0, 0; NULL: not wanted */
    int32_t *firsts;  /* (sequences, 1): the row that the pooler reads; NULL: not wanted */
    int32_t *indices; /* (indices, 1): rows; -1 beyond the count; NULL: not wanted */
};

/* The bucket that holds these sequences on this device. */
struct tuff_bucket tuff_bucket_for(const struct tuff_device *device, const struct tuff_sequence *sequences,
                                   uint32_t sequence_count);

/* Fills the inputs of a bucket. */
tuff_status tuff_batch_fill(const struct tuff_device *device, const struct tuff_bucket *bucket,
                            const struct tuff_sequence *sequences, uint32_t sequence_count,
                            const struct tuff_batch_inputs *inputs);

#endif
