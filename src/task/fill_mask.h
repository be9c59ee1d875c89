/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TUFF_TASK_FILL_MASK_H
#define TUFF_TASK_FILL_MASK_H

#include "task/model.h"

/* See tuff_fill_mask. The model's lock is held; options and report are not NULL. */
tuff_status tuff_task_fill_mask(struct tuff_model *model, const tuff_text *texts, size_t count,
                                const tuff_fill_options *options, tuff_fills **out_fills,
                                tuff_text_report *out_report);

#endif
