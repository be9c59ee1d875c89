/* SPDX-License-Identifier: Apache-2.0 */
/* tuff tokenize: text to tokens, as Hugging Face's fast BertTokenizer gives them. A text that is refused gets
 * a line that says why in its place, and the run goes on. */
#include "commands.h"
#include "input.h"
#include "options.h"
#include "output.h"
#include "session.h"

#include "tuff.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct tokenize {
    struct common_options common;
    const char *file;
    bool shows_ids;
    tuff_tokenizer *tokenizer;
    struct output *output;
    size_t index;   /* of the line */
    size_t refused; /* lines */
};

/* What one line asks for. */
struct request {
    tuff_text text;
    tuff_text pair;
    bool has_pair;
    tuff_encode_options options;
};

/* ---------------------------------------------------------------- a line of JSON */

/* Members may be missing or null. False, with a sentence, where one is of a wrong type. */
static bool take_text(const json_t *object, const char *key, tuff_text *out_text, bool *out_found,
                      const char **out_reason) {
    const json_t *value = json_object_get(object, key);
    *out_found = value && !json_is_null(value);
    if (*out_found && !json_is_string(value)) {
        *out_reason = strcmp(key, "text") == 0 ? "\"text\" is not a string" : "\"pair\" is not a string";
        return false;
    }
    *out_text = (tuff_text){ json_string_value(value), json_string_length(value) };
    return true;
}

static bool take_number(const json_t *object, const char *key, uint32_t *inout, bool *out_found,
                        const char **out_reason) {
    const json_t *value = json_object_get(object, key);
    *out_found = value && !json_is_null(value);
    if (!*out_found)
        return true;
    const json_int_t number = json_integer_value(value);
    if (!json_is_integer(value) || number < 0 || number > UINT32_MAX) {
        *out_reason = "max_length, stride, length and pad_to_multiple_of are whole numbers from 0";
        return false;
    }
    *inout = (uint32_t)number;
    return true;
}

static bool take_truncation(const json_t *object, tuff_encode_options *options, const char **out_reason) {
    static const char *const names[] = { "do_not_truncate", "longest_first", "only_first", "only_second" };
    bool has_length = false;
    bool has_stride = false;
    if (!take_number(object, "max_length", &options->max_length, &has_length, out_reason) ||
        !take_number(object, "stride", &options->stride, &has_stride, out_reason))
        return false;
    options->truncation = has_length ? TUFF_TRUNCATE_LONGEST_FIRST : TUFF_TRUNCATE_NONE;
    const json_t *strategy = json_object_get(object, "strategy");
    if (!strategy || json_is_null(strategy))
        return true;
    const char *name = json_is_string(strategy) ? json_string_value(strategy) : "";
    for (size_t i = 0; i < COUNT(names); i++) {
        if (strcmp(name, names[i]) == 0) {
            options->truncation = (tuff_truncation)i;
            *out_reason = "\"strategy\" needs a \"max_length\"";
            return i == 0 || has_length;
        }
    }
    *out_reason = "\"strategy\" is one of longest_first, only_first, only_second, do_not_truncate";
    return false;
}

static bool take_padding(const json_t *object, tuff_encode_options *options, const char **out_reason) {
    const json_t *pad = json_object_get(object, "pad");
    if (!pad || json_is_null(pad))
        return true;
    bool has_length = false;
    bool has_multiple = false;
    *out_reason = "\"pad\" is an object with \"length\" or \"pad_to_multiple_of\"";
    if (!json_is_object(pad) || !take_number(pad, "length", &options->pad_length, &has_length, out_reason) ||
        !take_number(pad, "pad_to_multiple_of", &options->pad_multiple, &has_multiple, out_reason))
        return false;
    const json_t *direction = json_object_get(pad, "direction");
    const char *name = direction && !json_is_null(direction) ? json_string_value(direction) : "right";
    *out_reason = "\"direction\" is left or right";
    options->pad_left = name && strcmp(name, "left") == 0;
    return name && (options->pad_left || strcmp(name, "right") == 0);
}

static bool take_request(const json_t *object, struct request *request, const char **out_reason) {
    bool has_text = false;
    *out_reason = "the line is not a JSON object";
    if (!json_is_object(object) || !take_text(object, "text", &request->text, &has_text, out_reason) ||
        !take_text(object, "pair", &request->pair, &request->has_pair, out_reason) ||
        !take_truncation(object, &request->options, out_reason) ||
        !take_padding(object, &request->options, out_reason))
        return false;
    const json_t *special = json_object_get(object, "add_special_tokens");
    *out_reason = "\"add_special_tokens\" is true or false";
    if (special && !json_is_null(special) && !json_is_boolean(special))
        return false;
    request->options.no_special_tokens = json_is_false(special);
    *out_reason = "the line has no \"text\"";
    return has_text;
}

/* ---------------------------------------------------------------- answers */

static void print_numbers(struct output *output, const char *key, const int32_t *numbers, size_t count) {
    output_print(output, "\"%s\":[", key);
    for (size_t i = 0; i < count; i++)
        output_print(output, i > 0 ? ",%d" : "%d", (int)numbers[i]);
    output_text(output, "],");
}

/* The members of one window, without the braces. */
static void print_window(const struct tokenize *tokenize, const tuff_encodings *encodings, size_t window) {
    struct output *output = tokenize->output;
    const tuff_encoding *encoding = tuff_encodings_get(encodings, window);
    print_numbers(output, "input_ids", encoding->input_ids, encoding->count);
    print_numbers(output, "token_type_ids", encoding->token_type_ids, encoding->count);
    print_numbers(output, "attention_mask", encoding->attention_mask, encoding->count);
    output_text(output, "\"offsets\":[");
    for (size_t i = 0; i < encoding->count; i++)
        output_print(output, "%s[%u,%u]", i > 0 ? "," : "", (unsigned)encoding->offsets[i].start,
                     (unsigned)encoding->offsets[i].end);
    output_text(output, "],\"tokens\":[");
    for (size_t i = 0; i < encoding->count; i++) {
        const char *token = tuff_encodings_token(encodings, tokenize->tokenizer, window, i);
        output_text(output, i > 0 ? "," : "");
        if (token)
            output_json_string(output, token, strlen(token));
        else
            output_text(output, "null");
    }
    output_text(output, "]");
}

static void print_json(const struct tokenize *tokenize, const tuff_encodings *encodings) {
    struct output *output = tokenize->output;
    print_window(tokenize, encodings, 0);
    output_text(output, ",\"overflow\":[");
    for (size_t window = 1; window < tuff_encodings_count(encodings); window++) {
        output_text(output, window > 1 ? ",{" : "{");
        print_window(tokenize, encodings, window);
        output_text(output, "}");
    }
    output_text(output, "]}\n");
}

static void print_readable(const struct tokenize *tokenize, const tuff_encodings *encodings) {
    const tuff_encoding *encoding = tuff_encodings_get(encodings, 0);
    for (size_t i = 0; i < encoding->count; i++) {
        const char *token = tuff_encodings_token(encodings, tokenize->tokenizer, 0, i);
        output_text(tokenize->output, i > 0 ? " " : "");
        if (tokenize->shows_ids || !token)
            output_print(tokenize->output, "%d", (int)encoding->input_ids[i]);
        else
            output_readable(tokenize->output, token, strlen(token));
    }
    output_text(tokenize->output, "\n");
}

static void refuse(struct tokenize *tokenize, const char *reason) {
    tokenize->refused++;
    if (tokenize->common.json) {
        output_text(tokenize->output, "\"error\":");
        output_json_string(tokenize->output, reason, strlen(reason));
        output_text(tokenize->output, "}\n");
    } else {
        output_text(tokenize->output, "\n");
        complain("line %zu: %s", tokenize->index + 1, reason);
    }
}

static void answer(struct tokenize *tokenize, const struct request *request) {
    tuff_encodings *encodings = NULL;
    const tuff_status status =
        tuff_encode(tokenize->tokenizer, request->text, request->has_pair ? &request->pair : NULL,
                    &request->options, &encodings);
    if (status != TUFF_OK)
        refuse(tokenize, tuff_error_message());
    else if (tokenize->common.json)
        print_json(tokenize, encodings);
    else
        print_readable(tokenize, encodings);
    tuff_encodings_free(encodings);
}

/* ---------------------------------------------------------------- the run */

/* {"index":N, and the line's own id where it has one. */
static void print_head(const struct tokenize *tokenize, const json_t *id) {
    if (!tokenize->common.json)
        return;
    output_print(tokenize->output, "{\"index\":%zu,", tokenize->index);
    char *dumped = id ? json_dumps(id, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
    if (dumped)
        output_print(tokenize->output, "\"id\":%s,", dumped);
    free(dumped);
}

static void answer_json(struct tokenize *tokenize, tuff_text line) {
    json_error_t error;
    json_t *object = json_loadb(line.data, line.length, JSON_ALLOW_NUL | JSON_DECODE_ANY, &error);
    print_head(tokenize, json_object_get(object, "id"));
    struct request request = { .options = TUFF_ENCODE_OPTIONS };
    const char *reason = error.text;
    if (object && take_request(object, &request, &reason))
        answer(tokenize, &request);
    else
        refuse(tokenize, reason);
    json_decref(object);
}

static void answer_text(struct tokenize *tokenize, tuff_text text) {
    const struct request request = { .text = text, .options = TUFF_ENCODE_OPTIONS };
    print_head(tokenize, NULL);
    answer(tokenize, &request);
}

static int answer_input(struct tokenize *tokenize) {
    struct input *input = input_open(tokenize->file);
    if (!input)
        return EXIT_FAILURE;
    const bool is_typed = input_is_terminal(input);
    enum input_result result = INPUT_END;
    tuff_text line;
    while (!output_failed(tokenize->output)) {
        result = input_read_line(input, &line);
        if (result != INPUT_LINE && result != INPUT_TOO_LONG)
            break;
        if (result == INPUT_TOO_LONG) {
            print_head(tokenize, NULL);
            refuse(tokenize, "the line is too long");
        } else if (tokenize->common.json) {
            answer_json(tokenize, line);
        } else {
            answer_text(tokenize, line);
        }
        tokenize->index++;
        if (is_typed)
            output_flush(tokenize->output);
    }
    input_close(input);
    if (session_is_interrupted())
        return EXIT_INTERRUPTED;
    return result == INPUT_FAILED ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int run(struct tokenize *tokenize, const struct arguments *arguments) {
    const tuff_status status = tuff_tokenizer_open(tokenize->common.model, NULL, &tokenize->tokenizer);
    if (status != TUFF_OK)
        return session_fail(status);
    int code = EXIT_SUCCESS;
    tokenize->output = output_open(tokenize->common.out);
    if (!tokenize->output) {
        code = EXIT_FAILURE;
    } else {
        session_watch_interrupt();
        for (; tokenize->index < arguments->count; tokenize->index++)
            answer_text(tokenize, (tuff_text){ arguments->values[tokenize->index],
                                               strlen(arguments->values[tokenize->index]) });
        if (arguments->count == 0)
            code = answer_input(tokenize);
        code = output_close(tokenize->output, code);
    }
    tuff_tokenizer_close(tokenize->tokenizer);
    if (tokenize->refused > 0 && !tokenize->common.quiet)
        complain("%zu of %zu lines were refused", tokenize->refused, tokenize->index);
    return code;
}

int tuff_cmd_tokenize(int argc, char **argv) {
    struct tokenize tokenize = { .common = COMMON_OPTIONS_DEFAULTS };
    const struct option options[] = {
        MODEL_OPTION(tokenize.common),
        { .name = "json",
          .type = OPTION_BOOLEAN,
          .target = &tokenize.common.json,
          .help = "read JSON Lines with text and, if wanted, pair, add_special_tokens, max_length, strategy, "
                  "stride "
                  "and pad; print JSON Lines" },
        { .name = "ids",
          .type = OPTION_BOOLEAN,
          .target = &tokenize.shows_ids,
          .help = "show ids instead of tokens (without --json)" },
        { .name = "file",
          .type = OPTION_STRING,
          .value_name = "FILE",
          .target = &tokenize.file,
          .help = "read from FILE (- for standard input)" },
        OUT_OPTION(tokenize.common),
        TALK_OPTIONS(tokenize.common),
    };
    const struct command command = {
        .name = "tokenize",
        .arguments = "[TEXT...]",
        .about = "Splits texts into the tokens of a model, as Hugging Face's fast BertTokenizer does: "
                 "arguments, or "
                 "the lines of a file or of standard input. With --json each answer has input_ids, "
                 "token_type_ids, attention_mask, offsets (in code points), tokens and overflow, the further "
                 "windows of a truncated text; a line that is refused gets {\"error\": ...}.",
        .example = "tuff tokenize --model build/models/all-MiniLM-L6-v2 'Hello, world!'\n"
                   "echo '{\"text\":\"Hello\",\"pair\":\"world\"}' | tuff tokenize --model "
                   "build/models/all-MiniLM-L6-v2 --json",
        .options = options,
        .option_count = COUNT(options),
        .maximum_arguments = SIZE_MAX,
    };
    struct arguments arguments;
    const int code = options_parse(&command, argc, argv, &arguments);
    if (code != OPTIONS_GO_ON)
        return code;
    if (arguments.count > 0 && tokenize.file)
        return options_refuse(&command, "texts come from arguments or from --file, not from both");
    return run(&tokenize, &arguments);
}
