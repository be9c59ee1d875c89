/* SPDX-License-Identifier: Apache-2.0 */
/* tuff evaluate: the figures of a model at a labelled file. */
#include "commands.h"
#include "output.h"
#include "session.h"
#include "tasks.h"

#include <math.h>
#include <stdlib.h>

struct evaluate {
    struct common_options common;
    const char *model, *data_path, *predictions;
    uint64_t limit;
    tuff_data_options data;
    struct data_numbers numbers;
};

static void print_figure(struct output *output, bool json, const tuff_metric *metric, bool is_first) {
    if (!json)
        output_print(output, "%s %.6f\n", metric->name, metric->value);
    else if (isfinite(metric->value))
        output_print(output, "%s\"%s\":%.9g", is_first ? "{" : ",", metric->name, metric->value);
    else
        output_print(output, "%s\"%s\":null", is_first ? "{" : ",", metric->name);
}

static tuff_status run(const struct session *session, const struct evaluate *evaluate, tuff_task task,
                       struct output *output) {
    tuff_metric metrics[TUFF_METRICS_MAX];
    size_t count = 0;
    tuff_status status =
        tuff_evaluate(session->context, task, evaluate->model, evaluate->data_path, &evaluate->data,
                      evaluate->limit, evaluate->predictions, metrics, &count);
    if (status != TUFF_OK)
        return status;
    for (size_t i = 0; i < count; i++)
        print_figure(output, evaluate->common.json, &metrics[i], i == 0);
    if (evaluate->common.json)
        output_text(output, "}\n");
    return TUFF_OK;
}

int tuff_cmd_evaluate(int argc, char **argv) {
    struct evaluate evaluate = { .common = COMMON_OPTIONS_DEFAULTS,
                                 .data = TUFF_DATA_OPTIONS,
                                 .numbers = DATA_NUMBERS };
    const struct option options[] = {
        TRAINED_MODEL_OPTION(evaluate.model),
        { .name = "data",
          .type = OPTION_STRING,
          .value_name = "FILE",
          .target = &evaluate.data_path,
          .help = "labelled examples: .tsv, .csv, .jsonl, .conll or SQuAD's .json",
          .is_required = true },
        { .name = "predictions",
          .type = OPTION_STRING,
          .value_name = "FILE",
          .target = &evaluate.predictions,
          .help = "write what the model predicts: a line an example; for tag what conlleval reads, a line a "
                  "word with its true and its predicted tag; for answer the "
                  "JSON that SQuAD's scripts read" },
        COUNT_FLAG("limit", evaluate.limit, 0, 0, "examples that are read (all)"),
        DATA_OPTIONS(evaluate.data, evaluate.numbers),
        JSON_OPTION(evaluate.common),
        OUT_OPTION(evaluate.common),
        DEVICE_OPTIONS(evaluate.common),
        TALK_OPTIONS(evaluate.common),
    };
    const struct command command = {
        .name = "evaluate",
        .arguments = TASK_ARGUMENT,
        .about = TASKS_ABOUT
        "Prints the figures of a model at a labelled file, as the official scripts define them: accuracy, "
        "F1 and Matthews correlation of classes; Pearson and Spearman of numbers; F1 of entities; exact "
        "match and F1 of answers; average precision and mean reciprocal rank of rankings; how often a text's "
        "own second one is the nearest of all.",
        .example = "tuff evaluate classify --model build/run --data tools/demo.tsv",
        .options = options,
        .option_count = COUNT(options),
        .minimum_arguments = 1,
        .maximum_arguments = 1,
    };
    struct arguments arguments;
    tuff_task task = TUFF_TASK_CLASSIFY;
    int code = options_parse(&command, argc, argv, &arguments);
    if (code == OPTIONS_GO_ON)
        code = tasks_find(&command, &arguments, &task);
    if (code != OPTIONS_GO_ON)
        return code;
    tasks_take_numbers(&evaluate.numbers, &evaluate.data);
    struct session session;
    code = session_open(&session, &evaluate.common);
    if (code != EXIT_SUCCESS)
        return code;
    struct output *output = output_open(evaluate.common.out);
    tuff_status status = output ? run(&session, &evaluate, task, output) : TUFF_IO;
    if (status != TUFF_OK)
        code = session_fail(status);
    if (output)
        code = output_close(output, code);
    session_close(&session);
    return code;
}
