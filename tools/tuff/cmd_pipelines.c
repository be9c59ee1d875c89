/* SPDX-License-Identifier: Apache-2.0 */
/* tuff pipelines: what the device's compiler makes of every kernel that the device is given. */
#include "commands.h"
#include "options.h"
#include "output.h"
#include "session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct listing {
    struct output *output;
    bool is_json;
    bool has_statistics;
    const char *assembly; /* folder; NULL: none */
    size_t count;
    bool is_unwritten;
};

static void print_pair(struct output *output, const char *key, const char *text) {
    output_text(output, key);
    output_json_string(output, text, strlen(text));
}

static void print_json(struct listing *listing, const tuff_pipeline_row *row) {
    struct output *output = listing->output;
    print_pair(output, "{\"name\":", row->kernel);
    print_pair(output, ",\"variant\":", row->variant);
    print_pair(output, ",\"constants\":", row->constants);
    output_print(output, ",\"is_default\":%s", row->is_default ? "true" : "false");
    print_pair(output, ",\"failure\":", row->failure);
    output_text(output, ",\"statistics\":{");
    for (size_t i = 0; listing->has_statistics && i < row->statistic_count; i++) {
        output_text(output, i ? "," : "");
        output_json_string(output, row->statistics[i].name, strlen(row->statistics[i].name));
        output_print(output, ":%.17g", row->statistics[i].value);
    }
    output_text(output, "}}\n");
}

static void print_readable(struct listing *listing, const tuff_pipeline_row *row) {
    output_print(listing->output, "%s %s%s\n    %s\n", row->kernel, row->variant,
                 row->is_default ? "" : " (not a default)", row->constants);
    if (row->failure[0])
        output_print(listing->output, "    FAILED: %s\n", row->failure);
    for (size_t i = 0; listing->has_statistics && i < row->statistic_count; i++)
        output_print(listing->output, "    %s: %.10g\n", row->statistics[i].name, row->statistics[i].value);
}

/* One file a pipeline, numbered as they come: the constants are too long for a name. None after one that cannot be
 * written, which is said once. */
static void write_assembly(struct listing *listing, const tuff_pipeline_row *row) {
    char path[4096];
    if (!listing->assembly || !row->assembly[0] || listing->is_unwritten)
        return;
    snprintf(path, sizeof path, "%s/%03zu-%s-%s.txt", listing->assembly, listing->count, row->kernel,
             row->variant);
    struct output *file = output_open(path);
    if (!file) {
        listing->is_unwritten = true;
        return;
    }
    output_print(file, "%s\n", row->constants);
    output_text(file, row->assembly);
    if (output_close(file, EXIT_SUCCESS) != EXIT_SUCCESS)
        listing->is_unwritten = true;
}

static void print_row(void *user, const tuff_pipeline_row *row) {
    struct listing *listing = user;
    if (listing->is_json)
        print_json(listing, row);
    else
        print_readable(listing, row);
    write_assembly(listing, row);
    output_flush(listing->output);
    listing->count++;
}

static int run(struct session *session, struct listing *listing, const tuff_pipelines_options *options) {
    size_t failed = 0;
    tuff_status status = tuff_pipelines_list(session->context, options, print_row, listing, &failed);
    if (status != TUFF_OK)
        return session_fail(status);
    if (failed > 0) {
        complain("%zu of %zu pipelines do not compile on this device", failed, listing->count);
        return EXIT_FAILURE;
    }
    if (!session->common->quiet)
        complain("all %zu pipelines compile", listing->count);
    return listing->is_unwritten ? EXIT_FAILURE : EXIT_SUCCESS;
}

int tuff_cmd_pipelines(int argc, char **argv) {
    struct common_options common = COMMON_OPTIONS_DEFAULTS;
    struct listing listing = { 0 };
    tuff_pipelines_options wanted = TUFF_PIPELINES_OPTIONS;
    const struct option options[] = {
        { .name = "all",
          .type = OPTION_BOOLEAN,
          .target = &wanted.all,
          .help = "every variant that the device can run, not its defaults alone" },
        { .name = "inference",
          .type = OPTION_BOOLEAN,
          .target = &wanted.inference,
          .help = "none that training alone uses" },
        { .name = "stats",
          .type = OPTION_BOOLEAN,
          .target = &listing.has_statistics,
          .help = "what the driver tells of each: registers, spills, instructions" },
        { .name = "assembly",
          .type = OPTION_STRING,
          .value_name = "FOLDER",
          .target = &listing.assembly,
          .help = "write the driver's assembly there, a file for each pipeline" },
        JSON_OPTION(common),
        OUT_OPTION(common),
        DEVICE_OPTIONS(common),
        TALK_OPTIONS(common),
    };
    const struct command command = {
        .name = "pipelines",
        .arguments = "",
        .about =
            "Compiles every kernel that the device is given at BERT's shapes, for inference and training, "
            "f32 and f16, and shows each with its constants. The exit code is 1 where one does not compile.",
        .example = "tuff pipelines --stats --json",
        .options = options,
        .option_count = COUNT(options),
    };
    struct arguments arguments;
    int code = options_parse(&command, argc, argv, &arguments);
    if (code != OPTIONS_GO_ON)
        return code;
    listing.is_json = common.json;
    wanted.assembly = listing.assembly != NULL;
    listing.output = output_open(common.out);
    if (!listing.output)
        return EXIT_FAILURE;
    struct session session;
    code = session_open(&session, &common);
    if (code == EXIT_SUCCESS) {
        code = run(&session, &listing, &wanted);
        session_close(&session);
    }
    return output_close(listing.output, code);
}
