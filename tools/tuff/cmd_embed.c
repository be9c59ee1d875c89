/* SPDX-License-Identifier: Apache-2.0 */
/* tuff embed: a vector for each text. */
#include "commands.h"
#include "embedding.h"
#include "npy.h"
#include "progress.h"

#include <stdlib.h>
#include <string.h>

enum form { FORM_READABLE, FORM_SHORTENED, FORM_JSON, FORM_NPY };

static bool is_npy(const char *path) {
    size_t length = path ? strlen(path) : 0;
    return length >= 4 && strcmp(path + length - 4, ".npy") == 0;
}

static void print_json(struct output *output, const struct record *record, const float *vector, size_t size) {
    record_print_json_head(output, record);
    for (size_t i = 0; i < size; i++) {
        output_text(output, i == 0 ? ",\"embedding\":[" : ",");
        output_float(output, vector[i]);
    }
    output_text(output, "]}\n");
}

static void print_shortened(struct output *output, const struct record *record, const float *vector,
                            size_t size) {
    enum { SHOWN = 4 };
    for (size_t i = 0; i < size && i < SHOWN; i++)
        output_print(output, "%8.4f ", (double)vector[i]);
    if (size > SHOWN)
        output_print(output, "… (%zu numbers)  ", size);
    output_readable(output, record->values[0].texts[0].data, record->values[0].texts[0].length);
    output_text(output, "\n");
}

static void print_numbers(struct output *output, const float *vector, size_t size) {
    for (size_t i = 0; i < size; i++) {
        if (i > 0)
            output_text(output, " ");
        output_float(output, vector[i]);
    }
    output_text(output, "\n");
}

static void print_window(struct output *output, enum form form, const struct window *window,
                         const float *vectors, size_t size) {
    progress_wipe();
    for (size_t i = 0; i < window->count && !output_failed(output); i++) {
        const float *vector = vectors + i * size;
        switch (form) {
        case FORM_JSON:
            print_json(output, &window->records[i], vector, size);
            break;
        case FORM_NPY:
            output_bytes(output, vector, size * sizeof(*vector));
            break;
        case FORM_SHORTENED:
            print_shortened(output, &window->records[i], vector, size);
            break;
        case FORM_READABLE:
            print_numbers(output, vector, size);
            break;
        }
    }
    output_flush(output);
}

/* Reads, computes and prints window by window. */
static int run(struct session *session, const struct embedding_options *options, struct records *records,
               struct output *output, enum form form) {
    struct embedding embedding;
    struct window window;
    embedding_start(&embedding, session, options);
    progress_start("texts", 0, session->common->quiet || output_is_terminal(output));
    if (form == FORM_NPY)
        npy_begin(output, embedding.size);
    int code = EXIT_SUCCESS;
    while (code == EXIT_SUCCESS && !output_failed(output)) {
        code = records_read(records, &window);
        if (code != EXIT_SUCCESS || window.count == 0)
            break;
        code = embedding_run(&embedding, &window);
        if (code == EXIT_SUCCESS)
            print_window(output, form, &window, embedding.vectors, embedding.size);
    }
    if (form == FORM_NPY && code == EXIT_SUCCESS)
        npy_finish(output, embedding.done, embedding.size);
    progress_stop();
    embedding_finish(&embedding);
    return code;
}

static enum form choose_form(const struct common_options *common, const struct output *output) {
    if (is_npy(common->out))
        return FORM_NPY;
    if (common->json)
        return FORM_JSON;
    return output_is_terminal(output) ? FORM_SHORTENED : FORM_READABLE;
}

static int open_and_run(const struct common_options *common, const struct embedding_options *options,
                        struct records *records) {
    struct output *output = output_open(common->out);
    if (!output)
        return EXIT_FAILURE;
    enum form form = choose_form(common, output);
    int code = EXIT_FAILURE;
    struct session session;
    if (form == FORM_NPY && !output_can_seek(output))
        complain("%s: an array needs a regular file", common->out);
    else
        code = session_open(&session, common);
    if (code == EXIT_SUCCESS) {
        code = run(&session, options, records, output, form);
        session_close(&session);
    }
    return output_close(output, code);
}

int tuff_cmd_embed(int argc, char **argv) {
    struct common_options common = COMMON_OPTIONS_DEFAULTS;
    struct embedding_options embedding = EMBEDDING_OPTIONS_DEFAULTS;
    struct record_source source = { .fields = { { .name = "text", .is_required = true } }, .field_count = 1 };
    const struct option options[] = {
        COMMON_OPTIONS(common),
        EMBEDDING_OPTIONS(embedding),
        RECORD_OPTIONS(source),
        FIELD_OPTION(source, 0, "text-field", "the text (default: text)"),
    };
    const struct command command = {
        .name = "embed",
        .arguments = "[TEXT...]",
        .about =
            "Prints a vector for each text: those on the command line, or each line of --file or of standard "
            "input. With --json each is a line {\"index\":0,\"embedding\":[...]}; --out FILE.npy writes a "
            "NumPy array, a row for each text.",
        .example = "tuff embed --model build/models/all-MiniLM-L6-v2 --json 'A first text.' 'A second one.'\n"
                   "tuff embed --model build/models/all-MiniLM-L6-v2 --file tools/demo.txt --out vectors.npy",
        .options = options,
        .option_count = COUNT(options),
        .maximum_arguments = SIZE_MAX,
    };
    struct arguments arguments;
    int code = options_parse(&command, argc, argv, &arguments);
    if (code != OPTIONS_GO_ON)
        return code;
    source.is_quiet = common.quiet;
    struct records *records = records_open(&source, &arguments);
    if (!records)
        return EXIT_FAILURE;
    code = open_and_run(&common, &embedding, records);
    return records_close(records, code);
}
