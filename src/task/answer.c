/* SPDX-License-Identifier: Apache-2.0 */
/* Answers to questions: windows over the context, the best spans of each window, their scores added up where
 * the text is the same, the best of all. */
#include "task/answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/unicode.h"
#include "task/encode.h"
#include "task/heads.h"
#include "task/spans.h"
#include "task/texts.h"
#include "task/windowed.h"

enum { USUAL_LENGTH = 384, USUAL_STRIDE = 128 };

/* The answers of all questions. */
struct tuff_answers {
    tuff_span *items;
    size_t count, capacity;
    size_t *ends; /* of each question's items */
    float *null_scores;
    size_t question_count;
};

/* A span found in a window. */
struct candidate {
    tuff_span span;
    double score;
    uint64_t hash; /* of the text in lower case */
    size_t order;  /* in which it was found */
};

struct answering {
    struct tuff_model *model;
    const tuff_text *questions, *contexts;
    const tuff_answer_options *options;
    uint32_t max_length;
    size_t special_count; /* tokens that a pair of texts gets besides its own */
    struct tuff_span_search search;
    struct candidate *candidates; /* of one question */
    size_t candidate_count, candidate_capacity;
    tuff_answers *answers;
};

/* ---------------------------------------------------------------- windows */

/* Tokens of a text and its pair, with or without the special ones. */
static tuff_status count_tokens(const struct tuff_model *model, tuff_text text, const tuff_text *pair,
                                bool no_special_tokens, size_t *out_count) {
    tuff_encode_options options = TUFF_ENCODE_OPTIONS;
    tuff_encodings *encodings = NULL;
    options.no_special_tokens = no_special_tokens;
    TUFF_TRY(tuff_encode(model->tokenizer, text, pair, &options, &encodings));
    *out_count = tuff_encodings_get(encodings, 0)->count;
    tuff_encodings_free(encodings);
    return TUFF_OK;
}

static tuff_status reject(const struct answering *answering, size_t index, const char *message) {
    return tuff_text_reject(answering->options->reject, answering->options->reject_user, index, message);
}

/* The windows of a context of which `room` tokens fit beside the question. */
static tuff_status encode_context(const struct answering *answering, size_t index, uint32_t room,
                                  tuff_encodings **out_encodings) {
    const int32_t asked = answering->options->stride;
    const uint32_t half = answering->max_length / 2;
    const uint32_t usual = half < USUAL_STRIDE ? half : USUAL_STRIDE;
    tuff_encode_options options = TUFF_ENCODE_OPTIONS;
    options.truncation = TUFF_TRUNCATE_ONLY_SECOND;
    options.max_length = answering->max_length;
    options.stride = asked >= 0 ? (uint32_t)asked : usual < room ? usual : room / 2;
    return tuff_encode(answering->model->tokenizer, answering->questions[index], &answering->contexts[index],
                       &options, out_encodings);
}

static bool has_context(const tuff_encodings *encodings) {
    const tuff_encoding *first = tuff_encodings_get(encodings, 0);
    for (size_t i = 0; i < first->count; i++)
        if (first->sequences[i] == 1)
            return true;
    return false;
}

static tuff_status encode(void *user, size_t index, tuff_encodings **out_encodings) {
    const struct answering *answering = user;
    char sentence[256];
    size_t question_count = 0;
    TUFF_TRY(count_tokens(answering->model, answering->questions[index], NULL, true, &question_count));
    if (question_count == 0)
        return reject(answering, index, "its question is empty");
    const size_t taken = question_count + answering->special_count;
    if (taken >= answering->max_length) {
        snprintf(
            sentence, sizeof sentence,
            "its question has %zu tokens, which with %zu special ones leave no room for the context in a "
            "window of %u",
            question_count, answering->special_count, answering->max_length);
        return reject(answering, index, sentence);
    }
    const uint32_t room = answering->max_length - (uint32_t)taken;
    if (answering->options->stride >= 0 && (uint32_t)answering->options->stride >= room) {
        snprintf(
            sentence, sizeof sentence,
            "its question leaves %u tokens of a window for the context, which is not more than the stride "
            "of %d",
            room, answering->options->stride);
        return reject(answering, index, sentence);
    }
    TUFF_TRY(encode_context(answering, index, room, out_encodings));
    if (has_context(*out_encodings))
        return TUFF_OK;
    tuff_encodings_free(*out_encodings);
    *out_encodings = NULL;
    return reject(answering, index, "its context is empty");
}

/* ---------------------------------------------------------------- spans to texts */

/* Tokens to the text they stand for; whole words where that is asked for and the tokens belong to any. */
static tuff_span locate(const tuff_encoding *encoding, struct tuff_token_span span, bool is_by_words) {
    size_t start = span.start;
    size_t end = span.end;
    const int32_t *words = encoding->words;
    if (is_by_words && words[start] >= 0 && words[end] >= 0) {
        while (start > 0 && encoding->sequences[start - 1] == 1 && words[start - 1] == words[start])
            start--;
        while (end + 1 < encoding->count && encoding->sequences[end + 1] == 1 && words[end + 1] == words[end])
            end++;
    }
    return (tuff_span){
        .score = span.score,
        .offset = { encoding->offsets[start].start, encoding->offsets[end].end },
        .byte_offset = { encoding->byte_offsets[start].start, encoding->byte_offsets[end].end },
    };
}

/* The next code points of a text in lower case. */
static size_t lower_next(tuff_text text, size_t *at, uint32_t lower[2]) {
    uint32_t code_point = 0;
    *at += tuff_utf8_decode(text.data + *at, text.length - *at, &code_point, NULL);
    return tuff_unicode_lower(code_point, lower);
}

/* Tells texts apart. */
static uint64_t hash_lower(tuff_text text) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
    for (size_t at = 0; at < text.length;) {
        uint32_t lower[2];
        const size_t count = lower_next(text, &at, lower);
        for (size_t i = 0; i < count; i++)
            hash = (hash ^ lower[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

static tuff_text text_of(const struct answering *answering, size_t index, const tuff_span *span) {
    return (tuff_text){ answering->contexts[index].data + span->byte_offset.start,
                        span->byte_offset.end - span->byte_offset.start };
}

static tuff_status find_in_window(struct answering *answering, size_t index, const tuff_encoding *encoding,
                                  const float *rows) {
    struct tuff_span_search *search = &answering->search;
    float *null_score = &answering->answers->null_scores[index];
    float null_here = 0.0f;
    TUFF_TRY(tuff_spans_find(search, encoding, rows, &null_here));
    *null_score = null_here < *null_score ? null_here : *null_score;
    TUFF_TRY(tuff_reserve(&answering->candidates, &answering->candidate_capacity,
                          answering->candidate_count + search->best_count, sizeof *answering->candidates));
    for (size_t i = 0; i < search->best_count; i++) {
        const size_t order = answering->candidate_count++;
        struct candidate *candidate = &answering->candidates[order];
        *candidate = (struct candidate){
            .span = locate(encoding, search->best[i], !answering->options->no_word_alignment),
            .score = (double)search->best[i].score,
            .order = order,
        };
        candidate->hash = hash_lower(text_of(answering, index, &candidate->span));
    }
    return TUFF_OK;
}

/* ---------------------------------------------------------------- the best answers */

static int by_text(const void *left, const void *right) {
    const struct candidate *a = left;
    const struct candidate *b = right;
    if (a->hash != b->hash)
        return a->hash < b->hash ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
}

static int by_score(const void *left, const void *right) {
    const struct candidate *a = left;
    const struct candidate *b = right;
    if (a->score != b->score)
        return a->score > b->score ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
}

/* Spans with the same text, upper and lower case alike, are one answer: it stands where it was found first,
 * and their scores add up, as in transformers. */
static void merge_texts(struct answering *answering) {
    struct candidate *candidates = answering->candidates;
    size_t kept = 0;
    qsort(candidates, answering->candidate_count, sizeof *candidates, by_text);
    for (size_t i = 1; i < answering->candidate_count; i++) {
        if (candidates[i].hash == candidates[kept].hash)
            candidates[kept].score += candidates[i].score;
        else
            candidates[++kept] = candidates[i];
    }
    answering->candidate_count = kept + 1;
    qsort(candidates, answering->candidate_count, sizeof *candidates, by_score);
}

static void add_null(struct answering *answering, size_t index) {
    const size_t order = answering->candidate_count++;
    answering->candidates[order] =
        (struct candidate){ .score = (double)answering->answers->null_scores[index], .order = order };
    qsort(answering->candidates, answering->candidate_count, sizeof *answering->candidates, by_score);
}

static tuff_status keep_best(struct answering *answering) {
    tuff_answers *answers = answering->answers;
    const size_t limit = answering->options->top_k;
    const size_t count = answering->candidate_count < limit ? answering->candidate_count : limit;
    TUFF_TRY(
        tuff_reserve(&answers->items, &answers->capacity, answers->count + count, sizeof *answers->items));
    for (size_t i = 0; i < count; i++) {
        tuff_span *span = &answers->items[answers->count++];
        *span = answering->candidates[i].span;
        span->score = (float)answering->candidates[i].score;
    }
    answering->candidate_count = 0;
    return TUFF_OK;
}

static tuff_status take(void *user, size_t index, const struct tuff_windows *windows) {
    struct answering *answering = user;
    const float *rows = windows->rows;
    answering->answers->null_scores[index] = 1.0f;
    for (size_t i = 0; i < tuff_encodings_count(windows->encodings); i++) {
        const tuff_encoding *encoding = tuff_encodings_get(windows->encodings, i);
        TUFF_TRY(find_in_window(answering, index, encoding, rows));
        rows += encoding->count * windows->cols;
    }
    /* Room for one more, the empty answer. */
    TUFF_TRY(tuff_reserve(&answering->candidates, &answering->candidate_capacity,
                          answering->candidate_count + 1, sizeof *answering->candidates));
    merge_texts(answering);
    if (answering->options->handle_impossible)
        add_null(answering, index);
    TUFF_TRY(keep_best(answering));
    answering->answers->ends[index] = answering->answers->count;
    return TUFF_OK;
}

/* ---------------------------------------------------------------- the task */

static tuff_status read_options(struct answering *answering) {
    const tuff_answer_options *options = answering->options;
    const tuff_text empty = { "", 0 };
    TUFF_TRY(tuff_length_limit(answering->model, options->max_length, &answering->max_length));
    if (options->max_length == 0 && answering->max_length > USUAL_LENGTH)
        answering->max_length = USUAL_LENGTH;
    if (options->top_k == 0 || options->max_answer_length == 0)
        return tuff_fail(TUFF_ARGUMENT, "at least one answer of at least one token must be asked for");
    /* Several spans of tokens may be the same words. */
    answering->search.best_limit =
        options->no_word_alignment ? options->top_k : 2 * (size_t)options->top_k + 10;
    answering->search.longest = options->max_answer_length;
    return count_tokens(answering->model, empty, &empty, false, &answering->special_count);
}

static tuff_status create_answers(size_t count, tuff_answers **out_answers) {
    tuff_answers *answers = NULL;
    TUFF_TRY(tuff_alloc(1, sizeof *answers, &answers));
    *out_answers = answers;
    answers->question_count = count;
    TUFF_TRY(tuff_alloc(count, sizeof *answers->ends, &answers->ends));
    return tuff_alloc(count, sizeof *answers->null_scores, &answers->null_scores);
}

tuff_status tuff_task_answer(struct tuff_model *model, const tuff_text *questions, const tuff_text *contexts,
                             size_t count, const tuff_answer_options *options, tuff_answers **out_answers,
                             tuff_text_report *out_report) {
    struct answering answering = {
        .model = model, .questions = questions, .contexts = contexts, .options = options
    };
    tuff_status status = TUFF_OK;
    *out_report = (tuff_text_report){ 0 };
    TUFF_TRY(tuff_need_head(model, TUFF_HEAD_QUESTION_ANSWERING));
    TUFF_TRY(tuff_need_tokenizer(model));
    TUFF_TRY(read_options(&answering));
    TUFF_TRY_GOTO(create_answers(count, &answering.answers));
    TUFF_TRY_GOTO(tuff_windowed_run(&(struct tuff_windowed){ .model = model,
                                                             .count = count,
                                                             .want = TUFF_WANT_SPANS,
                                                             .max_length = answering.max_length,
                                                             .encode = encode,
                                                             .take = take,
                                                             .user = &answering,
                                                             .progress = options->progress,
                                                             .progress_user = options->progress_user },
                                    out_report));
    for (size_t i = 1; i < count; i++) /* a question that was rejected has none */
        if (answering.answers->ends[i] < answering.answers->ends[i - 1])
            answering.answers->ends[i] = answering.answers->ends[i - 1];
    *out_answers = answering.answers;
    answering.answers = NULL;
done:
    tuff_answers_free(answering.answers);
    tuff_spans_free(&answering.search);
    tuff_free(answering.candidates);
    return status;
}

/* ---------------------------------------------------------------- results */

size_t tuff_answers_count(const tuff_answers *answers, size_t question) {
    if (question >= answers->question_count)
        return 0;
    return answers->ends[question] - (question > 0 ? answers->ends[question - 1] : 0);
}

const tuff_span *tuff_answers_get(const tuff_answers *answers, size_t question, size_t index) {
    if (index >= tuff_answers_count(answers, question))
        return NULL;
    return &answers->items[(question > 0 ? answers->ends[question - 1] : 0) + index];
}

float tuff_answers_null_score(const tuff_answers *answers, size_t question) {
    return question < answers->question_count ? answers->null_scores[question] : 0.0f;
}

void tuff_answers_free(tuff_answers *answers) {
    if (!answers)
        return;
    tuff_free(answers->items);
    tuff_free(answers->ends);
    tuff_free(answers->null_scores);
    tuff_free(answers);
}
