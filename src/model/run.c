/* SPDX-License-Identifier: Apache-2.0 */
#include "model/run.h"

#include <string.h>

#include "base/memory.h"
#include "model/run_build.h"

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

void tuff_runner_forget(struct tuff_runner *runner) {
    for (size_t i = 0; i < TUFF_RUN_CACHE; i++) {
        free_run(runner->runs[i]);
        runner->runs[i] = NULL;
    }
}

void tuff_runner_free(struct tuff_runner *runner) {
    tuff_runner_forget(runner);
    tuff_workspace_free(&runner->workspace);
}

uint32_t tuff_runner_bindable_rows(const struct tuff_runner *runner) {
    if (!runner->weights) /* those of a lost device: nothing runs */
        return 1;
    uint64_t width = tuff_padded(runner->config->intermediate_size);
    uint64_t qkv_width = 3ull * runner->config->num_attention_heads * runner->weights->head_stride;
    width = qkv_width > width ? qkv_width : width;
    uint64_t bound = runner->device->limits.max_storage_range / (width * sizeof(float));
    /* A bucket may be a sixteenth larger than what is put into it. */
    bound = bound * 15 / 16;
    return bound < INT32_MAX ? (uint32_t)bound : INT32_MAX;
}

uint32_t tuff_runner_row_limit(const struct tuff_runner *runner) {
    /* Beyond these a larger batch computes no faster; on a CPU a smaller one stays in its caches. */
    uint32_t rows = runner->device->info.type == TUFF_DEVICE_CPU ? 2048 : 16384;
    uint32_t bound = tuff_runner_bindable_rows(runner);
    rows = rows < bound ? rows : bound;
    return runner->row_bound && runner->row_bound < rows ? runner->row_bound : rows;
}

void tuff_runner_shrink(struct tuff_runner *runner, uint32_t rows) {
    runner->row_bound = rows;
    tuff_log_write(&runner->device->log, TUFF_LOG_INFO,
                   "memory is short: batches have %u rows at most from now on", rows);
}

uint32_t tuff_runner_asked_limit(const struct tuff_runner *runner) {
    if (!runner->weights)
        return 1;
    uint64_t row_size = tuff_padded(runner->weights->word_part_rows) * sizeof(float);
    return (uint32_t)(runner->device->limits.max_storage_range / row_size * 15 / 16);
}

uint32_t tuff_runner_training_limit(const struct tuff_runner *runner, uint32_t losses) {
    uint32_t limit = tuff_runner_row_limit(runner);
    if (!(losses & TUFF_LOSS_MASKED_LM))
        return limit;
    uint32_t bound = tuff_runner_asked_limit(runner); /* every row may be asked */
    return bound < limit ? bound : limit;
}

static bool same_key(const struct tuff_run_key *a, const struct tuff_run_key *b) {
    return a->wants == b->wants && a->pool == b->pool && a->normalize == b->normalize &&
           a->losses == b->losses && a->group == b->group && a->is_training == b->is_training &&
           a->is_fed == b->is_fed && memcmp(&a->bucket, &b->bucket, sizeof a->bucket) == 0;
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
    tuff_status status = tuff_run_build(runner, run);
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

static tuff_status prepare_once(struct tuff_runner *runner, const struct tuff_run_key *key,
                                struct tuff_run **out_run) {
    TUFF_TRY(find_run(runner, key, out_run));
    (*out_run)->last_use = ++runner->use_count;
    return tuff_graph_prepare((*out_run)->graph, &runner->workspace);
}

/* Where memory is short, once more without the other graphs and their workspace. What failed half-way is not kept. */
static tuff_status prepare(struct tuff_runner *runner, const struct tuff_run_key *key,
                           struct tuff_run **out_run) {
    tuff_status status = prepare_once(runner, key, out_run);
    if (status == TUFF_DEVICE_MEMORY) {
        tuff_runner_free(runner);
        status = prepare_once(runner, key, out_run);
    }
    runner->is_short = status == TUFF_DEVICE_MEMORY;
    if (status != TUFF_OK)
        tuff_runner_free(runner);
    return status;
}

/* Losses that cannot leave sequences out. */
static const uint32_t counts_exactly = TUFF_LOSS_NUMBERS | TUFF_LOSS_LABELS | TUFF_LOSS_PAIRS;

static struct tuff_run_key key_of(const struct tuff_runner *runner, const struct tuff_request *request) {
    struct tuff_run_key key = request->key;
    key.bucket = tuff_bucket_for(runner->device, request->sequences, request->sequence_count);
    if (key.losses & counts_exactly)
        key.bucket.sequences = request->sequence_count;
    return key;
}

bool tuff_runner_fits(struct tuff_runner *runner, const struct tuff_request *request) {
    const struct tuff_run_key key = key_of(runner, request);
    struct tuff_run *run = NULL;
    return prepare(runner, &key, &run) == TUFF_OK;
}

tuff_status tuff_runner_run(struct tuff_runner *runner, const struct tuff_request *request,
                            struct tuff_run **out_run) {
    struct tuff_run *run = NULL;
    const struct tuff_run_key key = key_of(runner, request);
    TUFF_TRY(prepare(runner, &key, &run));
    TUFF_TRY(tuff_batch_fill(runner->device, &key.bucket, request->sequences, request->sequence_count,
                             runner->config->pad_token_id, &run->inputs));
    tuff_loss_fill(key.losses, key.group, request->sequences, request->sequence_count, request->denominators,
                   run->losses);
    if (key.is_training) {
        memcpy(tuff_graph_input_bytes(run->inputs.seed), request->seed.words, sizeof request->seed.words);
        *(float *)tuff_graph_input_bytes(run->d_loss) = request->loss_scale;
    }
    if (key.is_fed)
        TUFF_TRY(request->feed(request->user, run));
    TUFF_TRY(tuff_graph_run(run->graph, request->keep_going, request->user));
    *out_run = run;
    return TUFF_OK;
}

void tuff_run_read(const struct tuff_tensor *tensor, uint32_t rows, float *out_values) {
    struct tuff_tensor part = *tensor;
    part.shape.rows = rows;
    tuff_tensor_decode(&part, tuff_graph_result_bytes(tensor), out_values, NULL);
}
