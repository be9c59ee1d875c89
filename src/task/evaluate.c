/* SPDX-License-Identifier: Apache-2.0 */
#include "task/evaluate.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "task/heads.h"
#include "task/metrics.h"
#include "task/predictions.h"

/* What the figures of one kind read. */
struct evaluate {
    const struct tuff_task_data *data;
    const tuff_data_options *options;
    const struct tuff_outputs *outputs;
    struct tuff_predictions *predictions;
    struct tuff_evaluation *evaluation;
};

void tuff_evaluation_add(struct tuff_evaluation *evaluation, const char *name, double value) {
    evaluation->metrics[evaluation->count++] = (tuff_metric){ .name = name, .value = value };
}

double tuff_evaluation_figure(const struct tuff_evaluation *evaluation, const char *name) {
    for (size_t i = 0; i < evaluation->count; i++)
        if (strcmp(evaluation->metrics[i].name, name) == 0)
            return evaluation->metrics[i].value;
    return NAN;
}

static const struct tuff_example *example_of(const struct evaluate *evaluate, size_t feature) {
    return &evaluate->data->dataset.examples[evaluate->data->features.items[feature].example];
}

static const char *label_of(const struct evaluate *evaluate, uint32_t index) {
    return evaluate->data->dataset.labels.items[index];
}

/* ---------------------------------------------------------------- classes */

static tuff_status count_classes(const struct evaluate *evaluate, struct tuff_confusion *confusion) {
    for (size_t i = 0; i < evaluate->data->features.count; i++) {
        const struct tuff_example *example = example_of(evaluate, i);
        const float *logits = tuff_outputs_row(evaluate->outputs, i, 0);
        uint32_t best = tuff_outputs_best(logits, evaluate->outputs->columns);
        TUFF_TRY(tuff_predictions_print(evaluate->predictions, "%s\n", label_of(evaluate, best)));
        if (example->label_count > 0)
            tuff_confusion_add(confusion, (uint32_t)example->labels[0], best);
    }
    return TUFF_OK;
}

static tuff_status evaluate_classes(const struct evaluate *evaluate) {
    struct tuff_confusion confusion = { 0 };
    TUFF_TRY(tuff_confusion_create(evaluate->outputs->columns, &confusion));
    tuff_status status = count_classes(evaluate, &confusion);
    tuff_evaluation_add(evaluate->evaluation, "accuracy", tuff_confusion_accuracy(&confusion));
    tuff_evaluation_add(evaluate->evaluation, "f1",
                        confusion.class_count == 2 ? tuff_confusion_f1(&confusion, 1)
                                                   : tuff_confusion_macro_f1(&confusion));
    tuff_evaluation_add(evaluate->evaluation, "matthews", tuff_confusion_matthews(&confusion));
    tuff_confusion_free(&confusion);
    return status;
}

static tuff_status evaluate_choices(const struct evaluate *evaluate) {
    const struct tuff_feature_set *features = &evaluate->data->features;
    size_t right = 0;
    for (size_t i = 0; i < features->count; i++) {
        const struct tuff_example *example = example_of(evaluate, i);
        uint32_t best = 0;
        for (uint32_t j = 1; j < features->group; j++)
            if (*tuff_outputs_row(evaluate->outputs, i * features->group + j, 0) >
                *tuff_outputs_row(evaluate->outputs, i * features->group + best, 0))
                best = j;
        TUFF_TRY(tuff_predictions_print(evaluate->predictions, "%u\n", best));
        right += example->label_count > 0 && (uint32_t)example->labels[0] == best;
    }
    tuff_evaluation_add(evaluate->evaluation, "accuracy", (double)right / (double)features->count);
    return TUFF_OK;
}

/* ---------------------------------------------------------------- numbers */

static tuff_status correlate(const struct evaluate *evaluate, double *predicted, double *truth) {
    const size_t count = evaluate->data->features.count;
    double spearman = 0;
    for (size_t i = 0; i < count; i++) {
        predicted[i] = (double)*tuff_outputs_row(evaluate->outputs, i, 0) * evaluate->options->label_scale +
                       evaluate->options->label_offset;
        truth[i] = example_of(evaluate, i)->number * evaluate->options->label_scale +
                   evaluate->options->label_offset;
        TUFF_TRY(tuff_predictions_print(evaluate->predictions, "%.9g\n", predicted[i]));
    }
    TUFF_TRY(tuff_spearman(predicted, truth, count, &spearman));
    tuff_evaluation_add(evaluate->evaluation, "pearson", tuff_pearson(predicted, truth, count));
    tuff_evaluation_add(evaluate->evaluation, "spearman", spearman);
    tuff_evaluation_add(evaluate->evaluation, "mean_squared_error",
                        tuff_mean_squared_error(predicted, truth, count));
    return TUFF_OK;
}

static tuff_status evaluate_numbers(const struct evaluate *evaluate) {
    double *values = NULL;
    const size_t count = evaluate->data->features.count;
    TUFF_TRY(tuff_alloc(2 * count, sizeof *values, &values));
    tuff_status status = correlate(evaluate, values, values + count);
    tuff_free(values);
    return status;
}

/* ---------------------------------------------------------------- several labels */

/* A label is predicted where its probability is above one half. */
static tuff_status evaluate_labels(const struct evaluate *evaluate) {
    struct tuff_found found = { 0 };
    const uint32_t columns = evaluate->outputs->columns;
    size_t exact = 0;
    for (size_t i = 0; i < evaluate->data->features.count; i++) {
        const float *logits = tuff_outputs_row(evaluate->outputs, i, 0);
        const float *numbers = evaluate->data->features.sequences[i].targets->numbers;
        const char *comma = "";
        bool is_exact = true;
        for (uint32_t j = 0; j < columns; j++) {
            bool is_predicted = logits[j] > 0;
            bool is_true = numbers[j] > 0;
            found.predicted += is_predicted;
            found.truth += is_true;
            found.correct += is_predicted && is_true;
            is_exact = is_exact && is_predicted == is_true;
            if (!is_predicted)
                continue;
            TUFF_TRY(tuff_predictions_print(evaluate->predictions, "%s%s", comma, label_of(evaluate, j)));
            comma = ",";
        }
        exact += is_exact;
        TUFF_TRY(tuff_predictions_print(evaluate->predictions, "\n"));
    }
    tuff_evaluation_add(evaluate->evaluation, "f1", tuff_found_f1(&found));
    tuff_evaluation_add(evaluate->evaluation, "precision", tuff_found_precision(&found));
    tuff_evaluation_add(evaluate->evaluation, "recall", tuff_found_recall(&found));
    tuff_evaluation_add(evaluate->evaluation, "accuracy",
                        (double)exact / (double)evaluate->data->features.count);
    return TUFF_OK;
}

/* ---------------------------------------------------------------- tags */

/* Words that were cut off are taken to be no entity. */
static const char *outside(const struct evaluate *evaluate) {
    const struct tuff_label_names *labels = &evaluate->data->dataset.labels;
    int32_t index = tuff_label_names_find(labels, (tuff_text){ "O", 1 });
    return labels->items[index < 0 ? 0 : index];
}

struct tags {
    const char **truth, **predicted;
    size_t capacity_truth, capacity_predicted;
    struct tuff_found found;
    uint64_t words, right;
};

static tuff_status add_sentence(const struct evaluate *evaluate, size_t feature, struct tags *tags) {
    const struct tuff_example *example = example_of(evaluate, feature);
    const int32_t *words = evaluate->data->features.items[feature].words;
    const uint32_t rows = evaluate->data->features.sequences[feature].visible_count;
    const uint32_t count = example->text_count;
    TUFF_TRY(tuff_reserve(&tags->truth, &tags->capacity_truth, count, sizeof *tags->truth));
    TUFF_TRY(tuff_reserve(&tags->predicted, &tags->capacity_predicted, count, sizeof *tags->predicted));
    for (uint32_t i = 0; i < count; i++) {
        tags->predicted[i] = outside(evaluate);
        tags->truth[i] = i < example->label_count ? label_of(evaluate, (uint32_t)example->labels[i]) : "O";
    }
    for (uint32_t row = 0; row < rows; row++) {
        if (words[row] < 0)
            continue;
        uint32_t best =
            tuff_outputs_best(tuff_outputs_row(evaluate->outputs, feature, row), evaluate->outputs->columns);
        tags->predicted[words[row]] = label_of(evaluate, best);
        tags->words++;
        tags->right += example->label_count > 0 && (uint32_t)example->labels[words[row]] == best;
    }
    tuff_found_add_tags(&tags->found, tags->truth, tags->predicted, count);
    /* conlleval reads a word, its true tag and the predicted one. */
    for (uint32_t i = 0; i < count; i++) {
        TUFF_TRY(tuff_predictions_write(evaluate->predictions, example->texts[i]));
        TUFF_TRY(
            tuff_predictions_print(evaluate->predictions, " %s %s\n", tags->truth[i], tags->predicted[i]));
    }
    return tuff_predictions_print(evaluate->predictions, "\n");
}

static tuff_status evaluate_tags(const struct evaluate *evaluate) {
    struct tags tags = { 0 };
    tuff_status status = TUFF_OK;
    for (size_t i = 0; i < evaluate->data->features.count && status == TUFF_OK; i++)
        status = add_sentence(evaluate, i, &tags);
    tuff_free(tags.truth);
    tuff_free(tags.predicted);
    tuff_evaluation_add(evaluate->evaluation, "f1", tuff_found_f1(&tags.found));
    tuff_evaluation_add(evaluate->evaluation, "precision", tuff_found_precision(&tags.found));
    tuff_evaluation_add(evaluate->evaluation, "recall", tuff_found_recall(&tags.found));
    tuff_evaluation_add(evaluate->evaluation, "token_accuracy",
                        tags.words ? (double)tags.right / (double)tags.words : 0);
    return status;
}

/* ---------------------------------------------------------------- all kinds */

static tuff_status evaluate_kind(const struct evaluate *evaluate) {
    switch (evaluate->data->dataset.kind) {
    case TUFF_DATASET_NUMBER:
        return evaluate_numbers(evaluate);
    case TUFF_DATASET_LABELS:
        return evaluate_labels(evaluate);
    case TUFF_DATASET_TAGS:
        return evaluate_tags(evaluate);
    case TUFF_DATASET_CHOICES:
        return evaluate_choices(evaluate);
    case TUFF_DATASET_RELEVANCE:
        return tuff_evaluate_relevance(evaluate->data, evaluate->outputs, evaluate->predictions,
                                       evaluate->evaluation);
    case TUFF_DATASET_SIMILAR:
        return tuff_evaluate_pairs(evaluate->data, evaluate->outputs, evaluate->predictions,
                                   evaluate->evaluation);
    case TUFF_DATASET_ANSWERS:
        return tuff_evaluate_answers(evaluate->data, evaluate->options, evaluate->outputs,
                                     evaluate->predictions, evaluate->evaluation);
    default:
        return evaluate_classes(evaluate);
    }
}

tuff_status tuff_evaluate_features(struct tuff_runner *runner, const struct tuff_task_spec *spec,
                                   const struct tuff_task_data *data, const tuff_data_options *options,
                                   const char *path, struct tuff_evaluation *out_evaluation) {
    struct tuff_outputs outputs = { 0 };
    struct tuff_predictions predictions = { .is_wanted = path != NULL };
    *out_evaluation = (struct tuff_evaluation){ 0 };
    TUFF_TRY(tuff_outputs_compute(runner, spec, &data->features, &outputs));
    struct evaluate evaluate = { .data = data,
                                 .options = options,
                                 .outputs = &outputs,
                                 .predictions = &predictions,
                                 .evaluation = out_evaluation };
    tuff_status status = evaluate_kind(&evaluate);
    if (status == TUFF_OK && path)
        status = tuff_file_replace(path, predictions.text, predictions.length);
    tuff_free(predictions.text);
    tuff_outputs_free(&outputs);
    return status;
}

tuff_status tuff_task_evaluate(struct tuff_model *model, const struct tuff_task_spec *spec, const char *path,
                               const tuff_data_options *options, size_t limit, const char *predictions,
                               struct tuff_evaluation *out_evaluation) {
    struct tuff_label_names labels = tuff_task_labels(&model->folder);
    const struct tuff_log *log = &model->device->log;
    struct tuff_task_data data = { 0 };
    if (spec->head)
        TUFF_TRY(tuff_need_head(model, spec->head));
    if (!model->tokenizer)
        return tuff_fail(TUFF_UNSUPPORTED,
                         "%s: has neither tokenizer.json nor vocab.txt, so it takes no text",
                         model->folder.path);
    tuff_status status = tuff_task_read(spec, path, options, &labels, log, limit, &data.dataset);
    if (status == TUFF_OK)
        status = tuff_task_encode(&data.dataset, &model->folder, model->tokenizer, options, log, 0,
                                  &data.features);
    if (status == TUFF_OK)
        status = tuff_evaluate_features(&model->runner, spec, &data, options, predictions, out_evaluation);
    tuff_task_data_free(&data);
    return status;
}
