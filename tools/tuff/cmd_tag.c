/* SPDX-License-Identifier: Apache-2.0 */
/* tuff tag: the entities of texts. */
#include "commands.h"
#include "texts.h"

#include <stdlib.h>
#include <string.h>

/* What --stride is where it was not given. */
#define STRIDE_AUTO UINT64_MAX

struct tag {
    struct common_options common;
    uint64_t max_length;
    uint64_t stride;
    int aggregation;           /* a tuff_aggregation */
    const char *ignored;       /* labels with commas between them; NULL: O */
    char *ignored_text;        /* the same, cut up */
    const char **ignored_list; /* into the text */
    size_t ignored_count, ignored_capacity;
    tuff_entities *entities; /* of the window */
};

static void cut_ignored(struct tag *tag) {
    if (!tag->ignored)
        return;
    tag->ignored_text = copy_text(tag->ignored, strlen(tag->ignored));
    tag->ignored_list = allocate(1, sizeof(*tag->ignored_list)); /* an empty list ignores nothing */
    tag->ignored_capacity = 1;
    for (char *at = tag->ignored_text; at;) {
        char *comma = strchr(at, ',');
        if (comma)
            *comma = '\0';
        tag->ignored_list = grow(tag->ignored_list, &tag->ignored_capacity, tag->ignored_count + 1,
                                 sizeof(*tag->ignored_list));
        tag->ignored_list[tag->ignored_count++] = at;
        at = comma ? comma + 1 : NULL;
    }
}

static tuff_status answer(void *user, const struct texts *texts) {
    struct tag *tag = user;
    tuff_tag_options options = TUFF_TAG_OPTIONS;
    options.aggregation = (tuff_aggregation)tag->aggregation;
    options.ignored_labels = tag->ignored_list;
    options.ignored_count = tag->ignored_count;
    options.max_length = (uint32_t)tag->max_length;
    options.stride = tag->stride == STRIDE_AUTO ? -1 : (int32_t)tag->stride;
    options.progress = texts->progress;
    options.progress_user = texts->progress_user;
    tuff_entities_free(tag->entities);
    return tuff_tag(texts->model, texts->texts, texts->count, &options, &tag->entities, texts->report);
}

static void print_json_entity(const struct tag *tag, struct output *output, const tuff_entity *entity) {
    const bool is_token = tag->aggregation == TUFF_AGGREGATION_NONE;
    output_text(output, is_token ? "{\"entity\":" : "{\"entity_group\":");
    output_json_string(output, entity->label, strlen(entity->label));
    output_text(output, ",\"score\":");
    output_float(output, entity->score);
    if (is_token)
        output_print(output, ",\"index\":%zu", entity->index);
    output_text(output, ",\"word\":");
    output_json_string(output, entity->word, entity->word_length);
    output_print(output, ",\"start\":%u,\"end\":%u}", entity->offset.start, entity->offset.end);
}

static void print_json(const struct tag *tag, struct output *output, const struct record *record,
                       size_t index) {
    const size_t count = tuff_entities_count(tag->entities, index);
    record_print_json_head(output, record);
    output_text(output, ",\"entities\":[");
    for (size_t i = 0; i < count; i++) {
        output_text(output, i > 0 ? "," : "");
        print_json_entity(tag, output, tuff_entities_get(tag->entities, index, i));
    }
    output_text(output, "]}\n");
}

/* The text, and below it each entity as it stands there. */
static void print_readable(const struct tag *tag, struct output *output, const struct record *record,
                           size_t index) {
    const tuff_text text = record->values[0].texts[0];
    const size_t count = tuff_entities_count(tag->entities, index);
    record_print_id(output, record);
    output_readable(output, text.data, text.length);
    output_text(output, "\n");
    for (size_t i = 0; i < count; i++) {
        const tuff_entity *entity = tuff_entities_get(tag->entities, index, i);
        const tuff_offset bytes = entity->byte_offset;
        output_print(output, "  %.4f  ", (double)entity->score);
        output_readable(output, entity->label, strlen(entity->label));
        output_print(output, "  %u-%u  ", entity->offset.start, entity->offset.end);
        output_readable(output, text.data + bytes.start, bytes.end - bytes.start);
        output_text(output, "\n");
    }
}

static void print(void *user, struct output *output, const struct texts *texts, size_t index) {
    const struct tag *tag = user;
    if (tag->common.json)
        print_json(tag, output, &texts->records[index], index);
    else
        print_readable(tag, output, &texts->records[index], index);
}

static int run(struct tag *tag, const struct record_source *source, const struct arguments *arguments) {
    cut_ignored(tag);
    int code = texts_run(&(struct texts_work){ .common = &tag->common,
                                               .source = source,
                                               .max_length = tag->max_length,
                                               .answer = answer,
                                               .print = print,
                                               .user = tag },
                         arguments);
    tuff_entities_free(tag->entities);
    free(tag->ignored_list);
    free(tag->ignored_text);
    return code;
}

int tuff_cmd_tag(int argc, char **argv) {
    struct tag tag = { .common = COMMON_OPTIONS_DEFAULTS, .stride = STRIDE_AUTO };
    struct record_source source = {
        .fields = { { .name = "text", .is_required = true },
                    { .name = "text_pair", .refusal = "tag takes single texts" } },
        .field_count = 2,
    };
    const struct option options[] = {
        { .name = "aggregation",
          .type = OPTION_CHOICE,
          .choices = "none|simple|first|average|max",
          .target = &tag.aggregation,
          .help =
              "none gives each token by itself (the default), simple joins neighbours with one label; the "
              "others first give each word one label: that of its first token, the best by the mean of "
              "its tokens, or that of its surest token" },
        { .name = "ignore-labels",
          .type = OPTION_STRING,
          .value_name = "LABELS",
          .target = &tag.ignored,
          .help = "labels that are no entities, with commas between them ('' for none; default: O)" },
        MAX_LENGTH_OPTION(tag.max_length),
        { .name = "stride",
          .type = OPTION_UNSIGNED,
          .value_name = "N",
          .target = &tag.stride,
          .help =
              "a longer text is cut into windows, each with N tokens of the one before (default: a quarter "
              "of a window)",
          .maximum = INT32_MAX },
        COMMON_OPTIONS(tag.common),
        RECORD_OPTIONS(source),
        FIELD_OPTION(source, 0, "text-field", "the text (default: text)"),
    };
    const struct command command = {
        .name = "tag",
        .arguments = "[TEXT...]",
        .about =
            "Prints the entities of each text, or with --aggregation none the label of each token: texts on "
            "the command line, or the records of --file or of standard input. Texts may be of any length. "
            "With --json each is a line {\"index\":0,\"entities\":[...]} with entity or entity_group, score, "
            "word, start and end, in characters, of each entity.",
        .example = "tuff tag --model tests/data/models/small-tags --aggregation simple 'Rain is "
                   "expected in London.'\n"
                   "tuff tag --model tests/data/models/small-tags --json --file tools/demo.txt",
        .options = options,
        .option_count = COUNT(options),
        .maximum_arguments = SIZE_MAX,
    };
    struct arguments arguments;
    int code = options_parse(&command, argc, argv, &arguments);
    if (code != OPTIONS_GO_ON)
        return code;
    source.is_quiet = tag.common.quiet;
    return run(&tag, &source, &arguments);
}
