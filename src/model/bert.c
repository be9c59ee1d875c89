/* SPDX-License-Identifier: Apache-2.0 */
#include "model/bert.h"

#include <math.h>

static struct tuff_dropout next_dropout(struct tuff_bert *bert, float probability) {
    return (struct tuff_dropout){ .probability = probability, .stream = ++bert->stream };
}

/* f16 ends at 65504, which activations of trained models pass. What the layers keep between a multiplication and a
 * norm is held divided by 2^8: up to 2^24 then, and as exact, but for values below 2^-6, which keep steps of 2^-17.
 * Norms do not see the factor; training has no need of it, since its sums are scaled by the loss. */
enum { ROOM = 8 };

static int32_t room(const struct tuff_bert *bert) {
    return bert->weights->type == TUFF_TYPE_F16 && !bert->graph->is_training ? ROOM : 0;
}

struct linear {
    struct tuff_tensor *x, *weight, *bias, *residual;
    int32_t x_exponent, y_exponent;
    enum tuff_activation activation;
    float dropout;
};

/* The layers' matrices in 8 bits multiply activations in 8 bits. */
static tuff_status quantized(struct tuff_bert *bert, const struct tuff_tensor *weight,
                             struct tuff_tensor **x) {
    union tuff_params params = { 0 };
    if (weight->shape.type != TUFF_TYPE_I8)
        return TUFF_OK;
    return tuff_graph_append(bert->graph, &tuff_op_quantize, &params, x, 1, x);
}

static tuff_status linear(struct tuff_bert *bert, const struct linear *linear, struct tuff_tensor **out_y) {
    struct tuff_tensor *inputs[] = { linear->x, linear->weight, linear->bias, linear->residual,
                                     bert->inputs.seed };
    TUFF_TRY(quantized(bert, linear->weight, &inputs[0]));
    union tuff_params params = { .linear = { .activation = linear->activation,
                                             .output_f32 = bert->weights->type == TUFF_TYPE_F32,
                                             .x_exponent = linear->x_exponent,
                                             .y_exponent = linear->y_exponent,
                                             .f16_arithmetic = bert->f16_arithmetic,
                                             .dropout = next_dropout(bert, linear->dropout) } };
    return tuff_graph_append(bert->graph, &tuff_op_linear, &params, inputs, 5, out_y);
}

/* Of a sum that is held divided by 2^room. */
static tuff_status layer_norm(struct tuff_bert *bert, struct tuff_tensor *x, struct tuff_tensor *gamma,
                              struct tuff_tensor *beta, float dropout, struct tuff_tensor **out_y) {
    struct tuff_tensor *inputs[] = { x, gamma, beta, bert->inputs.seed };
    union tuff_params params = { .layer_norm = { .epsilon =
                                                     ldexpf(bert->config->layer_norm_eps, -2 * room(bert)),
                                                 .dropout = next_dropout(bert, dropout) } };
    return tuff_graph_append(bert->graph, &tuff_op_layer_norm, &params, inputs, 4, out_y);
}

/* The words' rows from a table that is too large to be bound at once. */
static tuff_status gather_words(struct tuff_bert *bert, struct tuff_tensor **out_rows) {
    const struct tuff_weights *weights = bert->weights;
    struct tuff_tensor *inputs[TUFF_MAX_INPUTS] = { weights->word[0], bert->inputs.words };
    union tuff_params params = { 0 };
    for (uint32_t part = 1; part < weights->word_part_count; part++)
        inputs[2 + part] = weights->word[part];
    return tuff_graph_append(bert->graph, &tuff_op_gather_rows, &params, inputs, TUFF_MAX_INPUTS, out_rows);
}

static tuff_status embeddings(struct tuff_bert *bert, struct tuff_tensor **out_hidden) {
    const struct tuff_weights *weights = bert->weights;
    struct tuff_tensor *word = weights->word[0];
    union tuff_params params = { .embedding = { .epsilon = bert->config->layer_norm_eps,
                                                .dropout = next_dropout(bert, bert->dropout.hidden) } };
    if (weights->word_part_count > 1) {
        TUFF_TRY(gather_words(bert, &word));
        params.embedding.word_is_row = true;
    }
    struct tuff_tensor *inputs[] = { word,
                                     weights->position,
                                     weights->token_type,
                                     weights->embedding_norm_gamma,
                                     weights->embedding_norm_beta,
                                     bert->inputs.tokens,
                                     bert->inputs.lists,
                                     bert->inputs.seed };
    return tuff_graph_append(bert->graph, &tuff_op_embedding, &params, inputs, 8, out_hidden);
}

union tuff_params tuff_bert_attention(const struct tuff_config *config, const struct tuff_weights *weights) {
    return (union tuff_params){ .attention = { .head_count = config->num_attention_heads,
                                               .head_size = config->hidden_size / config->num_attention_heads,
                                               .head_stride = weights->head_stride,
                                               .longest = config->max_position_embeddings,
                                               .exponent = weights->type == TUFF_TYPE_F16 ? ROOM : 0 } };
}

static tuff_status attention(struct tuff_bert *bert, struct tuff_tensor *qkv,
                             struct tuff_tensor **out_context) {
    struct tuff_tensor *inputs[] = { qkv, bert->inputs.tiles, bert->inputs.key_tiles, bert->inputs.seed };
    union tuff_params params = tuff_bert_attention(bert->config, bert->weights);
    params.attention.exponent = room(bert);
    params.attention.dropout = next_dropout(bert, bert->dropout.attention);
    return tuff_graph_append(bert->graph, &tuff_op_attention, &params, inputs, 4, out_context);
}

/* norm(x + attention(x)) */
static tuff_status attention_half(struct tuff_bert *bert, const struct tuff_layer_weights *weights,
                                  struct tuff_tensor *x, struct tuff_tensor **out_qkv,
                                  struct tuff_tensor **out_y) {
    struct tuff_tensor *context = NULL;
    struct tuff_tensor *sum = NULL;
    struct linear qkv = {
        .x = x, .weight = weights->qkv, .bias = weights->qkv_bias, .y_exponent = room(bert)
    };
    TUFF_TRY(linear(bert, &qkv, out_qkv));
    TUFF_TRY(attention(bert, *out_qkv, &context));
    struct linear output = { .x = context,
                             .weight = weights->attention_output,
                             .bias = weights->attention_output_bias,
                             .residual = x,
                             .x_exponent = room(bert),
                             .y_exponent = room(bert),
                             .dropout = bert->dropout.hidden };
    TUFF_TRY(linear(bert, &output, &sum));
    return layer_norm(bert, sum, weights->attention_norm_gamma, weights->attention_norm_beta, 0, out_y);
}

/* norm(x + feed_forward(x)) */
static tuff_status feed_forward_half(struct tuff_bert *bert, const struct tuff_layer_weights *weights,
                                     struct tuff_tensor *x, float dropout, struct tuff_tensor **out_y) {
    struct tuff_tensor *wide = NULL;
    struct tuff_tensor *sum = NULL;
    struct linear intermediate = { .x = x,
                                   .weight = weights->intermediate,
                                   .bias = weights->intermediate_bias,
                                   .y_exponent = room(bert),
                                   .activation = bert->config->hidden_act };
    TUFF_TRY(linear(bert, &intermediate, &wide));
    struct linear output = { .x = wide,
                             .weight = weights->output,
                             .bias = weights->output_bias,
                             .residual = x,
                             .x_exponent = room(bert),
                             .y_exponent = room(bert),
                             .dropout = bert->dropout.hidden };
    TUFF_TRY(linear(bert, &output, &sum));
    return layer_norm(bert, sum, weights->output_norm_gamma, weights->output_norm_beta, dropout, out_y);
}

tuff_status tuff_bert_encoder(struct tuff_bert *bert, float last_dropout, struct tuff_tensor **hidden,
                              struct tuff_tensor **qkv) {
    uint32_t layers = bert->config->num_hidden_layers;
    TUFF_TRY(embeddings(bert, &hidden[0]));
    for (uint32_t i = 0; i < layers; i++) {
        const struct tuff_layer_weights *weights = &bert->weights->layers[i];
        struct tuff_tensor *middle = NULL;
        size_t first = bert->graph->node_count;
        TUFF_TRY(attention_half(bert, weights, hidden[i], &qkv[i], &middle));
        TUFF_TRY(
            feed_forward_half(bert, weights, middle, i + 1 == layers ? last_dropout : 0, &hidden[i + 1]));
        TUFF_TRY(tuff_graph_segment(bert->graph, first));
    }
    return TUFF_OK;
}

static tuff_status gather(struct tuff_bert *bert, struct tuff_tensor *x, struct tuff_tensor *indices,
                          struct tuff_tensor *list, struct tuff_tensor **out_rows) {
    struct tuff_tensor *inputs[] = { x, indices, list };
    union tuff_params params = { 0 };
    return tuff_graph_append(bert->graph, &tuff_op_gather_rows, &params, inputs, 3, out_rows);
}

tuff_status tuff_bert_pooler(struct tuff_bert *bert, struct tuff_tensor *hidden, float dropout,
                             struct tuff_tensor **out_pooled) {
    struct linear pooler = { .weight = bert->weights->pooler,
                             .bias = bert->weights->pooler_bias,
                             .activation = TUFF_ACTIVATION_TANH,
                             .dropout = dropout };
    TUFF_TRY(gather(bert, hidden, bert->inputs.firsts, bert->inputs.first_list, &pooler.x));
    return linear(bert, &pooler, out_pooled);
}

tuff_status tuff_bert_logits(struct tuff_bert *bert, struct tuff_tensor *x, struct tuff_tensor *weight,
                             struct tuff_tensor *bias, struct tuff_tensor **out_logits) {
    struct tuff_tensor *inputs[] = { x, weight, bias };
    union tuff_params params = { .linear = { .output_f32 = true } };
    return tuff_graph_append(bert->graph, &tuff_op_linear, &params, inputs, 3, out_logits);
}

tuff_status tuff_bert_transform(struct tuff_bert *bert, struct tuff_tensor *hidden,
                                struct tuff_tensor **out_transformed) {
    const struct tuff_weights *weights = bert->weights;
    struct tuff_tensor *dense = NULL;
    struct linear transform = { .weight = weights->transform,
                                .bias = weights->transform_bias,
                                .y_exponent = room(bert),
                                .activation = bert->config->hidden_act };
    TUFF_TRY(gather(bert, hidden, bert->inputs.indices, bert->inputs.indices_list, &transform.x));
    TUFF_TRY(linear(bert, &transform, &dense));
    return layer_norm(bert, dense, weights->transform_norm_gamma, weights->transform_norm_beta, 0,
                      out_transformed);
}
