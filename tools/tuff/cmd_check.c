/* SPDX-License-Identifier: Apache-2.0 */
/* tuff check: tells a broken driver from a broken engine. Each kernel variant that the device can use runs
 * and is held against plain C in double. */
#include "commands.h"
#include "options.h"
#include "output.h"
#include "progress.h"
#include "session.h"

#include <stdlib.h>
#include <string.h>

struct check {
    struct output *output;
    bool is_json;
    size_t count;
};

static void print_json(struct output *output, const tuff_check_row *row) {
    const struct {
        const char *key;
        const char *text;
    } texts[] = {
        { "{\"kernel\":", row->kernel },
        { ",\"variant\":", row->variant },
        { ",\"shape\":", row->shape },
        { ",\"remark\":", row->remark },
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        output_text(output, texts[i].key);
        output_json_string(output, texts[i].text, strlen(texts[i].text));
    }
    output_text(output, ",\"error\":");
    output_float(output, (float)row->error);
    output_text(output, ",\"tolerance\":");
    output_float(output, (float)row->tolerance);
    output_print(output, ",\"right\":%s}\n", row->is_right ? "true" : "false");
}

static void print_row(void *user, const tuff_check_row *row) {
    struct check *check = user;
    progress_wipe();
    check->count++;
    if (check->is_json) {
        print_json(check->output, row);
    } else {
        output_print(check->output, "%-5s  %-28s %-14s %-22s %8.1e of %7.1e  %s\n",
                     row->is_right ? "right" : "WRONG", row->kernel, row->variant, row->shape, row->error,
                     row->tolerance, row->remark);
    }
    output_flush(check->output);
}

static int run(struct session *session, struct check *check) {
    size_t wrong = 0;
    tuff_status status = tuff_check(session->context, print_row, check, &wrong);
    if (status != TUFF_OK)
        return session_fail(status);
    if (wrong > 0) {
        complain("%zu of %zu rows are wrong: results of this device cannot be trusted; --disable switches "
                 "features off",
                 wrong, check->count);
        return EXIT_FAILURE;
    }
    if (!session->common->quiet)
        complain("all %zu rows are right", check->count);
    return EXIT_SUCCESS;
}

int tuff_cmd_check(int argc, char **argv) {
    struct common_options common = COMMON_OPTIONS_DEFAULTS;
    const struct option options[] = { JSON_OPTION(common), OUT_OPTION(common), DEVICE_OPTIONS(common),
                                      TALK_OPTIONS(common) };
    const struct command command = {
        .name = "check",
        .arguments = "",
        .about =
            "Runs every kernel variant that the device can use and holds it against a plain C reference in "
            "double. A wrong row means that the driver or the engine is broken there; the exit code is 1 "
            "then. Matrices of a whole workgroup (VK_NV_cooperative_matrix2) are used by later runs where "
            "this found them right.",
        .example = "tuff check",
        .options = options,
        .option_count = COUNT(options),
    };
    struct arguments arguments;
    int code = options_parse(&command, argc, argv, &arguments);
    if (code != OPTIONS_GO_ON)
        return code;
    struct check check = { .output = output_open(common.out), .is_json = common.json };
    if (!check.output)
        return EXIT_FAILURE;
    struct session session;
    code = session_open(&session, &common);
    if (code == EXIT_SUCCESS) {
        code = run(&session, &check);
        session_close(&session);
    }
    return output_close(check.output, code);
}
