/* SPDX-License-Identifier: Apache-2.0 */
/* Figures of a model at labelled examples, and its predictions as files. */
#ifndef TUFF_TASK_EVALUATE_H
#define TUFF_TASK_EVALUATE_H

#include "task/model.h"
#include "task/outputs.h"

struct tuff_evaluation {
    tuff_metric metrics[TUFF_METRICS_MAX];
    size_t count;
};

/* `predictions` is a file that is replaced, or NULL. */
tuff_status tuff_evaluate_features(struct tuff_runner *runner, const struct tuff_task_spec *spec,
                                   const struct tuff_task_data *data, const tuff_data_options *options,
                                   const char *predictions, struct tuff_evaluation *out_evaluation);

/* A model that is open, at a file. */
tuff_status tuff_task_evaluate(struct tuff_model *model, const struct tuff_task_spec *spec, const char *path,
                               const tuff_data_options *options, size_t limit, const char *predictions,
                               struct tuff_evaluation *out_evaluation);

/* task/evaluate_answers.c */
struct tuff_predictions;
tuff_status tuff_evaluate_answers(const struct tuff_task_data *data, const tuff_data_options *options,
                                  const struct tuff_outputs *outputs, struct tuff_predictions *predictions,
                                  struct tuff_evaluation *evaluation);

/* task/evaluate_ranking.c */
tuff_status tuff_evaluate_relevance(const struct tuff_task_data *data, const struct tuff_outputs *outputs,
                                    struct tuff_predictions *predictions, struct tuff_evaluation *evaluation);
tuff_status tuff_evaluate_pairs(const struct tuff_task_data *data, const struct tuff_outputs *outputs,
                                struct tuff_predictions *predictions, struct tuff_evaluation *evaluation);

/* The metric of this name; NaN where there is none. */
double tuff_evaluation_figure(const struct tuff_evaluation *evaluation, const char *name);
void tuff_evaluation_add(struct tuff_evaluation *evaluation, const char *name, double value);

#endif
