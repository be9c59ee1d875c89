/* SPDX-License-Identifier: Apache-2.0 */
/* What attention needs beside its node: lists of tiles, made on the host for each batch, and the
 * probabilities for whoever asks to see them. */
#ifndef TUFF_OPS_ATTENTION_H
#define TUFF_OPS_ATTENTION_H

#include "ops/op.h"

/* One sequence in the packed rows. Its keys are its first rows; rows behind them are hidden: they attend to
 * the keys and are not attended to. */
struct tuff_attention_span {
    uint32_t first_row;
    uint32_t row_count; /* queries, the hidden ones too */
    int32_t key_count;  /* visible rows; 0: none, as in the padding of a batch, and the context is zeros;
                    * -n: none is visible and, as in the reference, all attend alike to the first n rows */
};

/* What the products of queries and keys are multiplied with. */
double tuff_attention_scale(const union tuff_params *params);

/* Rows that one tile of this device holds at most. */
uint32_t tuff_attention_query_block(const struct tuff_device *device);

/* Tiles are four integers: first query row, queries, first key row, keys (negative: alike). Tiles of many
 * keys come first, so that no long one starts last. What is left of `capacity` is filled with zeros, which
 * are no work. `capacity` is at least the count of tiles. */
uint32_t tuff_attention_tile_count(const struct tuff_device *device, const struct tuff_attention_span *spans,
                                   uint32_t span_count);
void tuff_attention_build_tiles(const struct tuff_device *device, const struct tuff_attention_span *spans,
                                uint32_t span_count, int32_t *tiles, uint32_t capacity);

/* The same for backward: first key row, keys, first query row, queries (negative: they attended alike). Rows
 * that no query attends to have tiles with 0 queries; their gradients are zeros. */
uint32_t tuff_attention_key_tile_count(const struct tuff_device *device,
                                       const struct tuff_attention_span *spans, uint32_t span_count);
void tuff_attention_build_key_tiles(const struct tuff_device *device, const struct tuff_attention_span *spans,
                                    uint32_t span_count, int32_t *tiles, uint32_t capacity);

/* Some heads of a span, or of some of its queries: what one storage range can hold. */
struct tuff_attention_view {
    struct tuff_attention_span span; /* a part of the queries: first_row and row_count of the part ... */
    uint32_t first_key_row;          /* ... and where the sequence begins */
    uint32_t first_head;
    uint32_t head_count;
};

/* Records the writing of softmax(q k^T * scale) of a view as F32 (heads, queries, keys), without padding
 * between them; keys: |span.key_count|. No dropout. `params` as the node's that qkv belongs to. */
tuff_status tuff_attention_probabilities(struct tuff_device *device, struct tuff_recording *recording,
                                         const union tuff_params *params, const struct tuff_tensor *qkv,
                                         const struct tuff_attention_view *view,
                                         struct tuff_slice probabilities);

#endif
