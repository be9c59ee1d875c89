/* SPDX-License-Identifier: Apache-2.0 */
/* tuff fill-mask: the likeliest words for each [MASK] of a text. */
#include "commands.h"
#include "texts.h"

#include <stdlib.h>
#include <string.h>

struct fill_mask {
    struct common_options common;
    uint64_t max_length;
    uint64_t top_k;
    tuff_fills *fills; /* of the window */
};

static tuff_status answer(void *user, const struct texts *texts) {
    struct fill_mask *fill_mask = user;
    tuff_fill_options options = TUFF_FILL_OPTIONS;
    options.top_k = (uint32_t)fill_mask->top_k;
    options.max_length = (uint32_t)fill_mask->max_length;
    options.progress = texts->progress;
    options.progress_user = texts->progress_user;
    options.reject = texts->reject;
    options.reject_user = texts->reject_user;
    tuff_fills_free(fill_mask->fills);
    return tuff_fill_mask(texts->model, texts->texts, texts->count, &options, &fill_mask->fills,
                          texts->report);
}

static void print_json_fill(struct output *output, const tuff_fill *fill) {
    output_text(output, "{\"score\":");
    output_float(output, fill->score);
    output_print(output, ",\"token\":%d,\"token_str\":", (int)fill->token);
    output_json_string(output, fill->token_str, strlen(fill->token_str));
    output_text(output, ",\"sequence\":");
    output_json_string(output, fill->sequence, fill->sequence_length);
    output_text(output, "}");
}

/* A list of words, or a list of such lists where there are several masks. */
static void print_json(const struct fill_mask *fill_mask, struct output *output, const struct record *record,
                       size_t index) {
    const size_t mask_count = tuff_fills_mask_count(fill_mask->fills, index);
    record_print_json_head(output, record);
    output_text(output, mask_count > 1 ? ",\"fills\":[[" : ",\"fills\":[");
    for (size_t mask = 0; mask < mask_count; mask++) {
        const tuff_fill *fills = tuff_fills_get(fill_mask->fills, index, mask);
        output_text(output, mask > 0 ? "],[" : "");
        for (size_t i = 0; i < fill_mask->top_k; i++) {
            output_text(output, i > 0 ? "," : "");
            print_json_fill(output, &fills[i]);
        }
    }
    output_text(output, mask_count > 1 ? "]]}\n" : "]}\n");
}

static void print_readable(const struct fill_mask *fill_mask, struct output *output,
                           const struct record *record, size_t index) {
    const size_t mask_count = tuff_fills_mask_count(fill_mask->fills, index);
    record_print_id(output, record);
    output_readable(output, record->values[0].texts[0].data, record->values[0].texts[0].length);
    output_text(output, "\n");
    for (size_t mask = 0; mask < mask_count; mask++) {
        const tuff_fill *fills = tuff_fills_get(fill_mask->fills, index, mask);
        if (mask_count > 1)
            output_print(output, "  mask %zu\n", mask + 1);
        for (size_t i = 0; i < fill_mask->top_k; i++) {
            output_print(output, "  %.4f  ", (double)fills[i].score);
            output_readable(output, fills[i].token_str, strlen(fills[i].token_str));
            output_text(output, "\n");
        }
    }
}

static void print(void *user, struct output *output, const struct texts *texts, size_t index) {
    const struct fill_mask *fill_mask = user;
    if (fill_mask->common.json)
        print_json(fill_mask, output, &texts->records[index], index);
    else
        print_readable(fill_mask, output, &texts->records[index], index);
}

int tuff_cmd_fill_mask(int argc, char **argv) {
    struct fill_mask fill_mask = { .common = COMMON_OPTIONS_DEFAULTS, .top_k = 5 };
    struct record_source source = {
        .fields = { { .name = "text", .is_required = true },
                    { .name = "text_pair", .refusal = "fill-mask takes single texts" } },
        .field_count = 2,
    };
    const struct option options[] = {
        { .name = "top-k",
          .type = OPTION_UNSIGNED,
          .value_name = "N",
          .target = &fill_mask.top_k,
          .help = "words for each mask (default: 5)",
          .minimum = 1,
          .maximum = UINT32_MAX },
        MAX_LENGTH_OPTION(fill_mask.max_length),
        COMMON_OPTIONS(fill_mask.common),
        RECORD_OPTIONS(source),
        FIELD_OPTION(source, 0, "text-field", "the text (default: text)"),
    };
    const struct command command = {
        .name = "fill-mask",
        .arguments = "[TEXT...]",
        .about =
            "Prints the likeliest words for each [MASK] of a text, with their probabilities: texts on the "
            "command line, or the records of --file or of standard input. With --json each is a line "
            "{\"index\":0,\"fills\":[...]} with score, token, token_str and sequence of each word; "
            "several [MASK]s give a list of lists.",
        .example = "tuff fill-mask --model tests/data/models/small-pretraining 'The sky is [MASK] today.'\n"
                   "tuff fill-mask --model tests/data/models/small-pretraining --top-k 2 --json "
                   "'[MASK] fell [MASK] night.'",
        .options = options,
        .option_count = COUNT(options),
        .maximum_arguments = SIZE_MAX,
    };
    struct arguments arguments;
    int code = options_parse(&command, argc, argv, &arguments);
    if (code != OPTIONS_GO_ON)
        return code;
    source.is_quiet = fill_mask.common.quiet;
    code = texts_run(&(struct texts_work){ .common = &fill_mask.common,
                                           .source = &source,
                                           .max_length = fill_mask.max_length,
                                           .answer = answer,
                                           .print = print,
                                           .user = &fill_mask },
                     &arguments);
    tuff_fills_free(fill_mask.fills);
    return code;
}
