/* SPDX-License-Identifier: Apache-2.0 */
#include "model/run_build.h"

#include "base/memory.h"

static tuff_status input(struct tuff_run *run, const char *name, uint32_t rows, uint32_t cols,
                         struct tuff_tensor **out_tensor) {
    struct tuff_shape shape = { .type = TUFF_TYPE_I32, .rows = rows, .cols = cols };
    return tuff_graph_input(run->graph, name, shape, out_tensor);
}

static tuff_status build_inputs(const struct tuff_weights *weights, struct tuff_run *run) {
    const struct tuff_bucket *bucket = &run->key.bucket;
    const uint32_t pooled = TUFF_WANT_POOLED | TUFF_WANT_CLASSIFIER | TUFF_WANT_NEXT_SENTENCE;
    TUFF_TRY(input(run, "tokens", bucket->rows, 4, &run->inputs.tokens));
    if (weights->word_part_count > 1 && !run->key.is_fed)
        TUFF_TRY(input(run, "words", bucket->rows, 1, &run->inputs.words));
    TUFF_TRY(input(run, "tiles", bucket->tiles, 4, &run->inputs.tiles));
    if (run->key.wants & TUFF_WANT_EMBEDDING)
        TUFF_TRY(input(run, "spans", bucket->sequences, 4, &run->inputs.spans));
    if (run->key.wants & pooled)
        TUFF_TRY(input(run, "firsts", bucket->sequences, 1, &run->inputs.firsts));
    if (run->key.wants & TUFF_WANT_MASKED_LM)
        TUFF_TRY(input(run, "indices", bucket->indices, 1, &run->inputs.indices));
    return TUFF_OK;
}

/* What the model sees of tokens whose ids come to the device by themselves. */
static tuff_status build_fed(const struct tuff_config *config, struct tuff_run *run,
                             struct tuff_bert_inputs *inout_inputs) {
    const struct tuff_shape shape = { .type = TUFF_TYPE_I32, .rows = 2 * run->key.bucket.rows, .cols = 1 };
    const union tuff_params params = { .fetch_tokens = { config->vocab_size, config->type_vocab_size } };
    TUFF_TRY(tuff_graph_feed(run->graph, "ids", shape, &run->fed));
    struct tuff_tensor *inputs[] = { run->inputs.tokens, run->fed };
    TUFF_TRY(tuff_graph_append(run->graph, &tuff_op_fetch_tokens, &params, inputs, 2, &run->fetched));
    inout_inputs->tokens = run->fetched;
    inout_inputs->words = run->graph->nodes[run->graph->node_count - 1].outputs[1];
    return tuff_graph_result(run->graph, run->fetched);
}

static tuff_status build_training_inputs(const struct tuff_weights *weights, struct tuff_run *run) {
    const struct tuff_bucket *bucket = &run->key.bucket;
    if (weights->word_part_count > 1)
        return tuff_fail(TUFF_UNSUPPORTED,
                         "the vocabulary's table is larger than the %llu bytes that the device can "
                         "bind: such a model can be run, but not trained here",
                         (unsigned long long)weights->device->limits.max_storage_range);
    TUFF_TRY(input(run, "key tiles", bucket->key_tiles, 4, &run->inputs.key_tiles));
    TUFF_TRY(input(run, "lists", 3 * bucket->rows, 4, &run->inputs.lists));
    if (run->inputs.firsts)
        TUFF_TRY(input(run, "list of firsts", bucket->sequences, 4, &run->inputs.first_list));
    if (run->inputs.indices)
        TUFF_TRY(input(run, "list of indices", bucket->indices, 4, &run->inputs.indices_list));
    TUFF_TRY(input(run, "seed", 1, 4, &run->inputs.seed));
    struct tuff_shape shape = { .type = TUFF_TYPE_F32, .rows = 1, .cols = 1 };
    return tuff_graph_input(run->graph, "gradient of the loss", shape, &run->d_loss);
}

/* Training reads losses alone. */
static tuff_status result(struct tuff_run *run, struct tuff_tensor *tensor) {
    return run->key.is_training ? TUFF_OK : tuff_graph_result(run->graph, tensor);
}

static tuff_status logits(struct tuff_bert *bert, struct tuff_run *run, struct tuff_tensor *x,
                          struct tuff_tensor *weight, struct tuff_tensor *bias,
                          struct tuff_tensor **out_logits) {
    TUFF_TRY(tuff_bert_logits(bert, x, weight, bias, out_logits));
    return result(run, *out_logits);
}

static tuff_status build_pooled(struct tuff_bert *bert, struct tuff_run *run, struct tuff_tensor *last) {
    const struct tuff_weights *weights = bert->weights;
    float dropout = run->key.wants & TUFF_WANT_CLASSIFIER ? bert->dropout.classifier : 0;
    TUFF_TRY(tuff_bert_pooler(bert, last, dropout, &run->pooled));
    if (run->key.wants & TUFF_WANT_POOLED)
        TUFF_TRY(result(run, run->pooled));
    if (run->key.wants & TUFF_WANT_CLASSIFIER)
        TUFF_TRY(
            logits(bert, run, run->pooled, weights->classifier, weights->classifier_bias, &run->classifier));
    if (run->key.wants & TUFF_WANT_NEXT_SENTENCE)
        TUFF_TRY(logits(bert, run, run->pooled, weights->next_sentence, weights->next_sentence_bias,
                        &run->next_sentence));
    return TUFF_OK;
}

/* Logits over the vocabulary at the asked rows alone. */
static tuff_status build_vocabulary(struct tuff_bert *bert, struct tuff_run *run, struct tuff_tensor *last) {
    const struct tuff_weights *weights = bert->weights;
    struct tuff_tensor *transformed = NULL;
    TUFF_TRY(tuff_bert_transform(bert, last, &transformed));
    TUFF_TRY(tuff_alloc(weights->word_part_count, sizeof *run->vocabulary, &run->vocabulary));
    for (uint32_t part = 0; part < weights->word_part_count; part++)
        TUFF_TRY(logits(bert, run, transformed, weights->decoder[part], weights->decoder_bias[part],
                        &run->vocabulary[part]));
    return TUFF_OK;
}

static tuff_status build_row_logits(struct tuff_bert *bert, struct tuff_run *run, struct tuff_tensor *last) {
    const struct tuff_weights *weights = bert->weights;
    if (run->key.wants & TUFF_WANT_TOKENS)
        TUFF_TRY(logits(bert, run, last, weights->classifier, weights->classifier_bias, &run->token_logits));
    if (run->key.wants & TUFF_WANT_SPANS)
        TUFF_TRY(logits(bert, run, last, weights->answer, weights->answer_bias, &run->span_logits));
    return TUFF_OK;
}

static tuff_status build_embedding(struct tuff_run *run, struct tuff_tensor *last) {
    struct tuff_tensor *inputs[] = { last, run->inputs.spans };
    union tuff_params params = { .pool = { .kind = run->key.pool, .normalize = run->key.normalize } };
    TUFF_TRY(tuff_graph_append(run->graph, &tuff_op_pool, &params, inputs, 2, &run->embedding));
    return result(run, run->embedding);
}

/* Cosines times 20, as sentence-transformers' MultipleNegativesRankingLoss has them unless told otherwise. */
static tuff_status build_pair_scores(struct tuff_run *run) {
    union tuff_params params = { .pair_scores = { .scale = 20 } };
    return tuff_graph_append(run->graph, &tuff_op_pair_scores, &params, &run->embedding, 1,
                             &run->pair_scores);
}

static tuff_status build_encoder(struct tuff_bert *bert, struct tuff_run *run,
                                 struct tuff_tensor **out_last) {
    uint32_t layers = bert->config->num_hidden_layers;
    float last_dropout = run->key.wants & TUFF_WANT_TOKENS ? bert->dropout.classifier : 0;
    TUFF_TRY(tuff_alloc(layers + 1, sizeof *run->hidden, &run->hidden));
    TUFF_TRY(tuff_alloc(layers, sizeof *run->qkv, &run->qkv));
    TUFF_TRY(tuff_bert_encoder(bert, last_dropout, run->hidden, run->qkv));
    *out_last = run->hidden[layers];
    for (uint32_t i = 0; i <= layers; i++) {
        bool is_wanted = run->key.wants & TUFF_WANT_HIDDEN_STATES ||
                         (i == layers && run->key.wants & TUFF_WANT_LAST_HIDDEN);
        if (is_wanted)
            TUFF_TRY(result(run, run->hidden[i]));
        if (i < layers && run->key.wants & TUFF_WANT_ATTENTIONS)
            tuff_graph_keep(run->qkv[i]);
    }
    return TUFF_OK;
}

static tuff_status build_losses(const struct tuff_runner *runner, struct tuff_run *run) {
    struct tuff_loss_logits all = { .next_sentence = run->next_sentence,
                                    .classifier = run->classifier,
                                    .tokens = run->token_logits,
                                    .spans = run->span_logits,
                                    .pair_scores = run->pair_scores };
    if (run->vocabulary)
        all.masked_lm = run->vocabulary[0];
    return tuff_loss_append(run->graph, run->key.losses, run->key.group, runner->label_smoothing,
                            &run->key.bucket, &all, run->losses);
}

static tuff_status build_backward(struct tuff_run *run) {
    struct tuff_tensor *values[TUFF_LOSS_COUNT];
    size_t count = 0;
    for (size_t i = 0; i < TUFF_LOSS_COUNT; i++)
        if (run->losses[i].value)
            values[count++] = run->losses[i].value;
    return tuff_graph_differentiate(run->graph, values, count, run->d_loss);
}

tuff_status tuff_run_build(const struct tuff_runner *runner, struct tuff_run *run) {
    struct tuff_tensor *last = NULL;
    TUFF_TRY(tuff_graph_create(runner->device, run->key.is_training, &run->graph));
    run->graph->checkpoints = runner->checkpoints;
    TUFF_TRY(build_inputs(runner->weights, run));
    if (run->key.is_training)
        TUFF_TRY(build_training_inputs(runner->weights, run));
    struct tuff_bert bert = { .graph = run->graph,
                              .config = runner->config,
                              .weights = runner->weights,
                              .inputs = run->inputs,
                              .f16_arithmetic = runner->f16_arithmetic && !run->key.is_training };
    if (run->key.is_training)
        bert.dropout = runner->dropout;
    if (run->key.is_fed)
        TUFF_TRY(build_fed(runner->config, run, &bert.inputs));
    TUFF_TRY(build_encoder(&bert, run, &last));
    if (run->key.wants & TUFF_WANT_EMBEDDING)
        TUFF_TRY(build_embedding(run, last));
    if (run->key.losses & TUFF_LOSS_PAIRS)
        TUFF_TRY(build_pair_scores(run));
    if (run->inputs.firsts)
        TUFF_TRY(build_pooled(&bert, run, last));
    if (run->key.wants & TUFF_WANT_MASKED_LM)
        TUFF_TRY(build_vocabulary(&bert, run, last));
    TUFF_TRY(build_row_logits(&bert, run, last));
    TUFF_TRY(build_losses(runner, run));
    return run->key.is_training ? build_backward(run) : TUFF_OK;
}
