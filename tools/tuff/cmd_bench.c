/* SPDX-License-Identifier: Apache-2.0 */
/* tuff bench: how fast a device runs models. */
#include "bench_compare.h"
#include "bench_table.h"
#include "commands.h"
#include "list.h"
#include "progress.h"
#include "session.h"

#include <stdlib.h>
#include <string.h>

struct bench {
    const char *model, *shape, *batch, *length, *dtype; /* as given */
    uint64_t repeat;
    int arithmetic;
    const char *op;
    bool is_ragged, is_training, is_peak, compares;
    bool has_check;
    struct word_list shapes, dtypes, ops;
    struct number_list batches, lengths;
};

#define DTYPES "auto|f32|f16|int8"
#define OPS "matmul|attention|layer_norm|embedding|pool|cross_entropy"

static bool has_int8(const struct bench *bench) {
    for (size_t i = 0; i < bench->dtypes.count; i++)
        if (strcmp(bench->dtypes.items[i], "int8") == 0)
            return true;
    return false;
}

static int read_lists(const struct command *command, struct bench *bench) {
    enum { MOST_SENTENCES = 1 << 20, MOST_TOKENS = 1 << 16 };
    int code = list_words(command, "shape", bench->shape, "base|large|minilm", &bench->shapes);
    if (code == OPTIONS_GO_ON)
        code = list_words(command, "dtype", bench->dtype, DTYPES, &bench->dtypes);
    if (code == OPTIONS_GO_ON)
        code = list_numbers(command, "batch", bench->batch, MOST_SENTENCES, &bench->batches);
    if (code == OPTIONS_GO_ON)
        code = list_numbers(command, "length", bench->length, MOST_TOKENS, &bench->lengths);
    if (code == OPTIONS_GO_ON)
        code = list_words(command, "op", bench->op, OPS, &bench->ops);
    const int wanted = (bench->model != NULL) + (bench->shapes.count > 0) + (bench->ops.count > 0) +
                       bench->is_peak + bench->compares;
    if (code == OPTIONS_GO_ON && wanted != 1)
        code = options_refuse(command,
                              "one of --model, --shape, --op, --peak and --compare says what to measure");
    if (code == OPTIONS_GO_ON && bench->is_ragged && bench->is_training)
        code = options_refuse(command, "--ragged and --train do not go together");
    if (code == OPTIONS_GO_ON && has_int8(bench) && (bench->is_training || bench->ops.count > 0))
        code = options_refuse(command, "int8 is a type of models that are not trained");
    if (code == OPTIONS_GO_ON && bench->arithmetic && (bench->is_training || bench->ops.count > 0))
        code = options_refuse(command, "arithmetic in f16 is for models that are not trained");
    return code;
}

static void take_row(void *user, const tuff_bench_row *row) {
    bench_table_row(user, row);
}

static tuff_status run_one(const struct session *session, const struct bench *bench, const char *shape,
                           tuff_dtype dtype, struct bench_table *table) {
    tuff_bench_options options = TUFF_BENCH_OPTIONS;
    options.model = shape ? NULL : bench->model;
    options.shape = shape;
    options.dtype = dtype;
    options.workload = bench->is_ragged     ? TUFF_BENCH_RAGGED
                       : bench->is_training ? TUFF_BENCH_TRAINING
                                            : TUFF_BENCH_FORWARD;
    options.batches = bench->batches.items;
    options.batch_count = bench->batches.count;
    options.lengths = bench->lengths.items;
    options.length_count = bench->lengths.count;
    options.repeats = (uint32_t)bench->repeat;
    options.skips_check = !bench->has_check;
    options.progress = session_progress;
    options.arithmetic = bench->arithmetic ? TUFF_F16 : TUFF_F32;
    return tuff_bench(session->context, &options, take_row, table);
}

static tuff_status run_op(const struct session *session, const struct bench *bench, const char *op,
                          tuff_dtype dtype, struct bench_table *table) {
    tuff_bench_op_options options = TUFF_BENCH_OP_OPTIONS;
    options.op = op;
    options.dtype = dtype;
    options.repeats = (uint32_t)bench->repeat;
    options.skips_check = !bench->has_check;
    return tuff_bench_ops(session->context, &options, take_row, table);
}

/* Each op, or else the model or each shape, with one type. */
static tuff_status run_dtype(const struct session *session, const struct bench *bench, tuff_dtype dtype,
                             struct bench_table *table) {
    tuff_status status = TUFF_OK;
    for (size_t i = 0; i < bench->ops.count && status == TUFF_OK; i++)
        status = run_op(session, bench, bench->ops.items[i], dtype, table);
    for (size_t i = 0; i < bench->shapes.count && status == TUFF_OK; i++)
        status = run_one(session, bench, bench->shapes.items[i], dtype, table);
    if (bench->model && status == TUFF_OK)
        status = run_one(session, bench, NULL, dtype, table);
    return status;
}

static tuff_status run(const struct session *session, const struct bench *bench, struct bench_table *table) {
    static const tuff_dtype dtypes[] = { TUFF_DTYPE_AUTO, TUFF_F32, TUFF_F16, TUFF_I8 };
    tuff_status status = tuff_bench_peak(session->context, &table->peak);
    if (status == TUFF_OK && bench->is_peak)
        bench_table_peak(table);
    for (size_t d = 0; d < bench->dtypes.count && status == TUFF_OK && !bench->is_peak; d++)
        status =
            run_dtype(session, bench, dtypes[options_find_choice(DTYPES, bench->dtypes.items[d])], table);
    return status;
}

static int open_and_run(const struct common_options *common, const struct bench *bench) {
    struct session session;
    struct output *output = output_open(common->out);
    if (!output)
        return EXIT_FAILURE;
    int code = session_open(&session, common);
    if (code == EXIT_SUCCESS) {
        struct bench_table table = { .output = output, .is_json = common->json };
        tuff_context_device(session.context, &table.device);
        session_watch_interrupt();
        progress_start("runs", 0, common->quiet);
        tuff_status status = run(&session, bench, &table);
        if (status != TUFF_OK)
            code = session_fail(status);
        bench_table_free(&table);
        session_close(&session);
    }
    return output_close(output, code);
}

#define LIST_OPTION(flag, field, value, text)                                                                \
    { .name = flag, .type = OPTION_STRING, .value_name = value, .target = &bench.field, .help = text }

int tuff_cmd_bench(int argc, char **argv) {
    struct common_options common = COMMON_OPTIONS_DEFAULTS;
    struct bench bench = { .batch = "1,8", .length = "128", .dtype = "auto", .repeat = 5, .has_check = true };
    const struct option options[] = {
        LIST_OPTION("model", model, "FOLDER",
                    "a model's folder, or its name in the local Hugging Face cache"),
        LIST_OPTION("shape", shape, "LIST",
                    "instead of a model: base, large or minilm, their sizes with random weights"),
        LIST_OPTION("batch", batch, "LIST", "sentences a run (default: 1,8)"),
        LIST_OPTION("length", length, "LIST", "tokens a sentence (default: 128)"),
        LIST_OPTION("dtype", dtype, "LIST", "of auto, f32, f16 and int8 (default: auto)"),
        ARITHMETIC_OPTION(bench.arithmetic),
        { .name = "repeat",
          .type = OPTION_UNSIGNED,
          .value_name = "N",
          .target = &bench.repeat,
          .help = "timed runs of each, after one that does not count (default: 5)",
          .minimum = 1,
          .maximum = 100000 },
        { .name = "ragged",
          .type = OPTION_BOOLEAN,
          .target = &bench.is_ragged,
          .help = "instead of --batch and --length: 256 sentences of 8 to 128 tokens, and the same number of "
                  "tokens in equal lengths" },
        { .name = "train",
          .type = OPTION_BOOLEAN,
          .target = &bench.is_training,
          .help =
              "a training step (a head of two classes, dropout, clipping, AdamW) beside its forward pass" },
        LIST_OPTION(
            "op", op, "LIST",
            "instead of a model, at BERT's sizes: of matmul, attention, layer_norm, embedding, pool and "
            "cross_entropy"),
        { .name = "peak",
          .type = OPTION_BOOLEAN,
          .target = &bench.is_peak,
          .help = "instead of a model: what the device does at most" },
        { .name = "compare",
          .type = OPTION_BOOLEAN,
          .target = &bench.compares,
          .help = "measure nothing; hold two files that --json wrote against each other" },
        { .name = "check",
          .type = OPTION_BOOLEAN,
          .target = &bench.has_check,
          .help = "compare with the plain C reference (some seconds each; --no-check leaves it out)" },
        JSON_OPTION(common),
        OUT_OPTION(common),
        DEVICE_OPTIONS(common),
        TALK_OPTIONS(common),
    };
    const struct command command = {
        .name = "bench",
        .arguments = "[A.jsonl B.jsonl]",
        .maximum_arguments = 2,
        .about =
            "Times forward passes. Every model runs with every type, batch and length of the lists. "
            "GFLOP/s counts 2 M N K for each multiplication of matrices, attention included: for a "
            "sentence of L tokens layers * (2 L (4 h h + 2 h i) + 4 L L h), h the hidden and i the "
            "intermediate size; training counts three times as many. `peak` is the share of the device's "
            "own rate of multiply-adds, or of its bandwidth where none are counted. `error` is the largest "
            "difference from the plain C reference, relative to the largest value. Tokenization is not "
            "measured.",
        .example = "tuff bench --shape minilm --batch 1,8 --length 128 --repeat 3\n"
                   "tuff bench --op matmul,attention --dtype f32 --json --out ops.jsonl",
        .options = options,
        .option_count = COUNT(options),
    };
    struct arguments arguments;
    int code = options_parse(&command, argc, argv, &arguments);
    if (code != OPTIONS_GO_ON)
        return code;
    code = read_lists(&command, &bench);
    if (code == OPTIONS_GO_ON && arguments.count != (bench.compares ? 2 : 0))
        code = options_refuse(&command, "--compare takes two files, all else none");
    if (code == OPTIONS_GO_ON)
        code = bench.compares ? bench_compare(arguments.values[0], arguments.values[1], common.out)
                              : open_and_run(&common, &bench);
    free(bench.shapes.text);
    free(bench.dtypes.text);
    free(bench.ops.text);
    return code;
}
