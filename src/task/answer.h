/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TUFF_TASK_ANSWER_H
#define TUFF_TASK_ANSWER_H

#include "task/model.h"

/* See tuff_answer. The model's lock is held; options and report are not NULL. */
tuff_status tuff_task_answer(struct tuff_model *model, const tuff_text *questions, const tuff_text *contexts,
                             size_t count, const tuff_answer_options *options, tuff_answers **out_answers,
                             tuff_text_report *out_report);

#endif
