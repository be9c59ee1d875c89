/* SPDX-License-Identifier: Apache-2.0 */
/* Raw tensors in, raw tensors out, under transformers' names. */
#include "task/forward.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "model/arrays.h"
#include "task/attentions.h"
#include "task/batcher.h"
#include "task/grid.h"
#include "task/labels.h"
#include "task/texts.h"

/* What the rows of a result belong to. */
enum rows { ROWS_OF_TOKENS, ROWS_OF_SEQUENCES, ROWS_ASKED };

/* One array that comes out, and the columns of a result that go into it. */
struct output {
    float *data;
    uint32_t want;  /* which result: one flag of enum tuff_want */
    uint32_t index; /* layer of hidden states */
    enum rows rows;
    uint32_t width;     /* numbers a row of the array */
    uint32_t first_col; /* of the result */
};

enum { HEAD_OUTPUTS = 8 };

struct forward {
    struct tuff_model *model;
    const tuff_forward_options *options;
    struct tuff_grid_batch grid;
    struct tuff_labels labels;
    float *loss; /* the pieces' losses add up */
    struct tuff_arrays *arrays;
    uint32_t wants;
    struct tuff_attentions attentions;
    struct output *outputs;
    size_t output_count;
    struct tuff_values values; /* of one result of one batch */
};

static const struct tuff_config *config_of(const struct forward *forward) {
    return &forward->model->folder.config;
}

/* Makes an array of zeros of shape (batch * choices or batch, choices; length; width), as the result's rows
 * ask for. */
static tuff_status add_output(struct forward *forward, const char *name, struct output output,
                              bool drops_width) {
    const struct tuff_grid_batch *grid = &forward->grid;
    size_t shape[3] = { grid->sequence_count };
    size_t rank = 1;
    if (output.rows != ROWS_OF_SEQUENCES)
        shape[rank++] = grid->length;
    if (!drops_width)
        shape[rank++] = output.width;
    if (output.want == TUFF_WANT_CLASSIFIER && grid->has_choices) {
        shape[0] = grid->batch;
        shape[1] = grid->choices;
    }
    TUFF_TRY(tuff_arrays_make(forward->arrays, name, TUFF_F32, rank, shape, &output.data));
    forward->outputs[forward->output_count++] = output;
    forward->wants |= output.want;
    return TUFF_OK;
}

static tuff_status add_hidden(struct forward *forward, const char *name, uint32_t index, uint32_t want) {
    struct output output = { .want = want, .index = index, .width = config_of(forward)->hidden_size };
    return add_output(forward, name, output, false);
}

static tuff_status add_encoder(struct forward *forward) {
    uint32_t layers = config_of(forward)->num_hidden_layers;
    TUFF_TRY(add_hidden(forward, "last_hidden_state", layers, TUFF_WANT_LAST_HIDDEN));
    for (uint32_t i = 0; i <= layers && forward->options->hidden_states; i++) {
        char name[32];
        snprintf(name, sizeof name, "hidden_states.%u", i);
        TUFF_TRY(add_hidden(forward, name, i, TUFF_WANT_HIDDEN_STATES));
    }
    if (!forward->model->weights->pooler)
        return TUFF_OK;
    struct output pooled = { .want = TUFF_WANT_POOLED,
                             .rows = ROWS_OF_SEQUENCES,
                             .width = config_of(forward)->hidden_size };
    return add_output(forward, "pooler_output", pooled, false);
}

/* Names as the model classes of transformers give them; the two heads of pre-training have names of their
 * own. */
static tuff_status add_heads(struct forward *forward) {
    const struct tuff_config *config = config_of(forward);
    uint32_t heads = forward->model->folder.parameters.heads;
    bool is_pretraining = heads & TUFF_HEAD_MASKED_LM && heads & TUFF_HEAD_NEXT_SENTENCE;
    struct output output = { 0 };
    if (heads & TUFF_HEAD_MASKED_LM) {
        output =
            (struct output){ .want = TUFF_WANT_MASKED_LM, .rows = ROWS_ASKED, .width = config->vocab_size };
        TUFF_TRY(add_output(forward, is_pretraining ? "prediction_logits" : "logits", output, false));
    }
    if (heads & TUFF_HEAD_NEXT_SENTENCE) {
        output = (struct output){ .want = TUFF_WANT_NEXT_SENTENCE, .rows = ROWS_OF_SEQUENCES, .width = 2 };
        TUFF_TRY(add_output(forward, is_pretraining ? "seq_relationship_logits" : "logits", output, false));
    }
    if (heads & (TUFF_HEAD_SEQUENCE_CLASSIFICATION | TUFF_HEAD_MULTIPLE_CHOICE)) {
        bool is_choice = heads & TUFF_HEAD_MULTIPLE_CHOICE;
        output = (struct output){ .want = TUFF_WANT_CLASSIFIER, .rows = ROWS_OF_SEQUENCES };
        output.width = is_choice ? 1 : config->num_labels;
        TUFF_TRY(add_output(forward, "logits", output, is_choice && !forward->grid.has_choices));
    }
    if (heads & TUFF_HEAD_TOKEN_CLASSIFICATION) {
        output = (struct output){ .want = TUFF_WANT_TOKENS, .width = config->num_labels };
        TUFF_TRY(add_output(forward, "logits", output, false));
    }
    if (heads & TUFF_HEAD_QUESTION_ANSWERING) {
        output = (struct output){ .want = TUFF_WANT_SPANS, .width = 1 };
        TUFF_TRY(add_output(forward, "start_logits", output, true));
        output.first_col = 1;
        TUFF_TRY(add_output(forward, "end_logits", output, true));
    }
    return TUFF_OK;
}

/* Puts the result's visible rows into the array, `cols` numbers each, from column `to_col` on. */
static tuff_status scatter(struct forward *forward, const struct tuff_batch_view *view,
                           const struct output *output, const struct tuff_tensor *result, size_t to_col,
                           size_t cols) {
    uint32_t counts[] = { view->row_count, view->count, view->asked_count };
    size_t stride = result->shape.cols;
    TUFF_TRY(tuff_values_read(&forward->values, result, counts[output->rows], "a result"));
    for (uint32_t i = 0; i < view->count; i++) {
        const struct tuff_sequence *sequence = &forward->grid.sequences[view->members[i]];
        if (output->rows == ROWS_OF_SEQUENCES) {
            memcpy(output->data + view->members[i] * (size_t)output->width + to_col,
                   forward->values.items + i * stride + output->first_col, cols * sizeof(float));
            continue;
        }
        uint32_t first = output->rows == ROWS_ASKED ? view->first_asked[i] : view->first_rows[i];
        for (uint32_t row = 0; row < sequence->visible_count; row++) {
            size_t at = view->members[i] * forward->grid.length + (size_t)sequence->tokens[row].position;
            memcpy(output->data + at * output->width + to_col,
                   forward->values.items + (first + row) * stride + output->first_col, cols * sizeof(float));
        }
    }
    return TUFF_OK;
}

/* The logits of a vocabulary may lie in several parts. */
static tuff_status scatter_vocabulary(struct forward *forward, const struct tuff_batch_view *view,
                                      const struct output *output) {
    size_t col = 0;
    for (uint32_t part = 0; part < forward->model->weights->word_part_count; part++) {
        const struct tuff_tensor *result = view->run->vocabulary[part];
        TUFF_TRY(scatter(forward, view, output, result, col, result->shape.cols));
        col += result->shape.cols;
    }
    return TUFF_OK;
}

static const struct tuff_tensor *result_of(const struct tuff_run *run, const struct output *output) {
    switch (output->want) {
    case TUFF_WANT_POOLED:
        return run->pooled;
    case TUFF_WANT_NEXT_SENTENCE:
        return run->next_sentence;
    case TUFF_WANT_CLASSIFIER:
        return run->classifier;
    case TUFF_WANT_TOKENS:
        return run->token_logits;
    case TUFF_WANT_SPANS:
        return run->span_logits;
    default:
        return run->hidden[output->index];
    }
}

static tuff_status take(void *user, const struct tuff_batch_view *view) {
    struct forward *forward = user;
    for (size_t i = 0; i < forward->output_count; i++) {
        const struct output *output = &forward->outputs[i];
        if (output->want == TUFF_WANT_MASKED_LM)
            TUFF_TRY(scatter_vocabulary(forward, view, output));
        else
            TUFF_TRY(scatter(forward, view, output, result_of(view->run, output), 0, output->width));
    }
    for (size_t i = 0; i < TUFF_LOSS_COUNT; i++)
        if (forward->labels.losses >> i & 1)
            *forward->loss += *(const float *)tuff_graph_result_bytes(view->run->losses[i].value);
    return forward->options->attentions ? tuff_attentions_take(&forward->attentions, view) : TUFF_OK;
}

/* Results stay on the device until the batch ends: 256 MiB of hidden states at a time, and logits that can be
 * bound. */
static uint32_t row_limit(const struct forward *forward) {
    uint64_t limit = tuff_runner_row_limit(&forward->model->runner);
    uint64_t states = forward->options->hidden_states ? config_of(forward)->num_hidden_layers + 1 : 1;
    uint64_t bound = (256u << 20) / (states * tuff_padded(config_of(forward)->hidden_size) * sizeof(float));
    limit = bound < limit ? bound : limit;
    if (forward->wants & TUFF_WANT_MASKED_LM) {
        bound = tuff_runner_asked_limit(&forward->model->runner);
        limit = bound < limit ? bound : limit;
    }
    return (uint32_t)limit;
}

static tuff_status run(struct forward *forward) {
    struct tuff_grid_batch *grid = &forward->grid;
    struct tuff_batcher batcher = {
        .runner = &forward->model->runner,
        .key = { .wants = forward->wants, .losses = forward->labels.losses, .group = forward->labels.group },
        .group = forward->labels.group,
        .denominators = &forward->labels.denominators,
        .sequences = grid->sequences,
        .count = grid->sequence_count,
        .row_limit = row_limit(forward),
        .take = take,
        .user = forward,
    };
    return tuff_batcher_run(&batcher);
}

static tuff_status read_inputs(struct forward *forward, const struct tuff_arrays *inputs) {
    uint32_t heads = forward->model->folder.parameters.heads;
    TUFF_TRY(tuff_labels_choose(inputs, config_of(forward), heads, &forward->labels));
    TUFF_TRY(tuff_labels_read_grid(inputs, config_of(forward), heads, &forward->labels, &forward->grid));
    return tuff_labels_read(inputs, config_of(forward), &forward->grid, &forward->labels);
}

static tuff_status set_up(struct forward *forward, const struct tuff_arrays *inputs) {
    TUFF_TRY(read_inputs(forward, inputs));
    TUFF_TRY(tuff_arrays_create(forward->model->allocator, &forward->arrays));
    TUFF_TRY(tuff_alloc(config_of(forward)->num_hidden_layers + HEAD_OUTPUTS, sizeof *forward->outputs,
                        &forward->outputs));
    TUFF_TRY(add_encoder(forward));
    TUFF_TRY(add_heads(forward));
    if (forward->labels.losses)
        TUFF_TRY(tuff_arrays_make(forward->arrays, "loss", TUFF_F32, 0, NULL, &forward->loss));
    if (!forward->options->attentions)
        return TUFF_OK;
    forward->wants |= TUFF_WANT_ATTENTIONS;
    return tuff_attentions_create(forward->model, &forward->grid, forward->arrays, &forward->attentions);
}

tuff_status tuff_task_forward(struct tuff_model *model, const struct tuff_arrays *inputs,
                              const tuff_forward_options *options, struct tuff_arrays **out_outputs) {
    struct forward forward = { .model = model, .options = options };
    *out_outputs = NULL;
    tuff_status status = set_up(&forward, inputs);
    if (status == TUFF_OK)
        status = run(&forward);
    if (status == TUFF_OK) {
        *out_outputs = forward.arrays;
        forward.arrays = NULL;
    }
    tuff_attentions_free(&forward.attentions);
    tuff_arrays_free(forward.arrays);
    tuff_labels_free(&forward.labels);
    tuff_grid_free(&forward.grid);
    tuff_free(forward.outputs);
    tuff_free(forward.values.items);
    return status;
}
