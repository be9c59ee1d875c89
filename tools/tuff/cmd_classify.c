/* SPDX-License-Identifier: Apache-2.0 */
/* tuff classify: the label of each text or pair of texts, with its probability; the labels beyond a threshold
 * where a model gives several, a number where it is a regression. */
#include "commands.h"
#include "texts.h"

#include <stdlib.h>
#include <string.h>

enum function { FUNCTION_AUTO, FUNCTION_NONE, FUNCTION_SIGMOID, FUNCTION_SOFTMAX };

struct classify {
    struct common_options common;
    uint64_t max_length;
    uint64_t top_k; /* 0: the best label, or those beyond the threshold */
    double threshold;
    int function;
    tuff_model *model;
    tuff_score_function usual; /* what `function` of auto means here */
    size_t label_count;
    float *scores; /* (records, labels) */
    size_t capacity;
    size_t *order; /* labels of one record, the best first */
};

static int start(void *user, tuff_model *model) {
    struct classify *classify = user;
    classify->model = model;
    classify->usual = tuff_model_score_function(model);
    classify->label_count = tuff_model_label_count(model);
    classify->order = allocate(classify->label_count, sizeof(*classify->order));
    return EXIT_SUCCESS;
}

static tuff_status answer(void *user, const struct texts *texts) {
    struct classify *classify = user;
    tuff_score_options options = TUFF_SCORE_OPTIONS;
    options.function = (tuff_score_function)classify->function;
    options.max_length = (uint32_t)classify->max_length;
    options.progress = texts->progress;
    options.progress_user = texts->progress_user;
    classify->scores = grow(classify->scores, &classify->capacity, texts->count,
                            classify->label_count * sizeof(*classify->scores));
    return tuff_classify(texts->model, texts->texts, texts->pairs, texts->count, &options, classify->scores,
                         texts->report);
}

/* ---------------------------------------------------------------- which labels */

/* The best first; equal ones in their order. */
static void sort(const struct classify *classify, const float *scores) {
    for (size_t i = 0; i < classify->label_count; i++) {
        size_t place = i;
        for (; place > 0 && scores[classify->order[place - 1]] < scores[i]; place--)
            classify->order[place] = classify->order[place - 1];
        classify->order[place] = i;
    }
}

/* Labels that are independent of each other: several may hold, or none. */
static bool has_many(const struct classify *classify) {
    return classify->label_count > 1 && classify->usual == TUFF_SCORES_SIGMOID &&
           (classify->function == FUNCTION_AUTO || classify->function == FUNCTION_SIGMOID);
}

static bool is_regression(const struct classify *classify) {
    return classify->usual == TUFF_SCORES_NONE;
}

/* How many of the sorted labels are shown. */
static size_t count_shown(const struct classify *classify, const float *scores) {
    if (classify->top_k > 0)
        return classify->top_k < classify->label_count ? (size_t)classify->top_k : classify->label_count;
    if (is_regression(classify))
        return classify->label_count;
    if (!has_many(classify))
        return 1;
    size_t count = 0;
    while (count < classify->label_count && (double)scores[classify->order[count]] >= classify->threshold)
        count++;
    return count;
}

/* ---------------------------------------------------------------- output */

static void print_json_label(const struct classify *classify, struct output *output, const float *scores,
                             size_t label) {
    const char *name = tuff_model_label(classify->model, label);
    output_text(output, "\"label\":");
    output_json_string(output, name, strlen(name));
    output_text(output, ",\"score\":");
    output_float(output, scores[label]);
}

static void print_json(const struct classify *classify, struct output *output, const struct record *record,
                       const float *scores, size_t shown) {
    record_print_json_head(output, record);
    output_text(output, ",");
    print_json_label(classify, output, scores, classify->order[0]);
    if (classify->top_k > 0 || has_many(classify) || (is_regression(classify) && shown > 1)) {
        output_text(output, ",\"labels\":[");
        for (size_t i = 0; i < shown; i++) {
            output_text(output, i == 0 ? "{" : ",{");
            print_json_label(classify, output, scores, classify->order[i]);
            output_text(output, "}");
        }
        output_text(output, "]");
    }
    output_text(output, "}\n");
}

static void print_readable(const struct classify *classify, struct output *output,
                           const struct record *record, const float *scores, size_t shown) {
    record_print_id(output, record);
    for (size_t i = 0; i < shown; i++) {
        const size_t label = classify->order[i];
        const char *name = tuff_model_label(classify->model, label);
        if (!is_regression(classify) || classify->label_count > 1) {
            output_readable(output, name, strlen(name));
            output_text(output, " ");
        }
        output_print(output, "%.4f%s", (double)scores[label], i + 1 < shown ? ", " : "");
    }
    if (shown == 0)
        output_text(output, "none");
    for (size_t i = 0; i < 2 && record->values[i].count > 0; i++) {
        output_text(output, i == 0 ? "  " : " | ");
        output_readable(output, record->values[i].texts[0].data, record->values[i].texts[0].length);
    }
    output_text(output, "\n");
}

static void print(void *user, struct output *output, const struct texts *texts, size_t index) {
    const struct classify *classify = user;
    const float *scores = classify->scores + index * classify->label_count;
    sort(classify, scores);
    const size_t shown = count_shown(classify, scores);
    if (classify->common.json)
        print_json(classify, output, &texts->records[index], scores, shown);
    else
        print_readable(classify, output, &texts->records[index], scores, shown);
}

/* ---------------------------------------------------------------- the command */

static int run(struct classify *classify, const struct record_source *source,
               const struct arguments *arguments) {
    int code = texts_run(&(struct texts_work){ .common = &classify->common,
                                               .source = source,
                                               .max_length = classify->max_length,
                                               .start = start,
                                               .answer = answer,
                                               .print = print,
                                               .user = classify },
                         arguments);
    free(classify->scores);
    free(classify->order);
    return code;
}

int tuff_cmd_classify(int argc, char **argv) {
    struct classify classify = { .common = COMMON_OPTIONS_DEFAULTS, .threshold = 0.5 };
    struct record_source source = {
        .fields = { { .name = "text", .is_required = true }, { .name = "text_pair" } }, .field_count = 2
    };
    bool has_pairs = false;
    const struct option options[] = {
        { .name = "pairs",
          .type = OPTION_BOOLEAN,
          .target = &has_pairs,
          .help = "every two arguments are a pair of texts; in a file each record must have both" },
        { .name = "top-k",
          .type = OPTION_UNSIGNED,
          .value_name = "N",
          .target = &classify.top_k,
          .help = "show the N best labels with their scores (default: the best one, or those beyond the "
                  "threshold)",
          .minimum = 1 },
        { .name = "threshold",
          .type = OPTION_FLOAT,
          .value_name = "P",
          .target = &classify.threshold,
          .help = "a model whose labels are independent of each other gives those with at least this "
                  "probability (default: 0.5)",
          .least = 0.0,
          .most = 1.0 },
        { .name = "function",
          .type = OPTION_CHOICE,
          .choices = "auto|none|sigmoid|softmax",
          .target = &classify.function,
          .help =
              "outputs to scores (default: auto, none for a regression, sigmoid for one label or independent "
              "ones, else softmax)" },
        MAX_LENGTH_OPTION(classify.max_length),
        COMMON_OPTIONS(classify.common),
        RECORD_OPTIONS(source),
        FIELD_OPTION(source, 0, "text-field", "the text (default: text)"),
        FIELD_OPTION(source, 1, "pair-field", "the second text of a pair (default: text_pair)"),
    };
    const struct command command = {
        .name = "classify",
        .arguments = "[TEXT...]",
        .about =
            "Prints the label of each text with its probability: texts on the command line, or the records "
            "of --file or of standard input. A regression gives a number. With --json each is a line "
            "{\"index\":0,\"label\":\"...\",\"score\":0.9}, with \"labels\" where there are several. A "
            "record "
            "with text_pair is a pair of texts.",
        .example = "tuff classify --model tests/data/models/small-classes 'Best film of the year.'\n"
                   "tuff classify --model tests/data/models/small-labels --json --file "
                   "tools/demo.txt",
        .options = options,
        .option_count = COUNT(options),
        .maximum_arguments = SIZE_MAX,
    };
    struct arguments arguments;
    int code = options_parse(&command, argc, argv, &arguments);
    if (code != OPTIONS_GO_ON)
        return code;
    source.is_quiet = classify.common.quiet;
    source.fields[1].is_required = has_pairs;
    source.arguments = has_pairs ? ARGUMENTS_PAIRS : ARGUMENTS_EACH;
    return run(&classify, &source, &arguments);
}
