/* SPDX-License-Identifier: Apache-2.0 */
#include "task/trainer.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "model/hub.h"
#include "task/batcher.h"

static struct tuff_bert_dropout dropout_of(const struct tuff_config *config, double dropout) {
    if (dropout >= 0)
        return (struct tuff_bert_dropout){ (float)dropout, (float)dropout, (float)dropout };
    return (struct tuff_bert_dropout){ .hidden = config->hidden_dropout_prob,
                                       .attention = config->attention_probs_dropout_prob,
                                       .classifier = config->classifier_dropout };
}

static tuff_status check_options(const tuff_trainer_options *options) {
    const struct {
        const char *name;
        double value, low, high;
    } ranges[] = {
        { "the learning rate", options->learning_rate, 0, 1e3 },
        { "beta1", options->beta1, 0, 0.9999999 },
        { "beta2", options->beta2, 0, 0.9999999999 },
        { "epsilon", options->epsilon, 0, 1 },
        { "the weight decay", options->weight_decay, 0, 1e3 },
        { "the clip", options->clip, 0, 1e30 },
        { "the dropout", options->dropout, -HUGE_VAL, 0.99 },
        { "the label smoothing", options->label_smoothing, 0, 0.99 },
        { "the decay by layers", options->layer_decay, 1e-6, 1 },
        { "the alpha of adapters", options->lora_alpha, 0, 1e6 },
        { "the number of parts to accumulate", options->accumulate, 1, 1 << 20 },
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (!(ranges[i].value >= ranges[i].low && ranges[i].value <= ranges[i].high))
            return tuff_fail(TUFF_ARGUMENT, "%s is %g, but must be in %g to %g", ranges[i].name,
                             ranges[i].value, ranges[i].low, ranges[i].high);
    if (options->dtype != TUFF_DTYPE_AUTO && options->dtype != TUFF_F32 && options->dtype != TUFF_F16)
        return tuff_fail(TUFF_ARGUMENT, "a model is trained in f32 or f16");
    return TUFF_OK;
}

static void set_optimizer(struct tuff_trainer *trainer, const tuff_trainer_options *options) {
    bool is_original = options->optimizer == TUFF_BERT_ADAMW;
    trainer->adamw = (struct tuff_adamw){
        .form = is_original ? TUFF_ADAMW_ORIGINAL : TUFF_ADAMW_TORCH,
        .beta1 = options->beta1,
        .beta2 = options->beta2,
        .epsilon = options->epsilon > 0 ? options->epsilon
                   : is_original        ? 1e-6
                                        : 1e-8,
        .weight_decay = options->weight_decay,
        .clip = options->clip,
    };
    trainer->rate = (struct tuff_rate){ .schedule = options->schedule,
                                        .peak = options->learning_rate,
                                        .warmup_steps = options->warmup_steps,
                                        .total_steps = options->total_steps };
    if (options->schedule == TUFF_SCHEDULE_AUTO)
        trainer->rate.schedule = is_original ? TUFF_SCHEDULE_ORIGINAL : TUFF_SCHEDULE_LINEAR;
}

static tuff_status make_ranges(struct tuff_trainer *trainer) {
    const uint32_t heads_depth = trainer->folder.config.num_hidden_layers + 1;
    const struct tuff_weights *weights = trainer->weights;
    TUFF_TRY(tuff_alloc(weights->range_count, sizeof *trainer->ranges, &trainer->ranges));
    for (size_t i = 0; i < weights->range_count; i++) {
        const struct tuff_weight_range *range = &weights->ranges[i];
        uint32_t groups = (uint32_t)(range->size / 16);
        if (range->is_trained)
            trainer->ranges[trainer->adamw.range_count++] =
                (struct tuff_adamw_range){ .weights = range->weights,
                                           .gradients = range->gradients,
                                           .first_moments = range->first_moments,
                                           .second_moments = range->second_moments,
                                           .groups = groups,
                                           .decayed_groups = range->decays ? groups : 0,
                                           .rate_scale =
                                               (float)pow(trainer->layer_decay, heads_depth - range->depth) };
    }
    trainer->adamw.ranges = trainer->ranges;
    return TUFF_OK;
}

/* The optimizer clears what it has used, which the gradients of matrices with adapters are not part of. */
static tuff_status record_clear_adapted(const struct tuff_trainer *trainer,
                                        struct tuff_recording *recording) {
    for (size_t i = 0; i < trainer->weights->range_count; i++)
        if (trainer->weights->ranges[i].is_adapted)
            TUFF_TRY(tuff_record_fill(recording, trainer->weights->ranges[i].gradients, 0));
    return TUFF_OK;
}

static tuff_status record_clear(struct tuff_trainer *trainer) {
    TUFF_TRY(tuff_recording_create(trainer->device, &trainer->clear));
    for (uint32_t i = 0; i < trainer->adamw.range_count; i++)
        TUFF_TRY(tuff_record_fill(trainer->clear, trainer->ranges[i].gradients, 0));
    TUFF_TRY(record_clear_adapted(trainer, trainer->clear));
    return tuff_recording_end(trainer->clear);
}

static tuff_status record_update(struct tuff_trainer *trainer) {
    struct tuff_adamw *adamw = &trainer->adamw;
    TUFF_TRY(tuff_arena_create(trainer->device, TUFF_MEMORY_DEVICE, "optimizer", &trainer->arena));
    TUFF_TRY(tuff_arena_take(trainer->arena, tuff_adamw_partials_size(adamw), &adamw->partials));
    TUFF_TRY(tuff_arena_take(trainer->arena, 16, &adamw->step));
    TUFF_TRY(tuff_arena_take(trainer->arena, 16, &adamw->result));
    TUFF_TRY(tuff_recording_create(trainer->device, &trainer->update));
    TUFF_TRY(tuff_weights_record_lora(trainer->weights, trainer->update));
    TUFF_TRY(tuff_adamw_record(trainer->device, trainer->update, adamw));
    TUFF_TRY(record_clear_adapted(trainer, trainer->update));
    TUFF_TRY(tuff_weights_record_renewal(trainer->weights, trainer->update));
    return tuff_recording_end(trainer->update);
}

/* The folder is open and the optimizer set. */
static tuff_status come_to_device(struct tuff_trainer *trainer) {
    const bool is_half = trainer->scale.is_dynamic;
    const struct tuff_weights_options weights = { .type = is_half ? TUFF_TYPE_F16 : TUFF_TYPE_F32,
                                                  .splits_layers = trainer->layer_decay != 1,
                                                  .lora_alpha = trainer->lora.alpha,
                                                  .is_trained = tuff_trainer_trains,
                                                  .user = trainer };
    tuff_status status = tuff_weights_load(trainer->device, &trainer->folder.config,
                                           &trainer->folder.parameters, &weights, &trainer->weights);
    if (status == TUFF_DEVICE_MEMORY)
        return tuff_trainer_say_needed(trainer);
    TUFF_TRY(status);
    trainer->runner.weights = trainer->weights;
    TUFF_TRY(make_ranges(trainer));
    TUFF_TRY(record_clear(trainer));
    return record_update(trainer);
}

static tuff_status open_folder(struct tuff_trainer *trainer, const char *path) {
    char *folder = NULL;
    TUFF_TRY(tuff_hub_resolve(path, &folder));
    tuff_status status = tuff_folder_open(folder, &trainer->device->log, &trainer->folder);
    tuff_free(folder);
    return status;
}

static tuff_status load(struct tuff_trainer *trainer, const char *path, const tuff_trainer_options *options,
                        const struct tuff_trainer_setup *setup) {
    if (path) {
        TUFF_TRY(tuff_copy_text(path, strlen(path), &trainer->name));
        TUFF_TRY(open_folder(trainer, path));
    }
    trainer->is_for_task = setup != NULL;
    if (setup)
        TUFF_TRY(setup->prepare(setup->user, &trainer->folder));
    if (!setup && trainer->folder.parameters.heads == 0)
        return tuff_fail(TUFF_UNSUPPORTED, "%s: has no head whose loss could be trained",
                         trainer->folder.path);
    if (setup) {
        trainer->trainable = setup->trainable;
        trainer->trainable_count = setup->trainable_count;
    }
    trainer->lora =
        (struct tuff_lora){ .rank = options->lora_rank,
                            .alpha = options->lora_alpha > 0 ? options->lora_alpha : 2.0 * options->lora_rank,
                            .targets = options->lora_targets,
                            .seed = options->seed };
    TUFF_TRY(tuff_trainer_check_choice(trainer));
    if (trainer->lora.rank > 0)
        TUFF_TRY(tuff_parameters_add_lora(&trainer->folder.parameters, &trainer->lora));
    tuff_runner_init(&trainer->runner, trainer->device, &trainer->folder.config, NULL);
    trainer->runner.dropout = dropout_of(&trainer->folder.config, options->dropout);
    trainer->runner.label_smoothing = (float)options->label_smoothing;
    trainer->runner.checkpoints = options->checkpoints_activations;
    trainer->seed = options->seed;
    trainer->accumulate = options->accumulate;
    trainer->layer_decay = options->layer_decay;
    trainer->scale = tuff_loss_scale_make(options->dtype == TUFF_F16);
    set_optimizer(trainer, options);
    return come_to_device(trainer);
}

static void leave(struct tuff_member *member) {
    struct tuff_trainer *trainer = (struct tuff_trainer *)member;
    if (trainer->runner.device)
        tuff_runner_free(&trainer->runner);
    tuff_recording_destroy(trainer->update);
    tuff_recording_destroy(trainer->clear);
    tuff_arena_destroy(trainer->arena);
    tuff_free(trainer->ranges);
    tuff_weights_free(trainer->weights);
    trainer->update = trainer->clear = NULL;
    trainer->arena = NULL;
    trainer->ranges = NULL;
    trainer->weights = NULL;
    trainer->runner.weights = NULL;
    trainer->adamw.range_count = 0;
}

static tuff_status come_back(struct tuff_member *member) {
    struct tuff_trainer *trainer = (struct tuff_trainer *)member;
    trainer->step = 0;
    trainer->pass = 0;
    trainer->scale = tuff_loss_scale_make(trainer->scale.is_dynamic);
    tuff_status status = come_to_device(trainer);
    if (status == TUFF_OK && trainer->checkpoint)
        status = tuff_train_restore(trainer, trainer->checkpoint);
    if (status != TUFF_OK)
        leave(member);
    return status;
}

tuff_status tuff_trainer_load(struct tuff_device *device, const struct tuff_allocator *allocator,
                              const char *path, const tuff_trainer_options *options,
                              const struct tuff_trainer_setup *setup, struct tuff_trainer **out_trainer) {
    struct tuff_trainer *trainer = NULL;
    *out_trainer = NULL;
    TUFF_TRY(check_options(options));
    TUFF_TRY(tuff_alloc(1, sizeof *trainer, &trainer));
    trainer->device = device;
    trainer->allocator = allocator;
    tuff_status status = tuff_mutex_init(&trainer->lock);
    if (status != TUFF_OK) {
        tuff_free(trainer);
        return status;
    }
    status = load(trainer, path, options, setup);
    if (status != TUFF_OK) {
        tuff_trainer_free(trainer);
        return status;
    }
    trainer->member = (struct tuff_member){ .leave = leave, .come_back = come_back };
    tuff_device_join(device, &trainer->member);
    *out_trainer = trainer;
    return TUFF_OK;
}

void tuff_trainer_free(struct tuff_trainer *trainer) {
    if (!trainer)
        return;
    if (trainer->member.leave)
        tuff_device_part(trainer->device, &trainer->member);
    leave(&trainer->member);
    tuff_free(trainer->checkpoint);
    tuff_free(trainer->name);
    tuff_folder_close(&trainer->folder);
    tuff_mutex_destroy(&trainer->lock);
    tuff_free(trainer);
}

/* The wants whose logits a loss is taken of. */
static uint32_t wants_of(uint32_t losses) {
    uint32_t wants = 0;
    wants |= losses & TUFF_LOSS_MASKED_LM ? TUFF_WANT_MASKED_LM : 0;
    wants |= losses & TUFF_LOSS_NEXT_SENTENCE ? TUFF_WANT_NEXT_SENTENCE : 0;
    wants |= losses & (TUFF_LOSS_CLASS | TUFF_LOSS_NUMBERS | TUFF_LOSS_LABELS | TUFF_LOSS_CHOICE)
                 ? TUFF_WANT_CLASSIFIER
                 : 0;
    wants |= losses & TUFF_LOSS_TOKENS ? TUFF_WANT_TOKENS : 0;
    wants |= losses & TUFF_LOSS_SPAN ? TUFF_WANT_SPANS : 0;
    wants |= losses & TUFF_LOSS_PAIRS ? TUFF_WANT_EMBEDDING : 0;
    return wants;
}

/* What the batches of a step add up to. */
struct total {
    double loss;
    uint32_t batches;
};

static tuff_status add_loss(void *user, const struct tuff_batch_view *view) {
    struct total *total = user;
    total->batches++;
    for (size_t i = 0; i < TUFF_LOSS_COUNT; i++)
        if (view->run->losses[i].value)
            total->loss += *(const float *)tuff_graph_result_bytes(view->run->losses[i].value);
    return TUFF_OK;
}

/* A run that goes on computes its batches in the pieces that it began with, as far as they fit. */
static uint32_t find_row_limit(struct tuff_trainer *trainer, uint32_t losses) {
    const uint32_t limit = tuff_runner_training_limit(&trainer->runner, losses);
    if (trainer->row_limit == 0)
        trainer->row_limit = limit;
    return trainer->row_limit < limit ? trainer->row_limit : limit;
}

static tuff_status run(struct tuff_trainer *trainer, const struct tuff_training_batch *batch,
                       bool is_training, struct tuff_seed seed, struct total *out_total) {
    size_t groups = batch->count / (batch->group ? batch->group : 1);
    struct tuff_batcher batcher = {
        .runner = &trainer->runner,
        .key = { .wants = wants_of(batch->losses),
                 .losses = batch->losses,
                 .pool = batch->pool,
                 .normalize = batch->losses & TUFF_LOSS_PAIRS,
                 .is_training = is_training,
                 .group = batch->group },
        .sequences = batch->sequences,
        .count = batch->count,
        .group = batch->group,
        .denominators = batch->denominators,
        .row_limit = find_row_limit(trainer, batch->losses),
        .group_limit = is_training ? (uint32_t)((groups + trainer->accumulate - 1) / trainer->accumulate) : 0,
        .seed = seed,
        .loss_scale = trainer->scale.value,
        .take = add_loss,
        .user = out_total,
    };
    *out_total = (struct total){ 0 };
    return tuff_batcher_run(&batcher);
}

tuff_status tuff_trainer_accumulate(struct tuff_trainer *trainer, const struct tuff_training_batch *batch,
                                    double *out_loss) {
    struct total total;
    TUFF_TRY(run(trainer, batch, true, tuff_seed_make(trainer->seed, trainer->pass), &total));
    trainer->pass += total.batches;
    *out_loss = total.loss;
    return TUFF_OK;
}

tuff_status tuff_trainer_loss(struct tuff_trainer *trainer, const struct tuff_training_batch *batch,
                              double *out_loss) {
    struct total total;
    TUFF_TRY(run(trainer, batch, false, tuff_seed_make(0, 0), &total));
    *out_loss = total.loss;
    return TUFF_OK;
}

tuff_status tuff_trainer_update(struct tuff_trainer *trainer, tuff_step_report *out_report) {
    float values[4];
    float result[4];
    double rate = tuff_rate_at(&trainer->rate, trainer->step);
    uint64_t made = trainer->step - trainer->scale.skipped;
    tuff_adamw_step_values(&trainer->adamw, made + 1, rate, trainer->scale.value, values);
    TUFF_TRY(tuff_upload(trainer->device, &trainer->adamw.step, 0, values, sizeof values));
    TUFF_TRY(tuff_recording_run(trainer->update, NULL, NULL));
    TUFF_TRY(tuff_download(trainer->device, &trainer->adamw.result, 0, result, sizeof result));
    out_report->step = trainer->step++;
    out_report->gradient_norm = result[0];
    out_report->learning_rate = rate;
    out_report->was_skipped = result[2] == 0;
    out_report->loss_scale = trainer->scale.value;
    tuff_loss_scale_update(&trainer->scale, out_report->was_skipped);
    out_report->skipped_steps = trainer->scale.skipped;
    return TUFF_OK;
}

tuff_status tuff_trainer_make_step(struct tuff_trainer *trainer, const struct tuff_training_batch *batch,
                                   tuff_step_report *out_report) {
    double loss = 0;
    tuff_status status = tuff_trainer_accumulate(trainer, batch, &loss);
    /* Parts of the batch may have been computed before one failed. */
    if (status != TUFF_OK && status != TUFF_DEVICE_LOST)
        tuff_trainer_clear(trainer);
    TUFF_TRY(status);
    if (!isfinite(loss)) {
        TUFF_TRY(tuff_trainer_clear(trainer));
        return tuff_fail(
            TUFF_NOT_FINITE,
            "step %llu: the loss is not finite; the weights are as before, and a lower learning rate may "
            "help",
            (unsigned long long)trainer->step + 1);
    }
    TUFF_TRY(tuff_trainer_update(trainer, out_report));
    out_report->loss = loss;
    return TUFF_OK;
}

tuff_status tuff_trainer_make_good_step(struct tuff_trainer *trainer, const struct tuff_training_batch *batch,
                                        tuff_step_report *out_report) {
    bool is_least = tuff_loss_scale_is_least(&trainer->scale);
    TUFF_TRY(tuff_trainer_make_step(trainer, batch, out_report));
    if (out_report->was_skipped && is_least)
        return tuff_fail(TUFF_NOT_FINITE,
                         "step %llu: the gradients are not finite; the last checkpoint stays",
                         (unsigned long long)trainer->step);
    return TUFF_OK;
}

tuff_status tuff_trainer_clear(struct tuff_trainer *trainer) {
    return tuff_recording_run(trainer->clear, NULL, NULL);
}
