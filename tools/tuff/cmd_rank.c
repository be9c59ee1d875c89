/* SPDX-License-Identifier: Apache-2.0 */
/* tuff rank: passages by how well they answer a query, as a cross-encoder scores them. Holds the best
 * passages; all of them where no number is given. */
#include "commands.h"
#include "texts.h"

#include <stdlib.h>
#include <string.h>

struct passage {
    float score;
    size_t index;
    size_t line;
    tuff_text text; /* copies of its own */
    struct record_id id;
};

enum function { FUNCTION_AUTO, FUNCTION_NONE, FUNCTION_SIGMOID };

struct rank {
    struct common_options common;
    uint64_t max_length;
    uint64_t top_k; /* 0: all */
    int function;
    tuff_text query;
    struct passage *passages;
    size_t count;
    size_t capacity;
    float *scores; /* of the window */
    size_t score_capacity;
};

static tuff_status answer(void *user, const struct texts *texts) {
    struct rank *rank = user;
    tuff_score_options options = TUFF_SCORE_OPTIONS;
    options.function = (tuff_score_function)rank->function;
    options.max_length = (uint32_t)rank->max_length;
    options.progress = texts->progress;
    options.progress_user = texts->progress_user;
    rank->scores = grow(rank->scores, &rank->score_capacity, texts->count, sizeof(*rank->scores));
    return tuff_rank(texts->model, rank->query, texts->texts, texts->count, &options, rank->scores,
                     texts->report);
}

/* ---------------------------------------------------------------- the best passages */

/* The best first; equal ones in the order of the input. */
static int compare(const void *a, const void *b) {
    const struct passage *left = a;
    const struct passage *right = b;
    if (left->score != right->score)
        return left->score > right->score ? -1 : 1;
    return left->index < right->index ? -1 : left->index > right->index;
}

static tuff_text copy(tuff_text text) {
    return text.data ? (tuff_text){ copy_text(text.data, text.length), text.length } : text;
}

/* Sorts, and lets go what is not among the best. */
static void keep_best(struct rank *rank, size_t most) {
    if (rank->count > 0)
        qsort(rank->passages, rank->count, sizeof(*rank->passages), compare);
    while (rank->count > most) {
        struct passage *passage = &rank->passages[--rank->count];
        free((char *)passage->text.data);
        free((char *)passage->id.text.data);
    }
}

static void take(void *user, struct output *output, const struct texts *texts, size_t index) {
    struct rank *rank = user;
    const struct record *record = &texts->records[index];
    (void)output;
    rank->passages = grow(rank->passages, &rank->capacity, rank->count + 1, sizeof(*rank->passages));
    rank->passages[rank->count++] = (struct passage){
        .score = rank->scores[index],
        .index = record->index,
        .line = record->line,
        .text = copy(record->values[0].texts[0]),
        .id = { copy(record->id.text), record->id.is_json },
    };
    if (rank->top_k > 0 && rank->count / 2 >= rank->top_k)
        keep_best(rank, (size_t)rank->top_k);
}

/* ---------------------------------------------------------------- output */

static void print_json(struct output *output, const struct passage *passage) {
    output_print(output, "{\"index\":%zu,\"line\":%zu", passage->index, passage->line);
    record_print_json_id(output, &passage->id);
    output_text(output, ",\"score\":");
    output_float(output, passage->score);
    output_text(output, ",\"text\":");
    output_json_string(output, passage->text.data, passage->text.length);
    output_text(output, "}\n");
}

static void print_readable(struct output *output, const struct passage *passage) {
    output_print(output, "%8.4f  %6zu  ", (double)passage->score, passage->line);
    output_readable(output, passage->text.data, passage->text.length);
    output_text(output, "\n");
}

static void print_all(void *user, struct output *output) {
    struct rank *rank = user;
    keep_best(rank, rank->top_k > 0 ? (size_t)rank->top_k : rank->count);
    for (size_t i = 0; i < rank->count; i++) {
        if (rank->common.json)
            print_json(output, &rank->passages[i]);
        else
            print_readable(output, &rank->passages[i]);
    }
}

/* ---------------------------------------------------------------- the command */

static int run(struct rank *rank, const struct record_source *source, const struct arguments *arguments) {
    struct arguments passages = { arguments->values + 1, arguments->count - 1 };
    rank->query = (tuff_text){ arguments->values[0], strlen(arguments->values[0]) };
    int code = texts_run(&(struct texts_work){ .common = &rank->common,
                                               .source = source,
                                               .max_length = rank->max_length,
                                               .answer = answer,
                                               .print = take,
                                               .finish = print_all,
                                               .user = rank },
                         &passages);
    keep_best(rank, 0);
    free(rank->passages);
    free(rank->scores);
    return code;
}

int tuff_cmd_rank(int argc, char **argv) {
    struct rank rank = { .common = COMMON_OPTIONS_DEFAULTS };
    struct record_source source = {
        .fields = { { .name = "text", .is_required = true },
                    { .name = "text_pair", .refusal = "rank takes one query and single texts" } },
        .field_count = 2,
    };
    const struct option options[] = {
        { .name = "top-k",
          .type = OPTION_UNSIGNED,
          .value_name = "N",
          .target = &rank.top_k,
          .help = "how many passages to show (default: all, which are then held in memory)",
          .minimum = 1 },
        { .name = "function",
          .type = OPTION_CHOICE,
          .choices = "auto|none|sigmoid",
          .target = &rank.function,
          .help =
              "outputs to scores (default: auto, as config.json says to sentence-transformers' CrossEncoder, "
              "else sigmoid)" },
        MAX_LENGTH_OPTION(rank.max_length),
        COMMON_OPTIONS(rank.common),
        RECORD_OPTIONS(source),
        FIELD_OPTION(source, 0, "text-field", "the passage (default: text)"),
    };
    const struct command command = {
        .name = "rank",
        .arguments = "QUERY [PASSAGE...]",
        .about =
            "Sorts passages by how well they answer a query, the best first: those on the command line, or "
            "the records of --file or of standard input. The model is a cross-encoder, a classifier with "
            "one label; scores are as sentence-transformers gives them. Shows the score, the number of the "
            "passage, and the passage.",
        .example = "tuff rank --model tests/data/models/small-number 'Who eats mice?' 'Owls do.' "
                   "'Mice eat seeds.'\n"
                   "tuff rank --model tests/data/models/small-number --file tools/demo.txt --top-k 3 "
                   "'animals at night'",
        .options = options,
        .option_count = COUNT(options),
        .minimum_arguments = 1,
        .maximum_arguments = SIZE_MAX,
    };
    struct arguments arguments;
    const int code = options_parse(&command, argc, argv, &arguments);
    if (code != OPTIONS_GO_ON)
        return code;
    source.is_quiet = rank.common.quiet;
    return run(&rank, &source, &arguments);
}
