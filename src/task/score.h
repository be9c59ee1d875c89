/* SPDX-License-Identifier: Apache-2.0 */
/* Scores of texts by a head on the pooled output: classes, next sentences, ranks, choices. See tuff.h; the
 * model's lock is held, options and report are not NULL. */
#ifndef TUFF_TASK_SCORE_H
#define TUFF_TASK_SCORE_H

#include "task/model.h"

/* What AUTO means to tuff_task_classify. */
tuff_score_function tuff_classifier_function(const struct tuff_config *config);

tuff_status tuff_task_classify(struct tuff_model *model, const tuff_text *texts, const tuff_text *pairs,
                               size_t count, const tuff_score_options *options, float *out_scores,
                               tuff_text_report *out_report);
tuff_status tuff_task_next_sentence(struct tuff_model *model, const tuff_text *texts, const tuff_text *nexts,
                                    size_t count, const tuff_score_options *options, float *out_scores,
                                    tuff_text_report *out_report);
tuff_status tuff_task_rank(struct tuff_model *model, tuff_text query, const tuff_text *passages, size_t count,
                           const tuff_score_options *options, float *out_scores,
                           tuff_text_report *out_report);
tuff_status tuff_task_choose(struct tuff_model *model, const tuff_choice *choices, size_t count,
                             const tuff_score_options *options, float *out_scores,
                             tuff_text_report *out_report);

#endif
