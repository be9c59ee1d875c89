/* SPDX-License-Identifier: Apache-2.0 */
/* What makes a folder with an encoder one that sentence-transformers loads. */
#ifndef TUFF_TASK_EXPORT_SENTENCE_H
#define TUFF_TASK_EXPORT_SENTENCE_H

#include "ops/op.h"

/* Pooling to vectors of `size` numbers, normalised, of texts of at most max_length tokens. */
tuff_status tuff_sentence_export(const char *folder, enum tuff_pool_kind pool, uint32_t size,
                                 uint32_t max_length);

#endif
