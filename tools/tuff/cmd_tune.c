/* SPDX-License-Identifier: Apache-2.0 */
/* tuff tune: which kernels this device runs a model's multiplications with. */
#include "commands.h"
#include "options.h"
#include "output.h"
#include "progress.h"
#include "session.h"

#include <stdlib.h>
#include <string.h>

struct tune {
    const char *model, *from, *to; /* files of --import and --export */
    int shape;                     /* place in SHAPES; 0: none */
    int dtype;
    struct output *output;
    bool is_json;
};

#define SHAPES "none|base|large|minilm"

static void print_json(struct output *output, const tuff_tune_row *row) {
    const struct {
        const char *key, *text;
    } texts[] = { { "{\"op\":", row->op },
                  { ",\"shape\":", row->shape },
                  { ",\"dtype\":", row->dtype },
                  { ",\"variant\":", row->variant },
                  { ",\"remark\":", row->remark } };
    for (size_t i = 0; i < COUNT(texts); i++) {
        output_text(output, texts[i].key);
        output_json_string(output, texts[i].text, strlen(texts[i].text));
    }
    output_text(output, ",\"ms\":");
    output_float(output, (float)row->ms);
    output_text(output, ",\"error\":");
    output_float(output, (float)row->error);
    output_print(output, ",\"right\":%s,\"chosen\":%s}\n", row->is_right ? "true" : "false",
                 row->is_chosen ? "true" : "false");
}

static void print_row(void *user, const tuff_tune_row *row) {
    struct tune *tune = user;
    progress_wipe();
    if (tune->is_json)
        print_json(tune->output, row);
    else
        output_print(tune->output, "%s  %-15s %s %9.4f ms  %s%s%s\n", row->is_chosen ? "*" : " ", row->shape,
                     row->dtype, row->ms, row->variant, row->is_right ? "" : "  WRONG: ", row->remark);
    output_flush(tune->output);
}

static tuff_status measure(const struct session *session, struct tune *tune) {
    static const char *const shapes[] = { NULL, "base", "large", "minilm" };
    static const tuff_dtype dtypes[] = { TUFF_DTYPE_AUTO, TUFF_F32, TUFF_F16 };
    tuff_tune_options options = TUFF_TUNE_OPTIONS;
    size_t wrong = 0;
    options.model = tune->model;
    options.shape = shapes[tune->shape];
    options.dtype = dtypes[tune->dtype];
    options.progress = session_progress;
    progress_start("products", 16, session->common->quiet);
    tuff_status status = tuff_tune(session->context, &options, print_row, tune, &wrong);
    progress_stop();
    if (wrong > 0)
        complain("%zu kernels did not run right on this device and are not used; `tuff check` tells more",
                 wrong);
    return status;
}

static int run(const struct common_options *common, struct tune *tune) {
    struct session session;
    int code = session_open(&session, common);
    if (code != EXIT_SUCCESS)
        return code;
    session_watch_interrupt();
    tuff_status status = TUFF_OK;
    if (tune->from)
        status = tuff_tuning_import(session.context, tune->from);
    if (status == TUFF_OK && (tune->model || tune->shape))
        status = measure(&session, tune);
    if (status == TUFF_OK && tune->to)
        status = tuff_tuning_export(session.context, tune->to);
    if (status != TUFF_OK)
        code = session_fail(status);
    session_close(&session);
    return code;
}

#define FILE_OPTION(flag, field, text)                                                                       \
    { .name = flag, .type = OPTION_STRING, .value_name = "FILE", .target = &tune.field, .help = text }

int tuff_cmd_tune(int argc, char **argv) {
    struct common_options common = COMMON_OPTIONS_DEFAULTS;
    struct tune tune = { .dtype = DTYPE_AUTO };
    const struct option options[] = {
        { .name = "model",
          .type = OPTION_STRING,
          .value_name = "FOLDER",
          .target = &tune.model,
          .help = "the model whose multiplications are measured" },
        { .name = "shape",
          .type = OPTION_CHOICE,
          .choices = SHAPES,
          .target = &tune.shape,
          .help = "instead of a model: the sizes of a known one" },
        { .name = "dtype",
          .type = OPTION_CHOICE,
          .choices = "auto|f32|f16",
          .target = &tune.dtype,
          .help = "numbers on the device (default: auto)" },
        FILE_OPTION("export", to, "write all choices of this device as JSON, after measuring"),
        FILE_OPTION("import", from, "take the choices of such a file in the place of what was measured"),
        JSON_OPTION(common),
        OUT_OPTION(common),
        DEVICE_OPTIONS(common),
        TALK_OPTIONS(common),
    };
    const struct command command = {
        .name = "tune",
        .arguments = "",
        .about =
            "Measures the kernels that the device may be given for a model's multiplications, which takes "
            "some "
            "seconds, and keeps the fastest right ones (*) in the cache folder, for this device and driver. "
            "Every later run uses them. A kernel with wrong results is reported and never used.",
        .example = "tuff tune --shape minilm",
        .options = options,
        .option_count = COUNT(options),
    };
    struct arguments arguments;
    int code = options_parse(&command, argc, argv, &arguments);
    if (code != OPTIONS_GO_ON)
        return code;
    if (tune.model && tune.shape)
        return options_refuse(&command, "either --model or --shape is measured");
    if (!tune.model && !tune.shape && !tune.from && !tune.to)
        return options_refuse(&command, "one of --model, --shape, --import and --export says what to do");
    tune.is_json = common.json;
    tune.output = output_open(common.out);
    return tune.output ? output_close(tune.output, run(&common, &tune)) : EXIT_FAILURE;
}
