/* SPDX-License-Identifier: Apache-2.0 */
#include "task/pretrain.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "task/checkpoint.h"
#include "task/pretrain_batches.h"
#include "task/pretrain_data.h"
#include "task/scratch.h"
#include "task/training_log.h"

enum {
    LOSSES = TUFF_LOSS_MASKED_LM | TUFF_LOSS_NEXT_SENTENCE,
    USUAL_CHECKPOINT = 1000,
    MAX_STEP_SIZE = 1 << 24
};

/* One run; it reads either ready batches or a corpus. */
struct pretrain {
    const tuff_pretraining_options *options;
    struct tuff_trainer *trainer;
    tuff_tokenizer *tokenizer;
    struct tuff_pretrain_batches batches;
    struct tuff_pretrain_data data;
    uint32_t step_size;              /* sequences of a step */
    struct tuff_sequence *sequences; /* of one step */
    struct tuff_checkpoint checkpoint;
    char *checkpoint_path;
    struct tuff_training_log metrics;
};

/* ---------------------------------------------------------------- preparation */

static tuff_status check_options(const tuff_pretraining_options *options) {
    bool is_new = options->config && options->vocab;
    if (!options->output || options->batch_size == 0)
        return tuff_fail(TUFF_ARGUMENT, "pre-training needs an output folder and a batch size of at least 1");
    if (is_new == (options->model != NULL))
        return tuff_fail(TUFF_ARGUMENT,
                         "pre-training begins either with a model, or with a config and a vocabulary");
    if ((options->corpus_count > 0) == (options->batches != NULL))
        return tuff_fail(TUFF_ARGUMENT, "pre-training reads either a corpus or a file of ready batches");
    if (options->corpus_count > 0 && options->steps == 0)
        return tuff_fail(TUFF_ARGUMENT, "how many steps to make on the corpus must be said");
    return TUFF_OK;
}

static tuff_status open_corpus(struct pretrain *run, uint32_t length) {
    const tuff_pretraining_options *options = run->options;
    struct tuff_pretrain_options own = { .tokenizer = run->tokenizer,
                                         .vocab_size = run->trainer->folder.config.vocab_size,
                                         .paths = options->corpus,
                                         .path_count = options->corpus_count,
                                         .length = length,
                                         .seed = options->trainer->seed,
                                         .is_whole_word = options->is_whole_word };
    if (length > run->trainer->folder.config.max_position_embeddings)
        return tuff_fail(TUFF_ARGUMENT,
                         "a length of %u tokens was asked for, but the model has positions for %u", length,
                         run->trainer->folder.config.max_position_embeddings);
    return tuff_pretrain_data_open(&own, &run->data);
}

static tuff_status open_input(struct pretrain *run) {
    const tuff_pretraining_options *options = run->options;
    if (options->batches)
        return tuff_pretrain_batches_open(options->batches, &run->trainer->folder.config, &run->batches);
    TUFF_TRY(tuff_tokenizer_open(run->trainer->folder.path, run->trainer->allocator, &run->tokenizer));
    return open_corpus(run, options->length);
}

static tuff_status plan(struct pretrain *run) {
    const tuff_pretraining_options *options = run->options;
    uint64_t steps = options->steps;
    uint64_t step_size = (uint64_t)options->batch_size * run->trainer->accumulate;
    if (step_size > MAX_STEP_SIZE)
        return tuff_fail(TUFF_ARGUMENT, "a step of %u batches of %u sequences: %d sequences are the most",
                         run->trainer->accumulate, options->batch_size, MAX_STEP_SIZE);
    if (options->batches && run->batches.count < step_size)
        return tuff_fail(TUFF_ARGUMENT, "%s: has %zu rows, fewer than a step of %llu", options->batches,
                         run->batches.count, (unsigned long long)step_size);
    run->step_size = (uint32_t)step_size;
    if (steps == 0)
        steps = run->batches.count / step_size;
    run->checkpoint = (struct tuff_checkpoint){ .total_steps = steps,
                                                .item_count = run->batches.count,
                                                .batch_size = step_size };
    run->trainer->rate.total_steps = steps;
    return tuff_alloc(run->step_size, sizeof *run->sequences, &run->sequences);
}

static tuff_status find_checkpoint(struct pretrain *run) {
    char *folder = NULL;
    TUFF_TRY(tuff_path_join(run->options->output, "checkpoint", &folder));
    tuff_status status = tuff_path_join(folder, "training.safetensors", &run->checkpoint_path);
    if (status == TUFF_OK)
        status = tuff_file_make_folders(folder);
    tuff_free(folder);
    return status;
}

/* ---------------------------------------------------------------- the place in the corpus */

static uint32_t length_at(const struct pretrain *run, uint64_t step) {
    const tuff_pretraining_options *options = run->options;
    uint32_t positions = run->trainer->folder.config.max_position_embeddings;
    bool is_long = step >= run->checkpoint.total_steps - run->checkpoint.total_steps / 10;
    if (options->has_one_length || !is_long || options->length > positions / 4)
        return options->length;
    return 4 * options->length;
}

static struct tuff_pretrain_place place_of(const struct tuff_checkpoint *checkpoint) {
    const uint64_t *place = checkpoint->place;
    return (struct tuff_pretrain_place){
        .epoch = place[0], .window = place[1], .start = { place[2], place[3] }, .index = place[4]
    };
}

static void keep_place(struct pretrain *run) {
    const struct tuff_pretrain_place *place = &run->data.place;
    const uint64_t values[5] = { place->epoch, place->window, place->start.file, place->start.offset,
                                 place->index };
    memcpy(run->checkpoint.place, values, sizeof values);
}

/* The last tenth of the steps reads longer sequences: the corpus begins anew with them. */
static tuff_status set_length(struct pretrain *run, uint32_t length) {
    if (run->data.options.length == length)
        return TUFF_OK;
    tuff_pretrain_data_close(&run->data);
    return open_corpus(run, length);
}

static tuff_status begin(struct pretrain *run) {
    const tuff_pretraining_options *options = run->options;
    if (options->resumes && tuff_file_exists(run->checkpoint_path)) {
        TUFF_TRY(tuff_checkpoint_load(run->trainer, &run->checkpoint, run->checkpoint_path));
        if (!options->batches && run->trainer->step > 0) {
            struct tuff_pretrain_place place = place_of(&run->checkpoint);
            TUFF_TRY(set_length(run, length_at(run, run->trainer->step - 1)));
            TUFF_TRY(tuff_pretrain_data_seek(&run->data, &place));
        }
    }
    return tuff_training_log_open(options->output, run->checkpoint.log_size, &run->metrics);
}

static tuff_status prepare(struct pretrain *run, struct tuff_device *device,
                           const struct tuff_allocator *allocator) {
    const tuff_pretraining_options *options = run->options;
    TUFF_TRY(check_options(options));
    TUFF_TRY(find_checkpoint(run));
    bool goes_on = options->resumes && tuff_file_exists(run->checkpoint_path);
    if (!options->model && !goes_on)
        TUFF_TRY(tuff_scratch_make(options->config, options->vocab, options->trainer->seed, allocator,
                                   options->output));
    TUFF_TRY(tuff_trainer_load(device, allocator, options->model ? options->model : options->output,
                               options->trainer, NULL, &run->trainer));
    const uint32_t heads = TUFF_HEAD_MASKED_LM | TUFF_HEAD_NEXT_SENTENCE;
    if ((run->trainer->folder.parameters.heads & heads) != heads)
        return tuff_fail(TUFF_UNSUPPORTED,
                         "%s: pre-training takes a model with both of its heads "
                         "(BertForPreTraining)",
                         run->trainer->folder.path);
    TUFF_TRY(open_input(run));
    TUFF_TRY(plan(run));
    return begin(run);
}

/* ---------------------------------------------------------------- steps */

static tuff_status read_batch(struct pretrain *run) {
    const uint64_t step = run->trainer->step;
    const uint32_t count = run->step_size;
    if (run->options->batches) {
        uint64_t first = step % (run->batches.count / count) * count;
        return tuff_pretrain_batches_read(&run->batches, (size_t)first, count, run->sequences);
    }
    TUFF_TRY(set_length(run, length_at(run, step)));
    return tuff_pretrain_data_batch(&run->data, count, run->sequences);
}

static struct tuff_training_batch batch_of(const struct pretrain *run, uint32_t count,
                                           const struct tuff_denominators *denominators) {
    return (struct tuff_training_batch){ .sequences = run->sequences,
                                         .count = count,
                                         .losses = LOSSES,
                                         .group = 1,
                                         .denominators = denominators };
}

static struct tuff_denominators weigh(const struct pretrain *run, uint32_t count) {
    return tuff_loss_weigh(LOSSES, 1, 2, run->sequences, count);
}

static tuff_status make_step(struct pretrain *run, tuff_step_report *report, uint64_t *out_tokens) {
    struct tuff_trainer *trainer = run->trainer;
    TUFF_TRY(read_batch(run));
    for (uint32_t i = 0; i < run->step_size; i++)
        *out_tokens += run->sequences[i].visible_count;
    struct tuff_denominators denominators = weigh(run, run->step_size);
    struct tuff_training_batch batch = batch_of(run, run->step_size, &denominators);
    return tuff_trainer_make_good_step(trainer, &batch, report);
}

static tuff_status save(struct pretrain *run) {
    TUFF_TRY(tuff_train_save(run->trainer, run->options->output));
    if (!run->options->batches)
        keep_place(run);
    run->checkpoint.log_size = run->metrics.size;
    return tuff_checkpoint_save(run->trainer, &run->checkpoint, run->checkpoint_path);
}

static tuff_status step(struct pretrain *run, struct tuff_training_clock *clock) {
    const tuff_pretraining_options *options = run->options;
    const uint64_t every = options->checkpoint_every ? options->checkpoint_every : USUAL_CHECKPOINT;
    tuff_step_report made = { 0 };
    uint64_t tokens = 0;
    TUFF_TRY(make_step(run, &made, &tokens));
    tuff_finetune_report report = { .total_steps = run->checkpoint.total_steps,
                                    .epoch =
                                        run->options->batches ? 1 : (uint32_t)run->data.place.epoch + 1 };
    tuff_training_report_fill(&made, &report);
    tuff_training_clock_count(clock, tokens, &report);
    TUFF_TRY(tuff_training_log_step(&run->metrics, &report));
    bool goes_on = !options->step || options->step(options->user, &report);
    if (report.step % every == 0 || report.step == report.total_steps)
        TUFF_TRY(save(run));
    if (goes_on)
        return TUFF_OK;
    return tuff_fail(TUFF_CANCELLED, "cancelled after step %llu of %llu", (unsigned long long)report.step,
                     (unsigned long long)report.total_steps);
}

/* The mean loss of the ready batches to evaluate; what does not fill a batch is left out. */
static tuff_status mean_loss(struct pretrain *run, struct tuff_pretrain_batches *batches, double *out_loss) {
    const uint32_t size = run->options->batch_size;
    const size_t count = batches->count / size;
    for (size_t i = 0; i < count; i++) {
        double loss = 0;
        TUFF_TRY(tuff_pretrain_batches_read(batches, i * size, size, run->sequences));
        struct tuff_denominators denominators = weigh(run, size);
        struct tuff_training_batch batch = batch_of(run, size, &denominators);
        TUFF_TRY(tuff_trainer_loss(run->trainer, &batch, &loss));
        *out_loss += loss / (double)count;
    }
    return TUFF_OK;
}

static tuff_status evaluate(struct pretrain *run) {
    const tuff_pretraining_options *options = run->options;
    struct tuff_pretrain_batches batches = { 0 };
    struct tuff_evaluation evaluation = { .metrics = { { .name = "loss" } }, .count = 1 };
    if (!options->eval_batches)
        return TUFF_OK;
    tuff_status status =
        tuff_pretrain_batches_open(options->eval_batches, &run->trainer->folder.config, &batches);
    if (status == TUFF_OK)
        status = mean_loss(run, &batches, &evaluation.metrics[0].value);
    tuff_pretrain_batches_close(&batches);
    TUFF_TRY(status);
    if (options->evaluated)
        options->evaluated(options->user, run->trainer->step, evaluation.metrics, evaluation.count);
    return tuff_training_log_metrics(&run->metrics, run->trainer->step, 1, &evaluation);
}

static tuff_status train(struct pretrain *run) {
    struct tuff_training_clock clock = tuff_training_clock_start();
    while (run->trainer->step < run->checkpoint.total_steps)
        TUFF_TRY(step(run, &clock));
    return evaluate(run);
}

tuff_status tuff_task_pretrain(struct tuff_device *device, const struct tuff_allocator *allocator,
                               const tuff_pretraining_options *options) {
    struct pretrain run = { .options = options };
    tuff_status status = prepare(&run, device, allocator);
    if (status == TUFF_OK)
        status = train(&run);
    tuff_training_log_close(&run.metrics);
    tuff_pretrain_batches_close(&run.batches);
    tuff_pretrain_data_close(&run.data);
    tuff_tokenizer_close(run.tokenizer);
    tuff_free(run.checkpoint_path);
    tuff_free(run.sequences);
    tuff_trainer_free(run.trainer);
    return status;
}
