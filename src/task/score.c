/* SPDX-License-Identifier: Apache-2.0 */
#include "task/score.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "task/heads.h"
#include "task/softmax.h"
#include "task/texts.h"

/* ---------------------------------------------------------------- outputs to scores */

/* `count` values that belong together. */
static void apply(tuff_score_function function, float *values, size_t count) {
    if (function == TUFF_SCORES_SOFTMAX && count > 0)
        tuff_softmax(values, count);
    for (size_t i = 0; function == TUFF_SCORES_SIGMOID && i < count; i++)
        values[i] = (float)(1.0 / (1.0 + exp(-(double)values[i])));
}

static tuff_score_function choose_function(const tuff_score_options *options, tuff_score_function usual) {
    return options->function == TUFF_SCORES_AUTO ? usual : options->function;
}

/* ---------------------------------------------------------------- texts to outputs */

struct scoring {
    float *scores; /* (count, cols) */
    size_t cols;
    tuff_score_function function; /* over a row */
    struct tuff_values values;    /* of one batch */
};

static tuff_status take(void *user, size_t begin, const struct tuff_batch_view *view) {
    struct scoring *scoring = user;
    const struct tuff_run *run = view->run;
    const struct tuff_tensor *result = run->classifier ? run->classifier : run->next_sentence;
    const size_t cols = scoring->cols; /* of a choice's head the result has one more, which is nothing */
    TUFF_TRY(tuff_values_read(&scoring->values, result, view->count, "a score"));
    for (uint32_t i = 0; i < view->count; i++) {
        float *row = scoring->scores + (begin + view->members[i]) * cols;
        memcpy(row, scoring->values.items + (size_t)i * result->shape.cols, cols * sizeof *row);
        apply(scoring->function, row, cols);
    }
    return TUFF_OK;
}

/* Rows of a head's outputs, with the function over each. */
static tuff_status score(struct tuff_model *model, uint32_t wants, const tuff_text *texts,
                         const tuff_text *pairs, size_t count, const tuff_score_options *options,
                         struct scoring *scoring, tuff_text_report *out_report) {
    const struct tuff_texts work = {
        .model = model,
        .texts = texts,
        .pairs = pairs,
        .count = count,
        .max_length = options->max_length,
        .key = { .wants = wants },
        .take = take,
        .user = scoring,
        .progress = options->progress,
        .progress_user = options->progress_user,
    };
    const tuff_status status = tuff_texts_run(&work, out_report);
    tuff_free(scoring->values.items);
    return status;
}

/* Second texts as the encoder takes them. transformers takes an empty one for none where it encodes one pair
 * at a time, as its pipelines do, and for a text where it encodes a list of pairs. */
static tuff_status copy_pairs(const tuff_text *pairs, size_t count, bool is_list, tuff_text **out_pairs) {
    static const char empty[] = "";
    TUFF_TRY(tuff_alloc(count, sizeof **out_pairs, out_pairs));
    for (size_t i = 0; i < count; i++)
        (*out_pairs)[i] = pairs[i].length > 0 ? pairs[i] : (tuff_text){ is_list ? empty : NULL, 0 };
    return TUFF_OK;
}

/* ---------------------------------------------------------------- the tasks */

tuff_score_function tuff_classifier_function(const struct tuff_config *config) {
    if (config->problem_type == TUFF_PROBLEM_REGRESSION)
        return TUFF_SCORES_NONE;
    if (config->problem_type == TUFF_PROBLEM_MULTI_LABEL || config->num_labels == 1)
        return TUFF_SCORES_SIGMOID;
    return TUFF_SCORES_SOFTMAX;
}

tuff_status tuff_task_classify(struct tuff_model *model, const tuff_text *texts, const tuff_text *pairs,
                               size_t count, const tuff_score_options *options, float *out_scores,
                               tuff_text_report *out_report) {
    const struct tuff_config *config = &model->folder.config;
    tuff_text *seconds = NULL;
    TUFF_TRY(tuff_need_head(model, TUFF_HEAD_SEQUENCE_CLASSIFICATION));
    if (pairs)
        TUFF_TRY(copy_pairs(pairs, count, false, &seconds));
    struct scoring scoring = { .scores = out_scores,
                               .cols = config->num_labels,
                               .function = choose_function(options, tuff_classifier_function(config)) };
    const tuff_status status =
        score(model, TUFF_WANT_CLASSIFIER, texts, seconds, count, options, &scoring, out_report);
    tuff_free(seconds);
    return status;
}

tuff_status tuff_task_next_sentence(struct tuff_model *model, const tuff_text *texts, const tuff_text *nexts,
                                    size_t count, const tuff_score_options *options, float *out_scores,
                                    tuff_text_report *out_report) {
    tuff_text *seconds = NULL;
    TUFF_TRY(tuff_need_head(model, TUFF_HEAD_NEXT_SENTENCE));
    TUFF_TRY(copy_pairs(nexts, count, false, &seconds));
    struct scoring scoring = { .scores = out_scores,
                               .cols = 2,
                               .function = choose_function(options, TUFF_SCORES_SOFTMAX) };
    const tuff_status status =
        score(model, TUFF_WANT_NEXT_SENTENCE, texts, seconds, count, options, &scoring, out_report);
    tuff_free(seconds);
    return status;
}

/* What AUTO means to a cross-encoder. */
static tuff_status find_rank_function(const struct tuff_config *config, tuff_score_function *out_function) {
    const char *name = config->rank_function;
    *out_function = TUFF_SCORES_SIGMOID;
    if (!name || strcmp(name, "torch.nn.modules.activation.Sigmoid") == 0)
        return TUFF_OK;
    *out_function = TUFF_SCORES_NONE;
    if (strcmp(name, "torch.nn.modules.linear.Identity") == 0)
        return TUFF_OK;
    return tuff_fail(
        TUFF_UNSUPPORTED,
        "config.json puts %s on the outputs of this cross-encoder, which is not known; ask for the "
        "sigmoid or for the outputs themselves",
        name);
}

tuff_status tuff_task_rank(struct tuff_model *model, tuff_text query, const tuff_text *passages, size_t count,
                           const tuff_score_options *options, float *out_scores,
                           tuff_text_report *out_report) {
    const struct tuff_config *config = &model->folder.config;
    tuff_text *queries = NULL;
    tuff_text *seconds = NULL;
    tuff_score_function function = options->function;
    TUFF_TRY(tuff_need_head(model, TUFF_HEAD_SEQUENCE_CLASSIFICATION));
    if (config->num_labels != 1)
        return tuff_fail(
            TUFF_UNSUPPORTED,
            "%s: passages are ranked by a cross-encoder, a classifier with one label; this one has "
            "%u labels",
            model->folder.path, config->num_labels);
    if (function == TUFF_SCORES_AUTO)
        TUFF_TRY(find_rank_function(config, &function));
    TUFF_TRY(copy_pairs(passages, count, true, &seconds));
    tuff_status status = tuff_alloc(count, sizeof *queries, &queries);
    for (size_t i = 0; i < count && status == TUFF_OK; i++)
        queries[i] = query;
    struct scoring scoring = { .scores = out_scores, .cols = 1, .function = function };
    if (status == TUFF_OK)
        status = score(model, TUFF_WANT_CLASSIFIER, queries, seconds, count, options, &scoring, out_report);
    tuff_free(queries);
    tuff_free(seconds);
    return status;
}

/* Choices laid out as pairs of texts. */
struct pairs {
    tuff_text *contexts, *endings, *seconds;
    size_t *places; /* where in the scores each pair belongs */
    size_t count;
};

static bool is_blank(tuff_text text) {
    for (size_t i = 0; i < text.length; i++)
        if (!strchr(" \t\r\n", text.data[i]))
            return false;
    return true;
}

static tuff_status lay_out(const tuff_choice *choices, size_t count, const tuff_score_options *options,
                           struct pairs *pairs) {
    size_t place = 0;
    for (size_t i = 0; i < count; i++) {
        const tuff_choice *choice = &choices[i];
        const char *problem = is_blank(choice->context)   ? "its context is empty"
                              : choice->ending_count == 0 ? "it has no endings to choose from"
                                                          : NULL;
        if (problem)
            TUFF_TRY(tuff_text_reject(options->reject, options->reject_user, i, problem));
        for (size_t j = 0; j < choice->ending_count; j++, place++) {
            if (problem)
                continue;
            pairs->contexts[pairs->count] = choice->context;
            pairs->endings[pairs->count] = choice->endings[j];
            pairs->places[pairs->count++] = place;
        }
    }
    return TUFF_OK;
}

static tuff_status allocate_pairs(size_t count, struct pairs *pairs) {
    TUFF_TRY(tuff_alloc(count, sizeof *pairs->contexts, &pairs->contexts));
    TUFF_TRY(tuff_alloc(count, sizeof *pairs->endings, &pairs->endings));
    return tuff_alloc(count, sizeof *pairs->places, &pairs->places);
}

tuff_status tuff_task_choose(struct tuff_model *model, const tuff_choice *choices, size_t count,
                             const tuff_score_options *options, float *out_scores,
                             tuff_text_report *out_report) {
    const tuff_score_function function = choose_function(options, TUFF_SCORES_SOFTMAX);
    struct pairs pairs = { 0 };
    struct scoring scoring = { .cols = 1, .function = TUFF_SCORES_NONE };
    size_t total = 0;
    tuff_status status = TUFF_OK;
    TUFF_TRY(tuff_need_head(model, TUFF_HEAD_MULTIPLE_CHOICE));
    for (size_t i = 0; i < count; i++)
        total += choices[i].ending_count;
    if (total > 0 && !out_scores)
        return tuff_fail(TUFF_ARGUMENT, "tuff_choose: a place for the scores is needed");
    TUFF_TRY_GOTO(allocate_pairs(total, &pairs));
    TUFF_TRY_GOTO(tuff_alloc(total, sizeof *scoring.scores, &scoring.scores));
    TUFF_TRY_GOTO(lay_out(choices, count, options, &pairs));
    TUFF_TRY_GOTO(copy_pairs(pairs.endings, pairs.count, true, &pairs.seconds));
    TUFF_TRY_GOTO(score(model, TUFF_WANT_CLASSIFIER, pairs.contexts, pairs.seconds, pairs.count, options,
                        &scoring, out_report));
    if (total > 0)
        memset(out_scores, 0, total * sizeof *out_scores);
    for (size_t i = 0; i < pairs.count; i++)
        out_scores[pairs.places[i]] = scoring.scores[i];
    for (size_t i = 0; i < count; out_scores += choices[i++].ending_count)
        if (!is_blank(choices[i].context))
            apply(function, out_scores, choices[i].ending_count);
done:
    tuff_free(scoring.scores);
    tuff_free(pairs.contexts);
    tuff_free(pairs.endings);
    tuff_free(pairs.seconds);
    tuff_free(pairs.places);
    return status;
}
