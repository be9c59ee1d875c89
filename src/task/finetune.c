/* SPDX-License-Identifier: Apache-2.0 */
#include "task/finetune.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "task/checkpoint.h"
#include "task/evaluate.h"
#include "task/export_sentence.h"
#include "task/training_log.h"

/* One run. */
struct finetune {
    const tuff_finetune_options *options;
    const struct tuff_task_spec *spec;
    const struct tuff_log *log;
    struct tuff_trainer *trainer;
    tuff_tokenizer *tokenizer;
    struct tuff_task_data train, dev;
    uint32_t *order;                 /* of the epoch's features */
    struct tuff_sequence *sequences; /* of one batch */
    struct tuff_row *padded;         /* rows of one batch, where its windows are padded */
    size_t step_size;                /* examples of a step */
    uint64_t steps_per_epoch;
    struct tuff_checkpoint checkpoint;
    char *checkpoint_path;
    struct tuff_training_log metrics;
};

/* ---------------------------------------------------------------- model and data */

/* Labels are the file's that was given, or the ones that the folder's own head has, or else those found in the
 * training file. */
static tuff_status read_train(struct finetune *run, struct tuff_folder *folder, bool has_head) {
    const tuff_finetune_options *options = run->options;
    struct tuff_label_names given = { 0 };
    struct tuff_label_names own = tuff_task_labels(folder);
    const struct tuff_label_names *names = has_head ? &own : NULL;
    if (options->data->labels && run->spec->has_labels) {
        TUFF_TRY(tuff_label_names_read(options->data->labels, &given));
        names = &given;
    }
    tuff_status status =
        tuff_task_read(run->spec, options->train, options->data, names, run->log,
                       run->spec->kind == TUFF_DATASET_ANSWERS ? 0 : options->limit, &run->train.dataset);
    tuff_label_names_free(&given);
    return status;
}

/* Of pairs every other one is a wrong answer: they cannot be worked on in parts. */
static tuff_status check_parts(const struct finetune *run) {
    if (run->spec->loss == TUFF_LOSS_PAIRS && run->options->trainer->accumulate > 1)
        return tuff_fail(
            TUFF_ARGUMENT,
            "the loss of embed runs over all pairs of a batch, which cannot be computed in parts");
    return TUFF_OK;
}

static tuff_status set_head(void *user, struct tuff_folder *folder) {
    static const char *const one_number[] = { "LABEL_0" };
    struct finetune *run = user;
    struct tuff_fresh_head fresh = { .head = run->spec->head,
                                     .problem = run->spec->problem,
                                     .replaces = run->options->head != TUFF_HEAD_OWN,
                                     .is_zero = run->options->head == TUFF_HEAD_ZEROS,
                                     .seed = run->options->trainer->seed };
    TUFF_TRY(read_train(run, folder, tuff_folder_has_head(folder, &fresh)));
    if (run->spec->has_labels) {
        fresh.labels = (const char *const *)run->train.dataset.labels.items;
        fresh.label_count = run->train.dataset.labels.count;
    } else {
        fresh.labels = one_number;
        fresh.label_count = 1;
    }
    if (run->spec->has_labels && run->spec->kind != TUFF_DATASET_LABELS && fresh.label_count < 2)
        return tuff_fail(TUFF_FORMAT, "%s: has one label only, there is nothing to tell apart",
                         run->options->train);
    return tuff_folder_set_head(folder, &fresh);
}

static tuff_status read_dev(struct finetune *run) {
    const tuff_finetune_options *options = run->options;
    const struct tuff_folder *folder = &run->trainer->folder;
    struct tuff_label_names labels = tuff_task_labels(folder);
    if (!options->dev)
        return TUFF_OK;
    TUFF_TRY(tuff_task_read(run->spec, options->dev, options->data, &labels, run->log, options->dev_limit,
                            &run->dev.dataset));
    return tuff_task_encode(&run->dev.dataset, folder, run->tokenizer, options->data, run->log, 0,
                            &run->dev.features);
}

static tuff_status check_options(const tuff_finetune_options *options) {
    if (!options->model || !options->train || !options->output)
        return tuff_fail(TUFF_ARGUMENT,
                         "tuff_finetune: a model, a training file and an output folder are needed");
    if (options->epochs == 0 || options->batch_size == 0)
        return tuff_fail(TUFF_ARGUMENT, "at least one epoch and a batch size of 1 are needed");
    if (!(options->warmup >= 0 && options->warmup <= 1))
        return tuff_fail(TUFF_ARGUMENT, "the warm-up is a share of all steps, from 0 to 1, not %g",
                         options->warmup);
    if (!isfinite(options->data->label_offset) || !isfinite(options->data->label_scale) ||
        options->data->label_scale == 0)
        return tuff_fail(TUFF_ARGUMENT, "the label scale must be finite and not 0, the offset finite");
    if (options->exports_adapter && options->trainer->lora_rank == 0)
        return tuff_fail(TUFF_ARGUMENT, "an adapter is exported where adapters are trained: give their rank");
    if (!options->dev && (options->eval_every > 0 || options->patience > 0))
        return tuff_fail(TUFF_ARGUMENT, "evaluations and patience need examples to evaluate: a dev file");
    return TUFF_OK;
}

static bool pads(const struct finetune *run) {
    return run->options->pads_to_longest && run->spec->loss == TUFF_LOSS_SPAN;
}

static tuff_status plan(struct finetune *run) {
    const tuff_finetune_options *options = run->options;
    const struct tuff_feature_set *features = &run->train.features;
    uint64_t step_size = (uint64_t)options->batch_size * run->trainer->accumulate;
    run->step_size = step_size < features->count ? (size_t)step_size : features->count;
    run->steps_per_epoch = (features->count + step_size - 1) / step_size;
    run->checkpoint = (struct tuff_checkpoint){ .total_steps = run->steps_per_epoch * options->epochs,
                                                .item_count = features->count,
                                                .batch_size = step_size };
    run->trainer->rate.total_steps = run->checkpoint.total_steps;
    run->trainer->rate.warmup_steps =
        (uint64_t)(options->warmup * (double)run->checkpoint.total_steps + 1e-9);
    if (pads(run)) {
        size_t longest = tuff_longest(features->sequences, features->count);
        TUFF_TRY(tuff_alloc(run->step_size * longest, sizeof *run->padded, &run->padded));
    }
    TUFF_TRY(tuff_alloc(features->count, sizeof *run->order, &run->order));
    return tuff_alloc(run->step_size * features->group, sizeof *run->sequences, &run->sequences);
}

/* A checkpoint is gone on from where it is asked for and there; else the run begins anew. */
static tuff_status begin(struct finetune *run) {
    const char *output = run->options->output;
    char *folder = NULL;
    TUFF_TRY(tuff_path_join(output, "checkpoint", &folder));
    tuff_status status = tuff_path_join(folder, "training.safetensors", &run->checkpoint_path);
    if (status == TUFF_OK)
        status = tuff_file_make_folders(folder);
    tuff_free(folder);
    TUFF_TRY(status);
    if (run->options->resumes && tuff_file_exists(run->checkpoint_path))
        TUFF_TRY(tuff_checkpoint_load(run->trainer, &run->checkpoint, run->checkpoint_path));
    return tuff_training_log_open(output, run->checkpoint.log_size, &run->metrics);
}

static tuff_status prepare(struct finetune *run, struct tuff_device *device,
                           const struct tuff_allocator *allocator) {
    const tuff_finetune_options *options = run->options;
    struct tuff_trainer_setup setup = { .prepare = set_head,
                                        .user = run,
                                        .trainable = options->trainable,
                                        .trainable_count = options->trainable_count };
    TUFF_TRY(check_options(options));
    TUFF_TRY(check_parts(run));
    TUFF_TRY(tuff_trainer_load(device, allocator, options->model, options->trainer, &setup, &run->trainer));
    if (!run->trainer->folder.has_tokenizer)
        return tuff_fail(TUFF_UNSUPPORTED,
                         "%s: has neither tokenizer.json nor vocab.txt, so it takes no text",
                         run->trainer->folder.path);
    TUFF_TRY(tuff_tokenizer_open(run->trainer->folder.path, allocator, &run->tokenizer));
    TUFF_TRY(tuff_task_encode(&run->train.dataset, &run->trainer->folder, run->tokenizer, options->data,
                              run->log, options->limit, &run->train.features));
    TUFF_TRY(read_dev(run));
    TUFF_TRY(plan(run));
    return begin(run);
}

/* ---------------------------------------------------------------- steps */

static tuff_status make_batch(struct finetune *run, uint64_t step, size_t *out_count) {
    const tuff_finetune_options *options = run->options;
    const size_t count = run->train.features.count;
    const size_t first = (size_t)(step % run->steps_per_epoch) * run->step_size;
    const uint32_t epoch = (uint32_t)(step / run->steps_per_epoch);
    *out_count = count - first < run->step_size ? count - first : run->step_size;
    tuff_order_fill(count, !options->keeps_order, options->trainer->seed, epoch, run->order);
    tuff_feature_set_batch(&run->train.features, run->order + first, *out_count, run->sequences);
    if (pads(run))
        tuff_pad_sequences(run->sequences, *out_count, run->trainer->folder.config.pad_token_id, run->padded);
    return TUFF_OK;
}

/* How many sequences belong together: the choices of an example, all pairs of a batch. */
static uint32_t loss_group_of(const struct finetune *run, size_t count) {
    if (run->spec->loss == TUFF_LOSS_PAIRS)
        return (uint32_t)(count * run->train.features.group);
    return run->spec->loss == TUFF_LOSS_CHOICE ? run->train.features.group : 1;
}

/* Each pair meets all others, so that they are computed at once. */
static tuff_status check_pairs(const struct finetune *run, size_t count) {
    const uint32_t bound = tuff_runner_bindable_rows(&run->trainer->runner);
    uint64_t rows = 0;
    for (size_t i = 0; run->spec->loss == TUFF_LOSS_PAIRS && i < count * run->train.features.group; i++)
        rows += run->sequences[i].visible_count;
    if (rows > bound)
        return tuff_fail(
            TUFF_ARGUMENT,
            "the %zu pairs of a batch have %llu tokens, but the device computes %u at once: a smaller batch "
            "or maximum length fits",
            count, (unsigned long long)rows, bound);
    return TUFF_OK;
}

static tuff_status make_step(struct finetune *run, tuff_step_report *report, uint64_t *out_tokens) {
    struct tuff_trainer *trainer = run->trainer;
    const uint32_t group = run->train.features.group;
    size_t count = 0;
    TUFF_TRY(make_batch(run, trainer->step, &count));
    TUFF_TRY(check_pairs(run, count));
    for (size_t i = 0; i < count * group; i++)
        *out_tokens += run->sequences[i].visible_count;
    const uint32_t loss_group = loss_group_of(run, count);
    struct tuff_denominators denominators = tuff_loss_weigh(
        run->spec->loss, loss_group, trainer->folder.config.num_labels, run->sequences, count * group);
    struct tuff_training_batch batch = { .sequences = run->sequences,
                                         .count = count * group,
                                         .losses = run->spec->loss,
                                         .group = loss_group,
                                         .pool = run->train.features.pool,
                                         .denominators = &denominators };
    return tuff_trainer_make_good_step(trainer, &batch, report);
}

static tuff_status save(const struct finetune *run) {
    const struct tuff_folder *folder = &run->trainer->folder;
    const uint32_t length = run->options->data->max_length;
    TUFF_TRY(run->options->exports_adapter ? tuff_train_save_adapter(run->trainer, run->options->output)
                                           : tuff_train_save(run->trainer, run->options->output));
    if (run->spec->loss != TUFF_LOSS_PAIRS)
        return TUFF_OK;
    return tuff_sentence_export(run->options->output, run->train.features.pool, folder->config.hidden_size,
                                length ? length : folder->max_length);
}

/* How patience stands, as the checkpoint keeps it. */
enum { BEST, MISSES, HAS_BEST };

static bool has_lost_patience(const struct finetune *run) {
    return run->options->patience > 0 && run->checkpoint.place[MISSES] >= run->options->patience;
}

/* Whether the figure is the best one so far. One that is not a number is never better. */
static bool is_better(struct finetune *run, const struct tuff_evaluation *evaluation) {
    uint64_t *place = run->checkpoint.place;
    double figure = tuff_evaluation_figure(evaluation, run->spec->figure);
    double best = 0;
    memcpy(&best, &place[BEST], sizeof best);
    if (!(isfinite(figure) && (!place[HAS_BEST] || figure > best))) {
        place[MISSES]++;
        return false;
    }
    memcpy(&place[BEST], &figure, sizeof figure);
    place[MISSES] = 0;
    place[HAS_BEST] = 1;
    return true;
}

static tuff_status evaluate(struct finetune *run, uint32_t epoch) {
    const tuff_finetune_options *options = run->options;
    struct tuff_evaluation evaluation;
    TUFF_TRY(tuff_evaluate_features(&run->trainer->runner, run->spec, &run->dev, options->data, NULL,
                                    &evaluation));
    if (options->evaluated)
        options->evaluated(options->user, run->trainer->step, evaluation.metrics, evaluation.count);
    TUFF_TRY(tuff_training_log_metrics(&run->metrics, run->trainer->step, epoch, &evaluation));
    if (options->patience == 0)
        return TUFF_OK;
    if (is_better(run, &evaluation))
        return save(run);
    if (has_lost_patience(run))
        tuff_log_write(run->log, TUFF_LOG_INFO,
                       "stopped after step %llu: %u evaluations brought no better %s",
                       (unsigned long long)run->trainer->step, options->patience, run->spec->figure);
    return TUFF_OK;
}

static bool is_due(uint64_t step, uint64_t every) {
    return every > 0 && step % every == 0;
}

/* What is due after a step: evaluation, the model at the end of an epoch, and checkpoints. */
static tuff_status end_step(struct finetune *run, uint32_t epoch) {
    const tuff_finetune_options *options = run->options;
    const uint64_t made = run->trainer->step;
    const bool is_last = made == run->checkpoint.total_steps;
    const bool ends_epoch = made % run->steps_per_epoch == 0;
    if (options->dev && (options->eval_every ? is_last || is_due(made, options->eval_every) : ends_epoch))
        TUFF_TRY(evaluate(run, epoch));
    if (ends_epoch && options->patience == 0)
        TUFF_TRY(save(run));
    if (!ends_epoch && !is_due(made, options->checkpoint_every) && !has_lost_patience(run))
        return TUFF_OK;
    run->checkpoint.log_size = run->metrics.size;
    return tuff_checkpoint_save(run->trainer, &run->checkpoint, run->checkpoint_path);
}

static tuff_status step(struct finetune *run, struct tuff_training_clock *clock) {
    const tuff_finetune_options *options = run->options;
    tuff_step_report made = { 0 };
    uint64_t tokens = 0;
    tuff_finetune_report report = { .total_steps = run->checkpoint.total_steps,
                                    .epoch = (uint32_t)(run->trainer->step / run->steps_per_epoch) + 1 };
    TUFF_TRY(make_step(run, &made, &tokens));
    tuff_training_report_fill(&made, &report);
    tuff_training_clock_count(clock, tokens, &report);
    TUFF_TRY(tuff_training_log_step(&run->metrics, &report));
    bool goes_on = !options->step || options->step(options->user, &report);
    TUFF_TRY(end_step(run, report.epoch));
    if (goes_on)
        return TUFF_OK;
    return tuff_fail(TUFF_CANCELLED, "cancelled after step %llu of %llu", (unsigned long long)report.step,
                     (unsigned long long)report.total_steps);
}

static tuff_status train(struct finetune *run) {
    struct tuff_training_clock clock = tuff_training_clock_start();
    while (run->trainer->step < run->checkpoint.total_steps && !has_lost_patience(run))
        TUFF_TRY(step(run, &clock));
    return run->checkpoint.place[HAS_BEST] ? TUFF_OK : save(run);
}

tuff_status tuff_task_finetune(struct tuff_device *device, const struct tuff_allocator *allocator,
                               const tuff_finetune_options *options) {
    struct finetune run = { .options = options, .log = &device->log };
    TUFF_TRY(tuff_task_find(options->task, &run.spec));
    tuff_status status = prepare(&run, device, allocator);
    if (status == TUFF_OK)
        status = train(&run);
    tuff_training_log_close(&run.metrics);
    tuff_free(run.checkpoint_path);
    tuff_free(run.padded);
    tuff_free(run.sequences);
    tuff_free(run.order);
    tuff_task_data_free(&run.dev);
    tuff_task_data_free(&run.train);
    tuff_tokenizer_close(run.tokenizer);
    tuff_trainer_free(run.trainer);
    return status;
}
