/* SPDX-License-Identifier: Apache-2.0 */
#include "model/bert.h"

static tuff_status linear(struct tuff_graph *graph, struct tuff_tensor *x, struct tuff_tensor *weight,
                          struct tuff_tensor *bias, struct tuff_tensor *residual,
                          enum tuff_activation activation, struct tuff_tensor **out_y) {
    struct tuff_tensor *inputs[] = { x, weight, bias, residual };
    union tuff_params params = { .linear = { .activation = activation } };
    return tuff_graph_append(graph, &tuff_op_linear, &params, inputs, 4, out_y);
}

static tuff_status layer_norm(struct tuff_graph *graph, struct tuff_tensor *x, struct tuff_tensor *gamma,
                              struct tuff_tensor *beta, double epsilon, struct tuff_tensor **out_y) {
    struct tuff_tensor *inputs[] = { x, gamma, beta };
    union tuff_params params = { .layer_norm = { .epsilon = (float)epsilon } };
    return tuff_graph_append(graph, &tuff_op_layer_norm, &params, inputs, 3, out_y);
}

/* The words' rows from a table that is too large to be bound at once. */
static tuff_status gather_words(struct tuff_graph *graph, const struct tuff_weights *weights,
                                struct tuff_tensor *words, struct tuff_tensor **out_rows) {
    struct tuff_tensor *inputs[TUFF_MAX_INPUTS] = { weights->word[0], words };
    union tuff_params params = { 0 };
    for (uint32_t part = 1; part < weights->word_part_count; part++)
        inputs[2 + part] = weights->word[part];
    return tuff_graph_append(graph, &tuff_op_gather_rows, &params, inputs, TUFF_MAX_INPUTS, out_rows);
}

static tuff_status embeddings(struct tuff_graph *graph, const struct tuff_config *config,
                              const struct tuff_weights *weights, const struct tuff_bert_inputs *batch,
                              struct tuff_tensor **out_hidden) {
    struct tuff_tensor *word = weights->word[0];
    union tuff_params params = { .embedding = { .epsilon = config->layer_norm_eps } };
    if (weights->word_part_count > 1) {
        TUFF_TRY(gather_words(graph, weights, batch->words, &word));
        params.embedding.word_is_row = true;
    }
    struct tuff_tensor *inputs[] = { word,
                                     weights->position,
                                     weights->token_type,
                                     weights->embedding_norm_gamma,
                                     weights->embedding_norm_beta,
                                     batch->tokens };
    return tuff_graph_append(graph, &tuff_op_embedding, &params, inputs, 6, out_hidden);
}

union tuff_params tuff_bert_attention(const struct tuff_config *config, const struct tuff_weights *weights) {
    return (union tuff_params){ .attention = { .head_count = config->num_attention_heads,
                                               .head_size = config->hidden_size / config->num_attention_heads,
                                               .head_stride = weights->head_stride } };
}

/* x -> norm(x + attention(x)) -> norm(y + feed_forward(y)): seven dispatches. */
static tuff_status layer(struct tuff_graph *graph, const struct tuff_config *config,
                         const struct tuff_weights *weights, const struct tuff_layer_weights *layer_weights,
                         struct tuff_tensor *tiles, struct tuff_tensor *x, struct tuff_tensor **out_qkv,
                         struct tuff_tensor **out_y) {
    struct tuff_tensor *context = NULL;
    struct tuff_tensor *sum = NULL;
    struct tuff_tensor *middle = NULL;
    struct tuff_tensor *wide = NULL;
    TUFF_TRY(
        linear(graph, x, layer_weights->qkv, layer_weights->qkv_bias, NULL, TUFF_ACTIVATION_NONE, out_qkv));
    struct tuff_tensor *inputs[] = { *out_qkv, tiles };
    union tuff_params params = tuff_bert_attention(config, weights);
    TUFF_TRY(tuff_graph_append(graph, &tuff_op_attention, &params, inputs, 2, &context));
    TUFF_TRY(linear(graph, context, layer_weights->attention_output, layer_weights->attention_output_bias, x,
                    TUFF_ACTIVATION_NONE, &sum));
    TUFF_TRY(layer_norm(graph, sum, layer_weights->attention_norm_gamma, layer_weights->attention_norm_beta,
                        config->layer_norm_eps, &middle));
    TUFF_TRY(linear(graph, middle, layer_weights->intermediate, layer_weights->intermediate_bias, NULL,
                    config->hidden_act, &wide));
    TUFF_TRY(linear(graph, wide, layer_weights->output, layer_weights->output_bias, middle,
                    TUFF_ACTIVATION_NONE, &sum));
    return layer_norm(graph, sum, layer_weights->output_norm_gamma, layer_weights->output_norm_beta,
                      config->layer_norm_eps, out_y);
}

tuff_status tuff_bert_encoder(struct tuff_graph *graph, const struct tuff_config *config,
                              const struct tuff_weights *weights, const struct tuff_bert_inputs *inputs,
                              struct tuff_tensor **hidden, struct tuff_tensor **qkv) {
    TUFF_TRY(embeddings(graph, config, weights, inputs, &hidden[0]));
    for (uint32_t i = 0; i < config->num_hidden_layers; i++) {
        struct tuff_tensor *layer_qkv = NULL;
        TUFF_TRY(layer(graph, config, weights, &weights->layers[i], inputs->tiles, hidden[i], &layer_qkv,
                       &hidden[i + 1]));
        if (qkv)
            qkv[i] = layer_qkv;
    }
    return TUFF_OK;
}

tuff_status tuff_bert_pooler(struct tuff_graph *graph, const struct tuff_weights *weights,
                             struct tuff_tensor *hidden, struct tuff_tensor *first_rows,
                             struct tuff_tensor **out_pooled) {
    struct tuff_tensor *first = NULL;
    struct tuff_tensor *inputs[] = { hidden, first_rows };
    union tuff_params params = { 0 };
    TUFF_TRY(tuff_graph_append(graph, &tuff_op_gather_rows, &params, inputs, 2, &first));
    return linear(graph, first, weights->pooler, weights->pooler_bias, NULL, TUFF_ACTIVATION_TANH,
                  out_pooled);
}

tuff_status tuff_bert_logits(struct tuff_graph *graph, struct tuff_tensor *x, struct tuff_tensor *weight,
                             struct tuff_tensor *bias, struct tuff_tensor **out_logits) {
    struct tuff_tensor *inputs[] = { x, weight, bias, NULL };
    union tuff_params params = { .linear = { .output_f32 = true } };
    return tuff_graph_append(graph, &tuff_op_linear, &params, inputs, 4, out_logits);
}

tuff_status tuff_bert_transform(struct tuff_graph *graph, const struct tuff_config *config,
                                const struct tuff_weights *weights, struct tuff_tensor *x,
                                struct tuff_tensor **out_transformed) {
    struct tuff_tensor *dense = NULL;
    TUFF_TRY(linear(graph, x, weights->transform, weights->transform_bias, NULL, config->hidden_act, &dense));
    return layer_norm(graph, dense, weights->transform_norm_gamma, weights->transform_norm_beta,
                      config->layer_norm_eps, out_transformed);
}
