/* SPDX-License-Identifier: Apache-2.0 */
/* tuff choose: the likeliest of several endings of a context. */
#include "commands.h"
#include "texts.h"

#include <stdlib.h>

struct choose {
    struct common_options common;
    uint64_t max_length;
    tuff_choice *choices; /* of the window */
    size_t *first_scores; /* of each choice */
    float *scores;        /* of all endings */
    size_t capacity, first_capacity, score_capacity;
};

static tuff_status answer(void *user, const struct texts *texts) {
    struct choose *choose = user;
    tuff_score_options options = TUFF_SCORE_OPTIONS;
    options.max_length = (uint32_t)choose->max_length;
    options.progress = texts->progress;
    options.progress_user = texts->progress_user;
    options.reject = texts->reject;
    options.reject_user = texts->reject_user;
    choose->choices = grow(choose->choices, &choose->capacity, texts->count, sizeof(*choose->choices));
    choose->first_scores =
        grow(choose->first_scores, &choose->first_capacity, texts->count, sizeof(*choose->first_scores));
    size_t total = 0;
    for (size_t i = 0; i < texts->count; i++) {
        const struct field_value *endings = &texts->records[i].values[1];
        choose->choices[i] = (tuff_choice){ texts->texts[i], endings->texts, endings->count };
        choose->first_scores[i] = total;
        total += endings->count;
    }
    choose->scores = grow(choose->scores, &choose->score_capacity, total, sizeof(*choose->scores));
    return tuff_choose(texts->model, choose->choices, texts->count, &options, choose->scores, texts->report);
}

static size_t find_best(const float *scores, size_t count) {
    size_t best = 0;
    for (size_t i = 1; i < count; i++)
        if (scores[i] > scores[best])
            best = i;
    return best;
}

static void print_json(struct output *output, const struct record *record, const float *scores, size_t best) {
    record_print_json_head(output, record);
    output_print(output, ",\"choice\":%zu,\"score\":", best);
    output_float(output, scores[best]);
    for (size_t i = 0; i < record->values[1].count; i++) {
        output_text(output, i == 0 ? ",\"scores\":[" : ",");
        output_float(output, scores[i]);
    }
    output_text(output, "]}\n");
}

static void print(void *user, struct output *output, const struct texts *texts, size_t index) {
    const struct choose *choose = user;
    const struct record *record = &texts->records[index];
    const struct field_value *endings = &record->values[1];
    const float *scores = choose->scores + choose->first_scores[index];
    const size_t best = find_best(scores, endings->count);
    if (choose->common.json) {
        print_json(output, record, scores, best);
        return;
    }
    record_print_id(output, record);
    output_readable(output, texts->texts[index].data, texts->texts[index].length);
    output_text(output, "\n");
    for (size_t i = 0; i < endings->count; i++) {
        output_print(output, "%c %.4f  ", i == best ? '*' : ' ', (double)scores[i]);
        output_readable(output, endings->texts[i].data, endings->texts[i].length);
        output_text(output, "\n");
    }
}

int tuff_cmd_choose(int argc, char **argv) {
    struct choose choose = { .common = COMMON_OPTIONS_DEFAULTS };
    struct record_source source = {
        .fields = { { .name = "context", .is_required = true },
                    { .name = "endings", .is_required = true, .is_list = true } },
        .field_count = 2,
        .arguments = ARGUMENTS_ONE,
    };
    const struct option options[] = {
        MAX_LENGTH_OPTION(choose.max_length),
        COMMON_OPTIONS(choose.common),
        RECORD_OPTIONS(source),
        FIELD_OPTION(source, 0, "context-field", "the context (default: context)"),
        FIELD_OPTION(source, 1, "endings-field", "the endings (default: endings)"),
    };
    const struct command command = {
        .name = "choose",
        .arguments = "[CONTEXT ENDING...]",
        .about =
            "Prints which of several endings goes best with a context, and the probability of each: the "
            "first argument is the context, the others are the endings; or the records of --file or of "
            "standard input have both (JSON Lines, a list of endings; or TSV, columns called endings with "
            "a number behind). With --json each is a line "
            "{\"index\":0,\"choice\":1,\"score\":0.9,\"scores\":[0.1,0.9]}; choices count from 0.",
        .example = "tuff choose --model tests/data/models/small-choice 'She opened the umbrella' "
                   "'because it rained.' 'because it was dark.'",
        .options = options,
        .option_count = COUNT(options),
        .maximum_arguments = SIZE_MAX,
    };
    struct arguments arguments;
    int code = options_parse(&command, argc, argv, &arguments);
    if (code != OPTIONS_GO_ON)
        return code;
    source.is_quiet = choose.common.quiet;
    code = texts_run(&(struct texts_work){ .common = &choose.common,
                                           .source = &source,
                                           .max_length = choose.max_length,
                                           .answer = answer,
                                           .print = print,
                                           .user = &choose },
                     &arguments);
    free(choose.choices);
    free(choose.first_scores);
    free(choose.scores);
    return code;
}
