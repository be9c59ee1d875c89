/* SPDX-License-Identifier: Apache-2.0 */
/* Sentence vectors of tokens whose ids lie on the device, and what that shares with vectors of texts. */
#ifndef TUFF_TASK_EMBED_TOKENS_H
#define TUFF_TASK_EMBED_TOKENS_H

#include "task/batcher.h"
#include "task/model.h"
#include "task/texts.h"
#include "vk/exchange.h"

/* See tuff_embed_tokens. The model's lock is held; where `out_vectors` is NULL they go `to` a buffer. */
tuff_status tuff_task_embed_tokens(struct tuff_model *model, const tuff_vulkan_tokens *tokens,
                                   const tuff_embed_options *options, float *out_vectors,
                                   const tuff_vulkan_buffer *to);

/* ---------------------------------------------------------------- of task/embed.c */

/* Where the vectors of a call go. */
struct tuff_embedding {
    float *vectors; /* NULL: they go to the place */
    struct tuff_exchange *place;
    struct tuff_values values; /* of one batch; whoever made the struct frees them */
};

/* What is to be run for these options; TUFF_UNSUPPORTED where the folder's modules say something else. */
tuff_status tuff_embedding_key(const struct tuff_model *model, const tuff_embed_options *options,
                               struct tuff_run_key *out_key);
/* Takes the vectors of a batch whose members count from `begin` on. */
tuff_status tuff_embedding_take(struct tuff_embedding *embedding, size_t begin,
                                const struct tuff_batch_view *view);
/* Room for `count` vectors in the caller's buffer. */
tuff_status tuff_embedding_open_place(const struct tuff_model *model, const tuff_vulkan_buffer *to,
                                      size_t count, struct tuff_exchange *out_place);

#endif
