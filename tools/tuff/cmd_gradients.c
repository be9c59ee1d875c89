/* SPDX-License-Identifier: Apache-2.0 */
/* tuff gradients: the loss of a labelled batch and every parameter's gradient, for whoever wants to check us.
 */
#include "commands.h"
#include "options.h"
#include "session.h"

#include <stdlib.h>

struct gradients {
    const char *model;
    const char *inputs;
    const char *outputs;
};

static tuff_status run(const struct session *session, const struct gradients *gradients) {
    tuff_trainer *trainer = NULL;
    tuff_arrays *inputs = NULL;
    tuff_arrays *outputs = NULL;
    tuff_status status = tuff_arrays_load(gradients->inputs, NULL, &inputs);
    if (status == TUFF_OK)
        status = tuff_trainer_open(session->context, gradients->model, NULL, &trainer);
    if (status == TUFF_OK)
        status = tuff_trainer_gradients(trainer, inputs, &outputs);
    if (status == TUFF_OK && session_is_interrupted())
        status = TUFF_CANCELLED;
    if (status == TUFF_OK)
        status = tuff_arrays_save(outputs, gradients->outputs);
    tuff_arrays_free(outputs);
    tuff_arrays_free(inputs);
    tuff_trainer_close(trainer);
    return status;
}

int tuff_cmd_gradients(int argc, char **argv) {
    struct common_options common = COMMON_OPTIONS_DEFAULTS;
    struct gradients gradients = { 0 };
    const struct option options[] = {
        TRAINED_MODEL_OPTION(gradients.model),
        { .name = "inputs",
          .type = OPTION_STRING,
          .value_name = "FILE",
          .target = &gradients.inputs,
          .help = "safetensors with input_ids, attention_mask, token_type_ids and the labels that the head's "
                  "loss "
                  "needs: labels; next_sentence_label; start_positions and end_positions",
          .is_required = true },
        { .name = "outputs",
          .type = OPTION_STRING,
          .value_name = "FILE",
          .target = &gradients.outputs,
          .help = "safetensors to write: loss, and each parameter's gradient under its name (F32)",
          .is_required = true },
        DEVICE_OPTIONS(common),
        TALK_OPTIONS(common),
    };
    const struct command command = {
        .name = "gradients",
        .arguments = "",
        .about = "Computes the loss of a labelled batch and the gradient of every parameter, without "
                 "dropout, under "
                 "the names of the model's folder; tied weights once.",
        .example = "tuff gradients --model tests/data/models/small-classes --inputs "
                   "tests/data/labelled.safetensors --outputs build/gradients.safetensors",
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
    tuff_status status = run(&session, &gradients);
    if (status != TUFF_OK)
        code = session_fail(status);
    session_close(&session);
    return code;
}
