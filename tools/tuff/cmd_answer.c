/* SPDX-License-Identifier: Apache-2.0 */
/* tuff answer: the part of a context that answers a question. Records are questions with their contexts, or
 * with
 * --question the documents in which one question is answered. */
#include "commands.h"
#include "texts.h"

#include <stdlib.h>
#include <string.h>

/* What --stride is where it was not given. */
#define STRIDE_AUTO UINT64_MAX

/* An answer in one of many documents. */
struct found {
    tuff_span span;
    tuff_text text; /* copies of its own */
    struct record_id id;
    size_t index;
    size_t line;
};

struct answer {
    struct common_options common;
    const char *question; /* NULL: each record has its own */
    uint64_t top_k;
    uint64_t max_length;
    uint64_t stride;
    uint64_t max_answer_length;
    bool handles_impossible;
    bool aligns_to_words;
    tuff_text *questions; /* of the window, where `question` is set */
    size_t question_capacity;
    tuff_answers *answers; /* of the window */
    struct found *best;    /* with `question`: of all documents, the best first */
    size_t best_count, best_capacity;
    double null_score; /* the least of all documents */
};

static const tuff_text *repeat_question(struct answer *answer, size_t count) {
    answer->questions =
        grow(answer->questions, &answer->question_capacity, count, sizeof(*answer->questions));
    for (size_t i = 0; i < count; i++)
        answer->questions[i] = (tuff_text){ answer->question, strlen(answer->question) };
    return answer->questions;
}

static tuff_status run_window(void *user, const struct texts *texts) {
    struct answer *answer = user;
    tuff_answer_options options = TUFF_ANSWER_OPTIONS;
    options.top_k = (uint32_t)answer->top_k;
    options.max_length = (uint32_t)answer->max_length;
    options.stride = answer->stride == STRIDE_AUTO ? -1 : (int32_t)answer->stride;
    options.max_answer_length = (uint32_t)answer->max_answer_length;
    options.handle_impossible = answer->handles_impossible && !answer->question;
    options.no_word_alignment = !answer->aligns_to_words;
    options.progress = texts->progress;
    options.progress_user = texts->progress_user;
    options.reject = texts->reject;
    options.reject_user = texts->reject_user;
    tuff_answers_free(answer->answers);
    answer->answers = NULL;
    const tuff_text *questions = answer->question ? repeat_question(answer, texts->count) : texts->texts;
    const tuff_text *contexts = answer->question ? texts->texts : texts->pairs;
    return tuff_answer(texts->model, questions, contexts, texts->count, &options, &answer->answers,
                       texts->report);
}

static tuff_text text_of(tuff_text context, const tuff_span *span) {
    return (tuff_text){ context.data + span->byte_offset.start,
                        span->byte_offset.end - span->byte_offset.start };
}

/* ---------------------------------------------------------------- output */

static void print_json_span(struct output *output, const tuff_span *span, tuff_text text) {
    output_text(output, "\"score\":");
    output_float(output, span->score);
    output_print(output, ",\"start\":%u,\"end\":%u,\"answer\":", span->offset.start, span->offset.end);
    output_json_string(output, text.data, text.length);
}

static void print_readable_span(struct output *output, const tuff_span *span, tuff_text text) {
    output_print(output, "%.4f  %u-%u  ", (double)span->score, span->offset.start, span->offset.end);
    if (text.length > 0)
        output_readable(output, text.data, text.length);
    else
        output_text(output, "(no answer)");
    output_text(output, "\n");
}

static void print_json(const struct answer *answer, struct output *output, const struct record *record,
                       size_t index) {
    const tuff_text context = record->values[1].texts[0];
    const size_t count = tuff_answers_count(answer->answers, index);
    const tuff_span *best = tuff_answers_get(answer->answers, index, 0);
    record_print_json_head(output, record);
    output_text(output, ",");
    print_json_span(output, best, text_of(context, best));
    for (size_t i = 0; answer->top_k > 1 && i < count; i++) {
        const tuff_span *span = tuff_answers_get(answer->answers, index, i);
        output_text(output, i == 0 ? ",\"answers\":[{" : ",{");
        print_json_span(output, span, text_of(context, span));
        output_text(output, i + 1 < count ? "}" : "}]");
    }
    output_text(output, "}\n");
}

static void print_readable(const struct answer *answer, struct output *output, const struct record *record,
                           size_t index) {
    const tuff_text question = record->values[0].texts[0];
    record_print_id(output, record);
    output_readable(output, question.data, question.length);
    output_text(output, "\n");
    for (size_t i = 0; i < tuff_answers_count(answer->answers, index); i++) {
        const tuff_span *span = tuff_answers_get(answer->answers, index, i);
        output_text(output, "  ");
        print_readable_span(output, span, text_of(record->values[1].texts[0], span));
    }
}

/* ---------------------------------------------------------------- one question, many documents */

static tuff_text copy(tuff_text text) {
    return text.data ? (tuff_text){ copy_text(text.data, text.length), text.length } : text;
}

static void free_found(struct found *found) {
    free((char *)found->text.data);
    free((char *)found->id.text.data);
}

/* Where an answer with this score belongs; equal ones stay in the order of the documents. */
static size_t place_of(const struct answer *answer, float score) {
    size_t place = answer->best_count;
    while (place > 0 && answer->best[place - 1].span.score < score)
        place--;
    return place;
}

static void insert(struct answer *answer, size_t place, struct found found) {
    answer->best = grow(answer->best, &answer->best_capacity, answer->best_count + 1, sizeof(*answer->best));
    memmove(&answer->best[place + 1], &answer->best[place],
            (answer->best_count - place) * sizeof(*answer->best));
    answer->best[place] = found;
    answer->best_count++;
    if (answer->best_count > answer->top_k)
        free_found(&answer->best[--answer->best_count]);
}

static void offer_document(struct answer *answer, const struct record *record, size_t index) {
    const double null_score = (double)tuff_answers_null_score(answer->answers, index);
    answer->null_score = null_score < answer->null_score ? null_score : answer->null_score;
    for (size_t i = 0; i < tuff_answers_count(answer->answers, index); i++) {
        const tuff_span *span = tuff_answers_get(answer->answers, index, i);
        const size_t place = place_of(answer, span->score);
        if (place >= answer->top_k)
            return;
        insert(answer, place,
               (struct found){ .span = *span,
                               .text = copy(text_of(record->values[0].texts[0], span)),
                               .id = { copy(record->id.text), record->id.is_json },
                               .index = record->index,
                               .line = record->line });
    }
}

static void print_found(const struct answer *answer, struct output *output, const struct found *found) {
    const bool has_document = found->line > 0;
    if (answer->common.json) {
        output_text(output, "{");
        if (has_document)
            output_print(output, "\"index\":%zu,\"line\":%zu", found->index, found->line);
        record_print_json_id(output, &found->id);
        output_text(output, has_document ? "," : "");
        print_json_span(output, &found->span, found->text);
        output_text(output, "}\n");
        return;
    }
    if (has_document)
        output_print(output, "%6zu  ", found->line);
    else
        output_print(output, "%6s  ", "");
    print_readable_span(output, &found->span, found->text);
}

static void print_best(void *user, struct output *output) {
    struct answer *answer = user;
    if (answer->question && answer->handles_impossible && answer->best_count > 0) {
        const float score = (float)answer->null_score;
        const size_t place = place_of(answer, score);
        insert(answer, place, (struct found){ .span = { .score = score } });
    }
    for (size_t i = 0; i < answer->best_count; i++)
        print_found(answer, output, &answer->best[i]);
}

static void print(void *user, struct output *output, const struct texts *texts, size_t index) {
    struct answer *answer = user;
    if (answer->question)
        offer_document(answer, &texts->records[index], index);
    else if (answer->common.json)
        print_json(answer, output, &texts->records[index], index);
    else
        print_readable(answer, output, &texts->records[index], index);
}

/* ---------------------------------------------------------------- the command */

static int run(struct answer *answer, struct record_source *source, const struct arguments *arguments) {
    if (answer->question) {
        source->fields[0] = source->fields[1];
        source->field_count = 1;
        source->skips_empty = true;
    } else {
        source->arguments = ARGUMENTS_PAIRS;
    }
    int code = texts_run(&(struct texts_work){ .common = &answer->common,
                                               .source = source,
                                               .max_length = answer->max_length,
                                               .answer = run_window,
                                               .print = print,
                                               .finish = print_best,
                                               .user = answer },
                         arguments);
    for (size_t i = 0; i < answer->best_count; i++)
        free_found(&answer->best[i]);
    free(answer->best);
    free(answer->questions);
    tuff_answers_free(answer->answers);
    return code;
}

int tuff_cmd_answer(int argc, char **argv) {
    struct answer answer = { .common = COMMON_OPTIONS_DEFAULTS,
                             .top_k = 1,
                             .stride = STRIDE_AUTO,
                             .max_answer_length = 15,
                             .aligns_to_words = true,
                             .null_score = 1.0 };
    struct record_source source = {
        .fields = { { .name = "question", .is_required = true }, { .name = "context", .is_required = true } },
        .field_count = 2,
    };
    const struct option options[] = {
        { .name = "question",
          .type = OPTION_STRING,
          .value_name = "TEXT",
          .target = &answer.question,
          .help =
              "one question to all contexts, which then are the arguments, or the lines or records of the "
              "input: the best answers of all are shown, with their line" },
        { .name = "top-k",
          .type = OPTION_UNSIGNED,
          .value_name = "N",
          .target = &answer.top_k,
          .help = "answers to a question (default: 1)",
          .minimum = 1,
          .maximum = 100000 },
        { .name = "handle-impossible-answer",
          .type = OPTION_BOOLEAN,
          .target = &answer.handles_impossible,
          .help = "that there is no answer may be the best one, as in SQuAD 2.0" },
        { .name = "max-answer-length",
          .type = OPTION_UNSIGNED,
          .value_name = "N",
          .target = &answer.max_answer_length,
          .help = "tokens of an answer (default: 15)",
          .minimum = 1,
          .maximum = UINT32_MAX },
        { .name = "max-length",
          .type = OPTION_UNSIGNED,
          .value_name = "N",
          .target = &answer.max_length,
          .help =
              "tokens of a window, question and special ones included (default: 384, or the model's where "
              "that is less)",
          .minimum = 1,
          .maximum = UINT32_MAX },
        { .name = "doc-stride",
          .type = OPTION_UNSIGNED,
          .value_name = "N",
          .target = &answer.stride,
          .help =
              "a longer context is cut into windows, each with N tokens of the one before (default: 128, or "
              "half a window where that is less)",
          .maximum = INT32_MAX },
        { .name = "align-to-words",
          .type = OPTION_BOOLEAN,
          .target = &answer.aligns_to_words,
          .help = "answers are whole words (the default)" },
        COMMON_OPTIONS(answer.common),
        RECORD_OPTIONS(source),
        FIELD_OPTION(source, 0, "question-field", "the question (default: question)"),
        FIELD_OPTION(source, 1, "context-field", "the context (default: context)"),
    };
    const struct command command = {
        .name = "answer",
        .arguments = "[QUESTION CONTEXT...]",
        .about =
            "Finds the answer to each question in its context, which may be of any length: every two "
            "arguments "
            "are a question and its context, or the records of --file or of standard input are (TSV or JSON "
            "Lines). With --json each is a line {\"index\":0,\"score\":0.9,\"start\":7,\"end\":12,"
            "\"answer\":\"...\"}, offsets in characters, with \"answers\" where several were asked for.",
        .example = "tuff answer --model tests/data/models/small-answer 'Where is the museum?' 'The "
                   "museum stands "
                   "near the river.'\n"
                   "tuff answer --model tests/data/models/small-answer --question 'What broke?' "
                   "--top-k 3 --file "
                   "tools/demo.txt",
        .options = options,
        .option_count = COUNT(options),
        .maximum_arguments = SIZE_MAX,
    };
    struct arguments arguments;
    int code = options_parse(&command, argc, argv, &arguments);
    if (code != OPTIONS_GO_ON)
        return code;
    source.is_quiet = answer.common.quiet;
    return run(&answer, &source, &arguments);
}
