/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TUFF_TASK_TAG_H
#define TUFF_TASK_TAG_H

#include "task/model.h"

/* See tuff_tag. The model's lock is held; options and report are not NULL. */
tuff_status tuff_task_tag(struct tuff_model *model, const tuff_text *texts, size_t count,
                          const tuff_tag_options *options, tuff_entities **out_entities,
                          tuff_text_report *out_report);

#endif
