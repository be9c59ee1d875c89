/* SPDX-License-Identifier: Apache-2.0 */
/* tuff next-sentence: the probability that one sentence follows another. */
#include "commands.h"
#include "texts.h"

#include <stdlib.h>

struct next_sentence {
    struct common_options common;
    uint64_t max_length;
    float *scores; /* (records, 2): it follows, it does not */
    size_t capacity;
};

static tuff_status answer(void *user, const struct texts *texts) {
    struct next_sentence *next = user;
    tuff_score_options options = TUFF_SCORE_OPTIONS;
    options.max_length = (uint32_t)next->max_length;
    options.progress = texts->progress;
    options.progress_user = texts->progress_user;
    next->scores = grow(next->scores, &next->capacity, texts->count, 2 * sizeof(*next->scores));
    return tuff_next_sentence(texts->model, texts->texts, texts->pairs, texts->count, &options, next->scores,
                              texts->report);
}

static void print(void *user, struct output *output, const struct texts *texts, size_t index) {
    const struct next_sentence *next = user;
    const struct record *record = &texts->records[index];
    const float *scores = next->scores + 2 * index;
    if (next->common.json) {
        record_print_json_head(output, record);
        output_print(output, ",\"is_next\":%s,\"score\":", scores[0] > scores[1] ? "true" : "false");
        output_float(output, scores[0]);
        output_text(output, "}\n");
        return;
    }
    record_print_id(output, record);
    output_print(output, "%.4f  ", (double)scores[0]);
    output_readable(output, texts->texts[index].data, texts->texts[index].length);
    output_text(output, " | ");
    output_readable(output, texts->pairs[index].data, texts->pairs[index].length);
    output_text(output, "\n");
}

int tuff_cmd_next_sentence(int argc, char **argv) {
    struct next_sentence next = { .common = COMMON_OPTIONS_DEFAULTS };
    struct record_source source = { .fields = { { .name = "text", .is_required = true },
                                                { .name = "text_pair", .is_required = true } },
                                    .field_count = 2,
                                    .arguments = ARGUMENTS_PAIRS };
    const struct option options[] = {
        MAX_LENGTH_OPTION(next.max_length),
        COMMON_OPTIONS(next.common),
        RECORD_OPTIONS(source),
        FIELD_OPTION(source, 0, "text-field", "the first sentence (default: text)"),
        FIELD_OPTION(source, 1, "pair-field", "the second sentence (default: text_pair)"),
    };
    const struct command command = {
        .name = "next-sentence",
        .arguments = "[A B...]",
        .about =
            "Prints the probability that sentence B follows sentence A: every two arguments are such a "
            "pair, or the records of --file or of standard input are (TSV or JSON Lines). With --json each "
            "is a line {\"index\":0,\"is_next\":true,\"score\":0.9}.",
        .example =
            "tuff next-sentence --model tests/data/models/small-pretraining 'It rains.' 'We stay in.'\n"
            "echo '{\"text\":\"It rains.\",\"text_pair\":\"We stay in.\"}' | tuff next-sentence "
            "--model tests/data/models/small-pretraining --format jsonl --json",
        .options = options,
        .option_count = COUNT(options),
        .maximum_arguments = SIZE_MAX,
    };
    struct arguments arguments;
    int code = options_parse(&command, argc, argv, &arguments);
    if (code != OPTIONS_GO_ON)
        return code;
    source.is_quiet = next.common.quiet;
    code = texts_run(&(struct texts_work){ .common = &next.common,
                                           .source = &source,
                                           .max_length = next.max_length,
                                           .answer = answer,
                                           .print = print,
                                           .user = &next },
                     &arguments);
    free(next.scores);
    return code;
}
