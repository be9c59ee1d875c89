/* SPDX-License-Identifier: Apache-2.0 */
#include "task/task.h"

#include "task/embed.h"

static const struct tuff_task_spec specs[] = {
    [TUFF_TASK_CLASSIFY] = { .kind = TUFF_DATASET_CLASS,
                             .head = TUFF_HEAD_SEQUENCE_CLASSIFICATION,
                             .problem = TUFF_PROBLEM_SINGLE_LABEL,
                             .loss = TUFF_LOSS_CLASS,
                             .want = TUFF_WANT_CLASSIFIER,
                             .has_labels = true,
                             .figure = "accuracy" },
    [TUFF_TASK_PAIR] = { .kind = TUFF_DATASET_CLASS,
                         .head = TUFF_HEAD_SEQUENCE_CLASSIFICATION,
                         .problem = TUFF_PROBLEM_SINGLE_LABEL,
                         .loss = TUFF_LOSS_CLASS,
                         .want = TUFF_WANT_CLASSIFIER,
                         .needs_pair = true,
                         .has_labels = true,
                         .figure = "accuracy" },
    [TUFF_TASK_REGRESS] = { .kind = TUFF_DATASET_NUMBER,
                            .head = TUFF_HEAD_SEQUENCE_CLASSIFICATION,
                            .problem = TUFF_PROBLEM_REGRESSION,
                            .loss = TUFF_LOSS_NUMBERS,
                            .want = TUFF_WANT_CLASSIFIER,
                            .figure = "pearson" },
    [TUFF_TASK_MULTILABEL] = { .kind = TUFF_DATASET_LABELS,
                               .head = TUFF_HEAD_SEQUENCE_CLASSIFICATION,
                               .problem = TUFF_PROBLEM_MULTI_LABEL,
                               .loss = TUFF_LOSS_LABELS,
                               .want = TUFF_WANT_CLASSIFIER,
                               .has_labels = true,
                               .figure = "f1" },
    [TUFF_TASK_TAG] = { .kind = TUFF_DATASET_TAGS,
                        .head = TUFF_HEAD_TOKEN_CLASSIFICATION,
                        .loss = TUFF_LOSS_TOKENS,
                        .want = TUFF_WANT_TOKENS,
                        .has_labels = true,
                        .figure = "f1" },
    [TUFF_TASK_ANSWER] = { .kind = TUFF_DATASET_ANSWERS,
                           .head = TUFF_HEAD_QUESTION_ANSWERING,
                           .loss = TUFF_LOSS_SPAN,
                           .want = TUFF_WANT_SPANS,
                           .figure = "f1" },
    [TUFF_TASK_CHOOSE] = { .kind = TUFF_DATASET_CHOICES,
                           .head = TUFF_HEAD_MULTIPLE_CHOICE,
                           .loss = TUFF_LOSS_CHOICE,
                           .want = TUFF_WANT_CLASSIFIER,
                           .figure = "accuracy" },
    [TUFF_TASK_RANK] = { .kind = TUFF_DATASET_RELEVANCE,
                         .head = TUFF_HEAD_SEQUENCE_CLASSIFICATION,
                         .loss = TUFF_LOSS_LABELS,
                         .want = TUFF_WANT_CLASSIFIER,
                         .figure = "average_precision" },
    [TUFF_TASK_EMBED] = { .kind = TUFF_DATASET_SIMILAR,
                          .loss = TUFF_LOSS_PAIRS,
                          .want = TUFF_WANT_EMBEDDING,
                          .figure = "accuracy_at_1" },
};

tuff_status tuff_task_find(tuff_task task, const struct tuff_task_spec **out_spec) {
    if ((size_t)task >= sizeof specs / sizeof *specs)
        return tuff_fail(TUFF_ARGUMENT, "there is no task %d", (int)task);
    *out_spec = &specs[task];
    return TUFF_OK;
}

struct tuff_label_names tuff_task_labels(const struct tuff_folder *folder) {
    return (struct tuff_label_names){ .items = folder->config.labels, .count = folder->config.num_labels };
}

tuff_status tuff_task_read(const struct tuff_task_spec *spec, const char *path,
                           const tuff_data_options *options, const struct tuff_label_names *labels,
                           const struct tuff_log *log, size_t limit, struct tuff_dataset *out_dataset) {
    struct tuff_dataset_options own = {
        .kind = spec->kind,
        .text_column = options->text_column,
        .pair_column = options->pair_column,
        .label_column = options->label_column,
        .id_column = options->id_column,
        .labels = spec->has_labels ? labels : NULL,
        .label_scale = options->label_scale,
        .label_offset = options->label_offset,
        .limit = limit,
        .skips_bad = options->skips_bad,
        .needs_pair = spec->needs_pair,
    };
    TUFF_TRY(tuff_dataset_read(path, &own, out_dataset));
    if (out_dataset->skipped > 0)
        tuff_log_write(log, TUFF_LOG_WARNING, "%zu records were passed over; the first: %s",
                       out_dataset->skipped, out_dataset->first_problem);
    return TUFF_OK;
}

tuff_status tuff_task_encode(const struct tuff_dataset *dataset, const struct tuff_folder *folder,
                             const tuff_tokenizer *tokenizer, const tuff_data_options *options,
                             const struct tuff_log *log, size_t limit,
                             struct tuff_feature_set *out_features) {
    const struct tuff_config *config = &folder->config;
    uint32_t length = options->max_length ? options->max_length : folder->max_length;
    if (length > config->max_position_embeddings)
        return tuff_fail(TUFF_ARGUMENT,
                         "a length of %u tokens was asked for, but the model has positions for %u", length,
                         config->max_position_embeddings);
    struct tuff_feature_options own = { .tokenizer = tokenizer,
                                        .vocab_size = config->vocab_size,
                                        .type_vocab_size = config->type_vocab_size,
                                        .max_length = length,
                                        .stride = options->stride < length / 2 ? options->stride : length / 4,
                                        .limit = limit,
                                        .skips_bad = options->skips_bad };
    if (dataset->kind == TUFF_DATASET_SIMILAR && folder->sentence.refusal)
        return tuff_fail(TUFF_UNSUPPORTED, "%s", folder->sentence.refusal);
    TUFF_TRY(tuff_feature_set_make(dataset, &own, out_features));
    out_features->pool = tuff_pool_kind_of(folder->sentence.pooling);
    if (out_features->truncated > 0)
        tuff_log_write(log, TUFF_LOG_WARNING, "%zu texts were longer than %u tokens and were cut",
                       out_features->truncated, length);
    return TUFF_OK;
}

void tuff_task_data_free(struct tuff_task_data *data) {
    tuff_feature_set_free(&data->features);
    tuff_dataset_free(&data->dataset);
}
