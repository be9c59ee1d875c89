/* SPDX-License-Identifier: Apache-2.0 */
#include "task/bench.h"

#include <stdio.h>

#include "base/memory.h"
#include "base/random.h"
#include "base/timing.h"
#include "ops/matmul_coopmat.h"
#include "ops/matmul_int8.h"
#include "ops/matmul_tile.h"
#include "task/batcher.h"
#include "task/bench_check.h"
#include "task/bench_training.h"
#include "task/model.h"

enum { REPEATS = 5, RAGGED_COUNT = 256, RAGGED_LEAST = 8, RAGGED_MOST = 128, MOST_CONTENDERS = 2 };

/* One model that is measured. */
struct bench {
    const tuff_bench_options *options;
    void (*row)(void *user, const tuff_bench_row *row);
    void *user;
    struct tuff_model *model;     /* NULL in training */
    struct tuff_trainer *trainer; /* else NULL */
    const struct tuff_config *config;
    uint32_t repeats;
    size_t runs_done, runs_total;
};

/* Sentences that are run together. */
struct workload {
    struct bench *bench;
    struct tuff_sequence *sequences;
    struct tuff_row *tokens;
    uint32_t count;
    uint64_t token_count;
    double operations;
};

/* What is timed. */
struct pass {
    const char *name;
    tuff_status (*run)(void *workload);
    double forward_passes; /* of as many operations */
    bool is_checked;
};

/* ---------------------------------------------------------------- sentences */

/* 2 M N K of a layer's products and of attention, times the layers. */
static double operations_of(const struct tuff_config *config, double length) {
    double hidden = config->hidden_size;
    double inner = config->intermediate_size;
    double products = 2 * length * (4 * hidden * hidden + 2 * hidden * inner);
    return config->num_hidden_layers * (products + 4 * length * length * hidden);
}

static void fill_sequence(const struct tuff_config *config, struct tuff_random *random, uint32_t length,
                          struct tuff_row *tokens, struct tuff_sequence *sequence) {
    for (uint32_t i = 0; i < length; i++)
        tokens[i] = (struct tuff_row){ .id = (int32_t)tuff_random_below(random, config->vocab_size),
                                       .position = (int32_t)i };
    *sequence = (struct tuff_sequence){ .tokens = tokens, .visible_count = length };
}

/* `lengths` has `count` numbers. */
static tuff_status make_workload(struct bench *bench, const uint32_t *lengths, uint32_t count,
                                 struct workload *out) {
    const struct tuff_config *config = bench->config;
    struct tuff_random random = { .seed = 1, .stream = 2 };
    *out = (struct workload){ .bench = bench, .count = count };
    for (uint32_t i = 0; i < count; i++) {
        out->token_count += lengths[i];
        out->operations += operations_of(config, lengths[i]);
    }
    TUFF_TRY(tuff_alloc(out->token_count, sizeof *out->tokens, &out->tokens));
    TUFF_TRY(tuff_alloc(count, sizeof *out->sequences, &out->sequences));
    struct tuff_row *tokens = out->tokens;
    for (uint32_t i = 0; i < count; i++) {
        fill_sequence(config, &random, lengths[i], tokens, &out->sequences[i]);
        tokens += lengths[i];
    }
    return TUFF_OK;
}

static void free_workload(struct workload *workload) {
    tuff_free(workload->sequences);
    tuff_free(workload->tokens);
}

/* ---------------------------------------------------------------- a forward pass */

static tuff_status take_nothing(void *user, const struct tuff_batch_view *view) {
    (void)user;
    (void)view;
    return TUFF_OK;
}

static tuff_status count_run(struct bench *bench) {
    const tuff_bench_options *options = bench->options;
    bench->runs_done++;
    if (!options->progress || options->progress(options->progress_user, bench->runs_done, bench->runs_total))
        return TUFF_OK;
    return tuff_fail(TUFF_CANCELLED, "cancelled after %zu of %zu runs", bench->runs_done, bench->runs_total);
}

static tuff_status run_forward(void *user) {
    struct workload *workload = user;
    struct tuff_batcher batcher = {
        .runner = &workload->bench->model->runner,
        .key = { .wants = TUFF_WANT_EMBEDDING, .pool = TUFF_POOL_MEAN, .normalize = true },
        .sequences = workload->sequences,
        .count = workload->count,
        .take = take_nothing
    };
    TUFF_TRY(tuff_batcher_run(&batcher));
    return count_run(workload->bench);
}

static tuff_status run_step(void *user) {
    struct workload *workload = user;
    TUFF_TRY(tuff_bench_step(workload->bench->trainer, workload->sequences, workload->count));
    return count_run(workload->bench);
}

static tuff_status run_loss(void *user) {
    struct workload *workload = user;
    TUFF_TRY(tuff_bench_loss(workload->bench->trainer, workload->sequences, workload->count));
    return count_run(workload->bench);
}

static const struct pass forward_pass = { "forward", run_forward, 1, true };
static const struct pass ragged_pass = { "ragged", run_forward, 1, true };
static const struct pass equal_pass = { "equal", run_forward, 1, true };
/* The gradients of a product's two factors are two more. */
static const struct pass training_pass = { "training", run_step, 3, false };
static const struct pass loss_pass = { "loss", run_loss, 1, false };

/* Of the largest product: the first one of the feed-forward half. */
static void write_variant(const struct workload *workload, char text[TUFF_TILE_TEXT_SIZE]) {
    const struct bench *bench = workload->bench;
    const struct tuff_runner *runner = bench->model ? &bench->model->runner : &bench->trainer->runner;
    const uint32_t limit = tuff_runner_row_limit(runner);
    const uint32_t rows = workload->token_count < limit ? (uint32_t)workload->token_count : limit;
    const enum tuff_type type = runner->weights->type;
    const uint32_t cols = bench->config->intermediate_size, inner = bench->config->hidden_size;
    const struct tuff_product product = { .type = type,
                                          .layout = tuff_matmul_layout(runner->device, type, cols, inner,
                                                                       !bench->model),
                                          .rows = rows,
                                          .cols = cols,
                                          .groups = tuff_padded(inner) / 4 };
    const struct tuff_matmul_tile tile = runner->f16_arithmetic
                                             ? tuff_matmul_packed_tile(runner->device, &product)
                                             : tuff_matmul_tile_for(runner->device, &product);
    const bool is_int8 = bench->model && bench->model->is_int8;
    const struct tuff_matrix_shape *matrices =
        tuff_coopmat_for(runner->device, is_int8 ? TUFF_TYPE_I8 : type, rows);
    if (matrices)
        tuff_coopmat_text(matrices, text);
    else if (is_int8)
        tuff_int8_text(runner->device, runner->weights->type, rows, text);
    else
        tuff_matmul_tile_text(&tile, text);
}

static const char *dtype_name(const struct tuff_model *model) {
    if (model && model->is_int8)
        return "int8";
    return model && model->type == TUFF_TYPE_F16 ? "f16" : "f32";
}

static void give_row(const struct workload *workload, const struct pass *pass, const char *shape,
                     const struct tuff_timing *timing, double error) {
    struct bench *bench = workload->bench;
    const tuff_bench_options *options = bench->options;
    double seconds = timing->median_ms / 1e3;
    char variant[TUFF_TILE_TEXT_SIZE];
    write_variant(workload, variant);
    tuff_bench_row row = {
        .name = options->shape ? options->shape : options->model,
        .workload = pass->name,
        .shape = shape,
        .dtype = dtype_name(bench->model),
        .variant = variant,
        .repeats = bench->repeats,
        .ms_median = timing->median_ms,
        .ms_p95 = timing->p95_ms,
        .cpu_ms = timing->cpu_ms,
        .gflops = pass->forward_passes * workload->operations / seconds / 1e9,
        .tokens_per_second = (double)workload->token_count / seconds,
        .sentences_per_second = workload->count / seconds,
        .error = error,
    };
    bench->row(bench->user, &row);
}

/* A pass over sentences of its own. */
struct contender {
    const struct pass *pass;
    const char *shape;
    const uint32_t *lengths;
};

static tuff_status give_result(const struct workload *workload, const struct contender *contender,
                               const struct tuff_timing *timing) {
    const struct bench *bench = workload->bench;
    double error = -1;
    if (contender->pass->is_checked && !bench->options->skips_check)
        TUFF_TRY(tuff_bench_error(&bench->model->runner, workload->sequences, workload->count, &error));
    give_row(workload, contender->pass, contender->shape, timing, error);
    return TUFF_OK;
}

/* In turns. `sentences`: of each contender. */
static tuff_status measure(struct bench *bench, const struct contender *contenders, size_t count,
                           uint32_t sentences) {
    struct workload workloads[MOST_CONTENDERS] = { 0 };
    struct tuff_timed timed[MOST_CONTENDERS];
    tuff_status status = TUFF_OK;
    for (size_t i = 0; i < count && status == TUFF_OK; i++) {
        status = make_workload(bench, contenders[i].lengths, sentences, &workloads[i]);
        timed[i] = (struct tuff_timed){ .work = contenders[i].pass->run, .user = &workloads[i] };
    }
    if (status == TUFF_OK)
        status = tuff_timing_run_in_turns(bench->repeats, timed, count);
    for (size_t i = 0; i < count && status == TUFF_OK; i++)
        status = give_result(&workloads[i], &contenders[i], &timed[i].timing);
    for (size_t i = 0; i < count; i++)
        free_workload(&workloads[i]);
    return status;
}

static tuff_status check_length(const struct bench *bench, uint32_t length) {
    const uint32_t most = bench->config->max_position_embeddings;
    if (length > 0 && length <= most)
        return TUFF_OK;
    return tuff_fail(TUFF_ARGUMENT, "a length of %u tokens, but the model has positions for 1 to %u", length,
                     most);
}

static tuff_status measure_equal(struct bench *bench, uint32_t batch, uint32_t length) {
    char shape[32];
    uint32_t *lengths = NULL;
    TUFF_TRY(check_length(bench, length));
    TUFF_TRY(tuff_alloc(batch, sizeof *lengths, &lengths));
    for (uint32_t i = 0; i < batch; i++)
        lengths[i] = length;
    snprintf(shape, sizeof shape, "%ux%u", batch, length);
    const struct contender forward = { &forward_pass, shape, lengths };
    const struct contender training[] = { { &training_pass, shape, lengths },
                                          { &loss_pass, shape, lengths } };
    tuff_status status =
        bench->trainer ? measure(bench, training, 2, batch) : measure(bench, &forward, 1, batch);
    tuff_free(lengths);
    return status;
}

static tuff_status measure_grid(struct bench *bench) {
    const tuff_bench_options *options = bench->options;
    bench->runs_total = options->batch_count * options->length_count * (bench->repeats + 1) *
                        (bench->options->workload == TUFF_BENCH_TRAINING ? 2 : 1);
    for (size_t b = 0; b < options->batch_count; b++)
        for (size_t l = 0; l < options->length_count; l++)
            TUFF_TRY(measure_equal(bench, options->batches[b], options->lengths[l]));
    return TUFF_OK;
}

/* ---------------------------------------------------------------- ragged lengths */

/* Lengths drawn from 8 to 128, and the same sum spread evenly. */
static tuff_status measure_ragged(struct bench *bench) {
    struct tuff_random random = { .seed = 1, .stream = 3 };
    uint32_t ragged[RAGGED_COUNT], equal[RAGGED_COUNT];
    uint32_t total = 0;
    char shape[32];
    bench->runs_total = 2 * ((size_t)bench->repeats + 1);
    TUFF_TRY(check_length(bench, RAGGED_MOST));
    for (uint32_t i = 0; i < RAGGED_COUNT; i++) {
        ragged[i] = RAGGED_LEAST + tuff_random_below(&random, RAGGED_MOST - RAGGED_LEAST + 1);
        total += ragged[i];
    }
    for (uint32_t i = 0; i < RAGGED_COUNT; i++)
        equal[i] = total / RAGGED_COUNT + (i < total % RAGGED_COUNT);
    snprintf(shape, sizeof shape, "256x%u..%u", total / RAGGED_COUNT, equal[0]);
    const struct contender contenders[] = { { &ragged_pass, "256x8..128", ragged },
                                            { &equal_pass, shape, equal } };
    return measure(bench, contenders, 2, RAGGED_COUNT);
}

/* ---------------------------------------------------------------- all */

static tuff_status open_model(struct bench *bench, struct tuff_device *device,
                              const struct tuff_allocator *allocator, struct tuff_folder *folder) {
    const tuff_bench_options *options = bench->options;
    if (options->workload != TUFF_BENCH_TRAINING) {
        tuff_model_options model_options = TUFF_MODEL_OPTIONS;
        model_options.dtype = options->dtype;
        model_options.arithmetic = options->arithmetic;
        TUFF_TRY(tuff_model_make(device, allocator, folder, &model_options, &bench->model));
        bench->config = &bench->model->folder.config;
        return TUFF_OK;
    }
    TUFF_TRY(tuff_bench_trainer_open(device, allocator, folder, &bench->trainer));
    bench->config = &bench->trainer->folder.config;
    return TUFF_OK;
}

tuff_status tuff_task_bench(struct tuff_device *device, const struct tuff_allocator *allocator,
                            const tuff_bench_options *options,
                            void (*row)(void *user, const tuff_bench_row *row), void *user) {
    struct bench bench = {
        .options = options, .row = row, .user = user, .repeats = options->repeats ? options->repeats : REPEATS
    };
    struct tuff_folder folder;
    struct tuff_bench_weights weights;
    TUFF_TRY(tuff_bench_folder_open(options->model, options->shape, &device->log, &folder, &weights));
    tuff_status status = open_model(&bench, device, allocator, &folder);
    if (status == TUFF_OK)
        status = options->workload == TUFF_BENCH_RAGGED ? measure_ragged(&bench) : measure_grid(&bench);
    tuff_model_free(bench.model);
    tuff_trainer_free(bench.trainer);
    tuff_folder_close(&folder);
    tuff_bench_weights_free(&weights);
    return status;
}
