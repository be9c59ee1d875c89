/* SPDX-License-Identifier: Apache-2.0 */
#include "model/run.h"

#include <string.h>

#include "base/half.h"
#include "base/memory.h"
#include "model/bert.h"

void tuff_runner_init(struct tuff_runner *runner, struct tuff_device *device,
                      const struct tuff_config *config, const struct tuff_weights *weights) {
    *runner = (struct tuff_runner){ .device = device, .config = config, .weights = weights };
    tuff_workspace_init(&runner->workspace, device);
}

static void free_run(struct tuff_run *run) {
    if (!run)
        return;
    tuff_graph_destroy(run->graph);
    tuff_free(run->hidden);
    tuff_free(run->qkv);
    tuff_free(run->vocabulary);
    tuff_free(run);
}

void tuff_runner_free(struct tuff_runner *runner) {
    for (size_t i = 0; i < TUFF_RUN_CACHE; i++) {
        free_run(runner->runs[i]);
        runner->runs[i] = NULL;
    }
    tuff_workspace_free(&runner->workspace);
}

uint32_t tuff_runner_row_limit(const struct tuff_runner *runner) {
    /* Beyond these a larger batch computes no faster; on a CPU a smaller one stays in its caches. */
    uint64_t rows = runner->device->info.type == TUFF_DEVICE_CPU ? 2048 : 16384;
    uint64_t width = tuff_padded(runner->config->intermediate_size);
    uint64_t qkv_width = 3ull * runner->config->num_attention_heads * runner->weights->head_stride;
    width = qkv_width > width ? qkv_width : width;
    uint64_t bound = runner->device->limits.max_storage_range / (width * sizeof(float));
    /* A bucket may be a sixteenth larger than what is put into it. */
    bound = bound * 15 / 16;
    return (uint32_t)(rows < bound ? rows : bound);
}

static tuff_status input(struct tuff_graph *graph, const char *name, uint32_t rows, uint32_t cols,
                         struct tuff_tensor **out_tensor) {
    return tuff_graph_input(
        graph, name, (struct tuff_shape){ .type = TUFF_TYPE_I32, .rows = rows, .cols = cols }, out_tensor);
}

static tuff_status build_inputs(const struct tuff_weights *weights, struct tuff_run *run) {
    const struct tuff_bucket *bucket = &run->key.bucket;
    const uint32_t pooled = TUFF_WANT_POOLED | TUFF_WANT_CLASSIFIER | TUFF_WANT_NEXT_SENTENCE;
    TUFF_TRY(input(run->graph, "tokens", bucket->rows, 4, &run->tokens));
    if (weights->word_part_count > 1)
        TUFF_TRY(input(run->graph, "words", bucket->rows, 1, &run->words));
    TUFF_TRY(input(run->graph, "tiles", bucket->tiles, 4, &run->tiles));
    if (run->key.wants & TUFF_WANT_EMBEDDING)
        TUFF_TRY(input(run->graph, "spans", bucket->sequences, 4, &run->spans));
    if (run->key.wants & pooled)
        TUFF_TRY(input(run->graph, "firsts", bucket->sequences, 1, &run->firsts));
    if (run->key.wants & TUFF_WANT_MASKED_LM)
        TUFF_TRY(input(run->graph, "indices", bucket->indices, 1, &run->indices));
    return TUFF_OK;
}

static tuff_status build_pooled(const struct tuff_runner *runner, struct tuff_run *run,
                                struct tuff_tensor *last) {
    const struct tuff_weights *weights = runner->weights;
    TUFF_TRY(tuff_bert_pooler(run->graph, weights, last, run->firsts, &run->pooled));
    if (run->key.wants & TUFF_WANT_POOLED)
        TUFF_TRY(tuff_graph_result(run->graph, run->pooled));
    if (run->key.wants & TUFF_WANT_CLASSIFIER) {
        TUFF_TRY(tuff_bert_logits(run->graph, run->pooled, weights->classifier, weights->classifier_bias,
                                  &run->classifier));
        TUFF_TRY(tuff_graph_result(run->graph, run->classifier));
    }
    if (run->key.wants & TUFF_WANT_NEXT_SENTENCE) {
        TUFF_TRY(tuff_bert_logits(run->graph, run->pooled, weights->next_sentence,
                                  weights->next_sentence_bias, &run->next_sentence));
        TUFF_TRY(tuff_graph_result(run->graph, run->next_sentence));
    }
    return TUFF_OK;
}

/* Logits over the vocabulary at the asked rows alone. */
static tuff_status build_vocabulary(const struct tuff_runner *runner, struct tuff_run *run,
                                    struct tuff_tensor *last) {
    const struct tuff_weights *weights = runner->weights;
    struct tuff_tensor *asked = NULL;
    struct tuff_tensor *transformed = NULL;
    struct tuff_tensor *inputs[] = { last, run->indices };
    union tuff_params params = { 0 };
    TUFF_TRY(tuff_graph_append(run->graph, &tuff_op_gather_rows, &params, inputs, 2, &asked));
    TUFF_TRY(tuff_bert_transform(run->graph, runner->config, weights, asked, &transformed));
    TUFF_TRY(tuff_alloc(weights->word_part_count, sizeof *run->vocabulary, &run->vocabulary));
    for (uint32_t part = 0; part < weights->word_part_count; part++) {
        TUFF_TRY(tuff_bert_logits(run->graph, transformed, weights->decoder[part],
                                  weights->decoder_bias[part], &run->vocabulary[part]));
        TUFF_TRY(tuff_graph_result(run->graph, run->vocabulary[part]));
    }
    return TUFF_OK;
}

static tuff_status build_row_logits(const struct tuff_runner *runner, struct tuff_run *run,
                                    struct tuff_tensor *last) {
    const struct tuff_weights *weights = runner->weights;
    if (run->key.wants & TUFF_WANT_TOKENS) {
        TUFF_TRY(tuff_bert_logits(run->graph, last, weights->classifier, weights->classifier_bias,
                                  &run->token_logits));
        TUFF_TRY(tuff_graph_result(run->graph, run->token_logits));
    }
    if (run->key.wants & TUFF_WANT_SPANS) {
        TUFF_TRY(
            tuff_bert_logits(run->graph, last, weights->answer, weights->answer_bias, &run->span_logits));
        TUFF_TRY(tuff_graph_result(run->graph, run->span_logits));
    }
    return TUFF_OK;
}

static tuff_status build_embedding(struct tuff_run *run, struct tuff_tensor *last) {
    struct tuff_tensor *inputs[] = { last, run->spans };
    union tuff_params params = { .pool = { .kind = run->key.pool, .normalize = run->key.normalize } };
    TUFF_TRY(tuff_graph_append(run->graph, &tuff_op_pool, &params, inputs, 2, &run->embedding));
    return tuff_graph_result(run->graph, run->embedding);
}

static tuff_status build_encoder(const struct tuff_runner *runner, struct tuff_run *run,
                                 struct tuff_tensor **out_last) {
    uint32_t layers = runner->config->num_hidden_layers;
    TUFF_TRY(tuff_alloc(layers + 1, sizeof *run->hidden, &run->hidden));
    TUFF_TRY(tuff_alloc(layers, sizeof *run->qkv, &run->qkv));
    struct tuff_bert_inputs inputs = { .tokens = run->tokens, .tiles = run->tiles, .words = run->words };
    TUFF_TRY(tuff_bert_encoder(run->graph, runner->config, runner->weights, &inputs, run->hidden, run->qkv));
    *out_last = run->hidden[layers];
    for (uint32_t i = 0; i <= layers; i++) {
        bool is_wanted = run->key.wants & TUFF_WANT_HIDDEN_STATES ||
                         (i == layers && run->key.wants & TUFF_WANT_LAST_HIDDEN);
        if (is_wanted)
            TUFF_TRY(tuff_graph_result(run->graph, run->hidden[i]));
        if (i < layers && run->key.wants & TUFF_WANT_ATTENTIONS)
            tuff_graph_keep(run->qkv[i]);
    }
    return TUFF_OK;
}

static tuff_status build_losses(struct tuff_run *run) {
    struct tuff_loss_logits logits = { .next_sentence = run->next_sentence,
                                       .classifier = run->classifier,
                                       .tokens = run->token_logits,
                                       .spans = run->span_logits };
    if (run->vocabulary)
        logits.masked_lm = run->vocabulary[0];
    return tuff_loss_append(run->graph, run->key.losses, run->key.group, 0, &run->key.bucket, &logits,
                            run->losses);
}

static tuff_status build(const struct tuff_runner *runner, struct tuff_run *run) {
    struct tuff_tensor *last = NULL;
    TUFF_TRY(tuff_graph_create(runner->device, false, &run->graph));
    TUFF_TRY(build_inputs(runner->weights, run));
    TUFF_TRY(build_encoder(runner, run, &last));
    if (run->key.wants & TUFF_WANT_EMBEDDING)
        TUFF_TRY(build_embedding(run, last));
    if (run->firsts)
        TUFF_TRY(build_pooled(runner, run, last));
    if (run->key.wants & TUFF_WANT_MASKED_LM)
        TUFF_TRY(build_vocabulary(runner, run, last));
    TUFF_TRY(build_row_logits(runner, run, last));
    return build_losses(run);
}

static bool same_key(const struct tuff_run_key *a, const struct tuff_run_key *b) {
    return a->wants == b->wants && a->pool == b->pool && a->normalize == b->normalize &&
           a->losses == b->losses && a->group == b->group &&
           memcmp(&a->bucket, &b->bucket, sizeof a->bucket) == 0;
}

/* The graph for a key: a kept one, or a new one in the place of the one that rested longest. */
static tuff_status find_run(struct tuff_runner *runner, const struct tuff_run_key *key,
                            struct tuff_run **out_run) {
    size_t oldest = 0;
    for (size_t i = 0; i < TUFF_RUN_CACHE; i++) {
        struct tuff_run *run = runner->runs[i];
        if (run && same_key(&run->key, key)) {
            *out_run = run;
            return TUFF_OK;
        }
        uint64_t age = run ? run->last_use : 0;
        if (runner->runs[oldest] && age < runner->runs[oldest]->last_use)
            oldest = i;
    }
    free_run(runner->runs[oldest]);
    runner->runs[oldest] = NULL;
    struct tuff_run *run = NULL;
    TUFF_TRY(tuff_alloc(1, sizeof *run, &run));
    run->key = *key;
    tuff_status status = build(runner, run);
    if (status != TUFF_OK) {
        free_run(run);
        return status;
    }
    tuff_log_write(&runner->device->log, TUFF_LOG_DEBUG,
                   "recorded a graph for %u rows, %u sequences, %u tiles", key->bucket.rows,
                   key->bucket.sequences, key->bucket.tiles);
    *out_run = runner->runs[oldest] = run;
    return TUFF_OK;
}

static void *bytes_or_null(const struct tuff_tensor *tensor) {
    return tensor ? tuff_graph_input_bytes(tensor) : NULL;
}

/* Losses that cannot leave sequences out. */
static const uint32_t counts_exactly = TUFF_LOSS_NUMBERS | TUFF_LOSS_LABELS;

tuff_status tuff_runner_run(struct tuff_runner *runner, const struct tuff_request *request,
                            struct tuff_run **out_run) {
    struct tuff_run *run = NULL;
    struct tuff_run_key key = request->key;
    key.bucket = tuff_bucket_for(runner->device, request->sequences, request->sequence_count);
    if (key.losses & counts_exactly)
        key.bucket.sequences = request->sequence_count;
    TUFF_TRY(find_run(runner, &key, &run));
    run->last_use = ++runner->use_count;
    TUFF_TRY(tuff_graph_prepare(run->graph, &runner->workspace));
    struct tuff_batch_inputs inputs = {
        .tokens = bytes_or_null(run->tokens),
        .words = bytes_or_null(run->words),
        .tiles = bytes_or_null(run->tiles),
        .spans = bytes_or_null(run->spans),
        .firsts = bytes_or_null(run->firsts),
        .indices = bytes_or_null(run->indices),
    };
    TUFF_TRY(
        tuff_batch_fill(runner->device, &key.bucket, request->sequences, request->sequence_count, &inputs));
    tuff_loss_fill(key.losses, key.group, request->sequences, request->sequence_count, request->denominators,
                   run->losses);
    TUFF_TRY(tuff_graph_run(run->graph, request->keep_going, request->user));
    *out_run = run;
    return TUFF_OK;
}

void tuff_run_read(const struct tuff_tensor *tensor, uint32_t rows, float *out_values) {
    struct tuff_tensor part = *tensor;
    part.shape.rows = rows;
    tuff_tensor_decode(&part, tuff_graph_result_bytes(tensor), out_values, NULL);
}
