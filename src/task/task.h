/* SPDX-License-Identifier: Apache-2.0 */
/* What each task of tuff.h is made of, and its labelled files as features. */
#ifndef TUFF_TASK_TASK_H
#define TUFF_TASK_TASK_H

#include "model/folder.h"
#include "model/fresh_head.h"
#include "model/run.h"
#include "task/features.h"

struct tuff_task_spec {
    enum tuff_dataset_kind kind;
    enum tuff_head head; /* 0: none */
    enum tuff_problem_type problem;
    enum tuff_loss loss;
    enum tuff_want want; /* the logits */
    bool needs_pair;
    bool has_labels;    /* names for the outputs */
    const char *figure; /* the one of its metrics that says which of two models is better: higher */
};

/* TUFF_ARGUMENT for a number that is no task. */
tuff_status tuff_task_find(tuff_task task, const struct tuff_task_spec **out_spec);

/* A labelled file, read and encoded. */
struct tuff_task_data {
    struct tuff_dataset dataset;
    struct tuff_feature_set features;
};

/* `labels` as in struct tuff_dataset_options. Says on the log how many records were skipped. */
tuff_status tuff_task_read(const struct tuff_task_spec *spec, const char *path,
                           const tuff_data_options *options, const struct tuff_label_names *labels,
                           const struct tuff_log *log, size_t limit, struct tuff_dataset *out_dataset);
tuff_status tuff_task_encode(const struct tuff_dataset *dataset, const struct tuff_folder *folder,
                             const tuff_tokenizer *tokenizer, const tuff_data_options *options,
                             const struct tuff_log *log, size_t limit, struct tuff_feature_set *out_features);
void tuff_task_data_free(struct tuff_task_data *data);

/* The folder's labels, by pointer. */
struct tuff_label_names tuff_task_labels(const struct tuff_folder *folder);

#endif
