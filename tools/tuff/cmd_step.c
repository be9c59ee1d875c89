/* SPDX-License-Identifier: Apache-2.0 */
/* tuff step: one optimizer step for each stored batch, and the model that comes out. */
#include "commands.h"
#include "options.h"
#include "output.h"
#include "session.h"
#include "training_flags.h"

#include <stdio.h>
#include <stdlib.h>

struct step {
    const char *model;
    const char *inputs;
    const char *output;
    int optimizer; /* as enum tuff_optimizer */
    int schedule;  /* as enum tuff_schedule */
    uint64_t warmup_steps, total_steps;
    tuff_trainer_options options;
    struct training_flags flags;
    bool json;
};

static size_t element_size(tuff_dtype dtype) {
    switch (dtype) {
    case TUFF_I64:
    case TUFF_F64:
        return 8;
    case TUFF_F16:
    case TUFF_BF16:
        return 2;
    default:
        return 4;
    }
}

static size_t batch_count(const tuff_arrays *inputs) {
    const tuff_array *ids = tuff_arrays_find(inputs, "input_ids");
    return ids && ids->rank > 2 ? ids->shape[0] : 0;
}

/* Entry `index` of the leading dimension of every array. */
static tuff_status take_batch(const tuff_arrays *inputs, size_t index, tuff_arrays **out_batch) {
    size_t batches = batch_count(inputs);
    tuff_status status = tuff_arrays_create(NULL, out_batch);
    for (size_t i = 0; i < tuff_arrays_count(inputs) && status == TUFF_OK; i++) {
        tuff_array array = *tuff_arrays_get(inputs, i);
        if (array.rank == 0 || array.shape[0] != batches) {
            fprintf(stderr, "tuff: %s: has no leading dimension of %zu batches\n", array.name, batches);
            return TUFF_ARGUMENT;
        }
        size_t size = element_size(array.dtype);
        for (size_t j = 1; j < array.rank; j++) {
            array.shape[j - 1] = array.shape[j];
            size *= array.shape[j];
        }
        array.rank--;
        array.data = (const char *)array.data + index * size;
        status = tuff_arrays_add(*out_batch, &array);
    }
    return status;
}

static void print_step(struct output *output, bool json, const tuff_step_report *report) {
    const char *format =
        json ? "{\"step\":%llu,\"loss\":%.9g,\"gradient_norm\":%.9g,\"learning_rate\":%.9g%s}\n"
             : "step %llu  loss %.6f  gradient norm %.6f  learning rate %.3g%s\n";
    const char *skipped = !report->was_skipped ? "" : json ? ",\"skipped\":true" : "  skipped";
    output_print(output, format, (unsigned long long)report->step, report->loss, report->gradient_norm,
                 report->learning_rate, skipped);
    output_flush(output);
}

static tuff_status step_through(tuff_trainer *trainer, const struct step *step, const tuff_arrays *inputs,
                                struct output *output) {
    for (size_t i = 0; i < batch_count(inputs); i++) {
        tuff_arrays *batch = NULL;
        tuff_step_report report = { 0 };
        tuff_status status = take_batch(inputs, i, &batch);
        if (status == TUFF_OK)
            status = tuff_trainer_step(trainer, batch, &report);
        tuff_arrays_free(batch);
        if (status != TUFF_OK)
            return status;
        print_step(output, step->json, &report);
        if (session_is_interrupted())
            return TUFF_CANCELLED;
    }
    return tuff_trainer_save(trainer, step->output);
}

static tuff_status run(const struct session *session, struct step *step, struct output *output) {
    tuff_trainer *trainer = NULL;
    tuff_arrays *inputs = NULL;
    tuff_status status = tuff_arrays_load(step->inputs, NULL, &inputs);
    if (status != TUFF_OK)
        return status;
    if (batch_count(inputs) == 0) {
        fprintf(stderr, "tuff: %s: input_ids must have the shape (batches, batch, length)\n", step->inputs);
        tuff_arrays_free(inputs);
        return TUFF_ARGUMENT;
    }
    step->options.optimizer = (tuff_optimizer)step->optimizer;
    training_flags_take(&step->flags, &step->options);
    step->options.schedule = (tuff_schedule)step->schedule;
    step->options.warmup_steps = step->warmup_steps;
    step->options.total_steps = step->total_steps ? step->total_steps : batch_count(inputs);
    status = tuff_trainer_open(session->context, step->model, &step->options, &trainer);
    if (status == TUFF_OK)
        status = step_through(trainer, step, inputs, output);
    tuff_arrays_free(inputs);
    tuff_trainer_close(trainer);
    return status;
}

#define NUMBER_OPTION(flag, field, text)                                                                     \
    { .name = flag, .type = OPTION_FLOAT, .value_name = "X", .target = &step.options.field, .help = text }

int tuff_cmd_step(int argc, char **argv) {
    struct common_options common = COMMON_OPTIONS_DEFAULTS;
    struct step step = { .options = TUFF_TRAINER_OPTIONS, .flags = TRAINING_FLAGS_DEFAULTS };
    step.options.dropout = 0;
    const struct option options[] = {
        TRAINED_MODEL_OPTION(step.model),
        { .name = "inputs",
          .type = OPTION_STRING,
          .value_name = "FILE",
          .target = &step.inputs,
          .help = "safetensors with labelled batches along a leading dimension: input_ids (batches, batch, "
                  "length), "
                  "...",
          .is_required = true },
        { .name = "output",
          .type = OPTION_STRING,
          .value_name = "DIR",
          .target = &step.output,
          .help = "folder for the model that comes out",
          .is_required = true },
        { .name = "optimizer",
          .type = OPTION_CHOICE,
          .target = &step.optimizer,
          .choices = "adamw|bert-adamw",
          .help = "PyTorch's AdamW, or the original BERT's without bias correction" },
        { .name = "schedule",
          .type = OPTION_CHOICE,
          .target = &step.schedule,
          .choices = "auto|linear|cosine|constant|original",
          .help = "of the learning rate; auto: linear for adamw, original for bert-adamw" },
        NUMBER_OPTION("learning-rate", learning_rate, "the highest one (5e-5)"),
        NUMBER_OPTION("beta1", beta1, "decay of the first moment (0.9)"),
        NUMBER_OPTION("beta2", beta2, "decay of the second moment (0.999)"),
        NUMBER_OPTION("epsilon", epsilon,
                      "added to the root of the second moment (1e-8; 1e-6 for bert-adamw)"),
        NUMBER_OPTION("weight-decay", weight_decay, "of matrices and tables (0.01)"),
        NUMBER_OPTION("clip", clip, "largest norm of all gradients (1); 0: no clipping"),
        NUMBER_OPTION("dropout", dropout, "probability (0); below 0: as config.json says"),
        { .name = "seed",
          .type = OPTION_UNSIGNED,
          .value_name = "N",
          .target = &step.options.seed,
          .help = "of dropout (0)" },
        { .name = "warmup-steps",
          .type = OPTION_UNSIGNED,
          .value_name = "N",
          .target = &step.warmup_steps,
          .help = "steps over which the learning rate rises from 0 (0)" },
        { .name = "total-steps",
          .type = OPTION_UNSIGNED,
          .value_name = "N",
          .target = &step.total_steps,
          .help = "steps after which the learning rate is 0 (the number of batches)" },
        TRAINING_FLAGS(step.flags, "parts that a batch is computed in: the same step in less memory (1)"),
        { .name = "json", .type = OPTION_BOOLEAN, .target = &step.json, .help = "one JSON object a step" },
        DEVICE_OPTIONS(common),
        TALK_OPTIONS(common),
    };
    const struct command command = {
        .name = "step",
        .arguments = "",
        .about =
            "Makes one optimizer step for each stored batch, prints loss (before the update), gradient norm "
            "(before clipping) and learning rate of each, and writes the model.",
        .example =
            "tuff step --model tests/data/models/small-classes --inputs tests/data/batches.safetensors "
            "--output build/stepped --learning-rate 1e-3 --json",
        .options = options,
        .option_count = COUNT(options),
    };
    struct arguments arguments;
    int code = options_parse(&command, argc, argv, &arguments);
    if (code != OPTIONS_GO_ON)
        return code;
    struct session session;
    code = session_open(&session, &common);
    if (code != EXIT_SUCCESS)
        return code;
    session_watch_interrupt();
    struct output *output = output_open(NULL);
    tuff_status status = output ? run(&session, &step, output) : TUFF_IO;
    if (status != TUFF_OK)
        code = session_fail(status);
    if (output)
        code = output_close(output, code);
    session_close(&session);
    return code;
}
