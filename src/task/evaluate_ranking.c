/* SPDX-License-Identifier: Apache-2.0 */
/* Rankings: passages by their relevance to a query, and second texts by their likeness to a first one. */
#include <math.h>

#include "base/memory.h"
#include "task/evaluate.h"
#include "task/metrics.h"
#include "task/predictions.h"

/* ---------------------------------------------------------------- relevance */

/* A passage is relevant from one half on. */
static tuff_status collect(const struct tuff_task_data *data, const struct tuff_outputs *outputs,
                           struct tuff_predictions *predictions, struct tuff_ranked *ranked) {
    for (size_t i = 0; i < data->features.count; i++) {
        const struct tuff_example *example = &data->dataset.examples[data->features.items[i].example];
        double score = 1 / (1 + exp(-(double)*tuff_outputs_row(outputs, i, 0)));
        ranked[i] = (struct tuff_ranked){ .group = example->texts[0],
                                          .score = score,
                                          .is_relevant = example->number >= 0.5 };
        TUFF_TRY(tuff_predictions_print(predictions, "%.9g\n", score));
    }
    return TUFF_OK;
}

tuff_status tuff_evaluate_relevance(const struct tuff_task_data *data, const struct tuff_outputs *outputs,
                                    struct tuff_predictions *predictions,
                                    struct tuff_evaluation *evaluation) {
    const size_t count = data->features.count;
    struct tuff_ranked *ranked = NULL;
    size_t right = 0;
    TUFF_TRY(tuff_alloc(count, sizeof *ranked, &ranked));
    tuff_status status = collect(data, outputs, predictions, ranked);
    for (size_t i = 0; i < count; i++)
        right += (ranked[i].score >= 0.5) == ranked[i].is_relevant;
    tuff_evaluation_add(evaluation, "average_precision", tuff_average_precision(ranked, count));
    tuff_evaluation_add(evaluation, "mrr", tuff_reciprocal_rank(ranked, count));
    tuff_evaluation_add(evaluation, "accuracy", (double)right / (double)count);
    tuff_free(ranked);
    return status;
}

/* ---------------------------------------------------------------- pairs */

static double product(const float *a, const float *b, uint32_t count) {
    double sum = 0;
    for (uint32_t i = 0; i < count; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

/* The rank of a first text's own second text among all, from 1; *out_best is the one ranked first. */
static size_t rank_of(const struct tuff_outputs *outputs, size_t count, size_t index, size_t *out_best) {
    const float *first = tuff_outputs_row(outputs, 2 * index, 0);
    double own = product(first, tuff_outputs_row(outputs, 2 * index + 1, 0), outputs->columns);
    double best = own;
    size_t rank = 1;
    *out_best = index;
    for (size_t i = 0; i < count; i++) {
        double score = product(first, tuff_outputs_row(outputs, 2 * i + 1, 0), outputs->columns);
        rank += i != index && score > own;
        if (score > best) {
            best = score;
            *out_best = i;
        }
    }
    return rank;
}

tuff_status tuff_evaluate_pairs(const struct tuff_task_data *data, const struct tuff_outputs *outputs,
                                struct tuff_predictions *predictions, struct tuff_evaluation *evaluation) {
    const size_t count = data->features.count;
    double firsts = 0, reciprocals = 0;
    for (size_t i = 0; i < count; i++) {
        size_t best = 0;
        size_t rank = rank_of(outputs, count, i, &best);
        firsts += rank == 1;
        reciprocals += 1 / (double)rank;
        TUFF_TRY(tuff_predictions_print(predictions, "%zu\n", best));
    }
    tuff_evaluation_add(evaluation, "accuracy_at_1", firsts / (double)count);
    tuff_evaluation_add(evaluation, "mrr", reciprocals / (double)count);
    return TUFF_OK;
}
