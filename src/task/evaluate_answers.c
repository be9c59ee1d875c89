/* SPDX-License-Identifier: Apache-2.0 */
/* Answers to SQuAD's questions: the figures of its scripts, and the file that they read. */
#include "base/memory.h"
#include "task/evaluate.h"
#include "task/metrics.h"
#include "task/predictions.h"
#include "task/squad_answer.h"

enum { MOST_BEST = 1024 };

static tuff_status score_question(const struct tuff_dataset *dataset, size_t index,
                                  const struct tuff_squad_best *best, struct tuff_predictions *predictions,
                                  struct tuff_squad_scores *scores) {
    const struct tuff_example *example = &dataset->examples[index];
    const tuff_text predicted = tuff_squad_best_text(best, example->texts[1], dataset->is_squad_2, 0);
    tuff_text *answers = NULL;
    TUFF_TRY(tuff_predictions_print(predictions, "%s", index > 0 ? ",\n" : ""));
    TUFF_TRY(tuff_predictions_quote(predictions, example->id));
    TUFF_TRY(tuff_predictions_print(predictions, ": "));
    TUFF_TRY(tuff_predictions_quote(predictions, predicted));
    TUFF_TRY(tuff_alloc(example->answer_count, sizeof *answers, &answers));
    for (uint32_t i = 0; i < example->answer_count; i++)
        answers[i] = example->answers[i].text;
    tuff_status status =
        tuff_squad_add(scores, predicted, answers, example->answer_count, dataset->is_squad_2);
    tuff_free(answers);
    return status;
}

static tuff_status score_all(const struct tuff_task_data *data, const struct tuff_squad_best *best,
                             struct tuff_predictions *predictions, struct tuff_squad_scores *scores) {
    TUFF_TRY(tuff_predictions_print(predictions, "{"));
    for (size_t i = 0; i < data->dataset.count; i++)
        TUFF_TRY(score_question(&data->dataset, i, &best[i], predictions, scores));
    return tuff_predictions_print(predictions, "}\n");
}

static tuff_status search(const struct tuff_task_data *data, const tuff_data_options *options,
                          const struct tuff_outputs *outputs, struct tuff_squad_best *best) {
    struct tuff_squad_search search = { .n_best = options->n_best,
                                        .max_answer_tokens = options->max_answer_tokens };
    tuff_status status = TUFF_OK;
    for (size_t i = 0; i < data->features.count && status == TUFF_OK; i++) {
        const struct tuff_feature *feature = &data->features.items[i];
        status = tuff_squad_search_window(&search, tuff_outputs_row(outputs, i, 0), feature->offsets,
                                          data->features.sequences[i].visible_count, &best[feature->example]);
    }
    tuff_squad_search_free(&search);
    return status;
}

tuff_status tuff_evaluate_answers(const struct tuff_task_data *data, const tuff_data_options *options,
                                  const struct tuff_outputs *outputs, struct tuff_predictions *predictions,
                                  struct tuff_evaluation *evaluation) {
    struct tuff_squad_scores scores = { 0 };
    struct tuff_squad_best *best = NULL;
    if (options->n_best < 1 || options->n_best > MOST_BEST || options->max_answer_tokens < 1)
        return tuff_fail(TUFF_ARGUMENT, "n-best must be 1 to %d, and an answer may have at least one token",
                         (int)MOST_BEST);
    TUFF_TRY(tuff_alloc(data->dataset.count, sizeof *best, &best));
    tuff_status status = search(data, options, outputs, best);
    if (status == TUFF_OK)
        status = score_all(data, best, predictions, &scores);
    tuff_free(best);
    double count = scores.all.count > 0 ? (double)scores.all.count : 1;
    tuff_evaluation_add(evaluation, "exact_match", 100 * scores.all.exact / count);
    tuff_evaluation_add(evaluation, "f1", 100 * scores.all.f1 / count);
    return status;
}
