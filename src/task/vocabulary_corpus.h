/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TUFF_TASK_VOCABULARY_CORPUS_H
#define TUFF_TASK_VOCABULARY_CORPUS_H

#include "base/status.h"

/* See tuff_vocabulary_make in tuff.h; options are not NULL. */
tuff_status tuff_task_vocabulary(const char *const *paths, size_t path_count,
                                 const tuff_vocabulary_options *options, const char *output,
                                 size_t *out_count);

#endif
