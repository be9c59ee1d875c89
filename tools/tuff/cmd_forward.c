/* SPDX-License-Identifier: Apache-2.0 */
/* tuff forward: raw tensors in, raw tensors out, under the names that transformers gives them. */
#include "commands.h"
#include "options.h"
#include "session.h"

#include <stdlib.h>

struct forward {
    const char *inputs;
    const char *outputs;
    tuff_forward_options options;
};

static tuff_status run(struct session *session, const struct forward *forward) {
    tuff_arrays *inputs = NULL;
    tuff_arrays *outputs = NULL;
    tuff_status status = tuff_arrays_load(forward->inputs, NULL, &inputs);
    if (status == TUFF_OK)
        status = tuff_forward(session->model, inputs, &forward->options, &outputs);
    if (status == TUFF_OK && session_is_interrupted())
        status = TUFF_CANCELLED;
    if (status == TUFF_OK)
        status = tuff_arrays_save(outputs, forward->outputs);
    tuff_arrays_free(outputs);
    tuff_arrays_free(inputs);
    return status;
}

int tuff_cmd_forward(int argc, char **argv) {
    struct common_options common = COMMON_OPTIONS_DEFAULTS;
    common.dtype = DTYPE_F32; /* as every command on raw tensors */
    struct forward forward = { .options = TUFF_FORWARD_OPTIONS };
    const struct option options[] = {
        MODEL_OPTION(common),
        { .name = "inputs",
          .type = OPTION_STRING,
          .value_name = "FILE",
          .target = &forward.inputs,
          .help = "safetensors with input_ids and, if wanted, attention_mask and token_type_ids (I64 or I32)",
          .is_required = true },
        { .name = "outputs",
          .type = OPTION_STRING,
          .value_name = "FILE",
          .target = &forward.outputs,
          .help =
              "safetensors to write: last_hidden_state, pooler_output and what else the model gives (F32)",
          .is_required = true },
        { .name = "hidden-states",
          .type = OPTION_BOOLEAN,
          .target = &forward.options.hidden_states,
          .help = "also hidden_states.0 (embeddings) to hidden_states.L" },
        { .name = "attentions",
          .type = OPTION_BOOLEAN,
          .target = &forward.options.attentions,
          .help = "also attentions.0 to attentions.L-1" },
        DTYPE_OPTION_F32(common),
        ARITHMETIC_OPTION(common.arithmetic),
        DEVICE_OPTIONS(common),
        TALK_OPTIONS(common),
    };
    const struct command command = {
        .name = "forward",
        .arguments = "",
        .about =
            "Runs a model on token ids and writes its raw outputs under transformers' names. Rows that the "
            "attention mask hides are written as zeros.",
        .example =
            "tuff forward --model build/models/all-MiniLM-L6-v2 --inputs tests/data/inputs.safetensors "
            "--outputs outputs.safetensors",
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
    tuff_status status = run(&session, &forward);
    if (status != TUFF_OK)
        code = session_fail(status);
    session_close(&session);
    return code;
}
