/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TUFF_TASK_EMBED_H
#define TUFF_TASK_EMBED_H

#include "ops/op.h"
#include "task/model.h"

/* See tuff_embed. The model's lock is held; options and report are not NULL. */
tuff_status tuff_task_embed(struct tuff_model *model, const tuff_text *texts, size_t count,
                            const tuff_embed_options *options, float *out_vectors,
                            tuff_text_report *out_report);
/* See tuff_embed_into. */
tuff_status tuff_task_embed_into(struct tuff_model *model, const tuff_text *texts, size_t count,
                                 const tuff_embed_options *options, const tuff_vulkan_buffer *to,
                                 tuff_text_report *out_report);

/* AUTO is the mean. */
enum tuff_pool_kind tuff_pool_kind_of(tuff_pooling pooling);

#endif
