/* SPDX-License-Identifier: Apache-2.0 */
/* Training on raw tensors: what `tuff gradients` and `tuff step` do. */
#include "base/memory.h"
#include "model/arrays.h"
#include "task/trainer.h"

/* A labelled batch as the trainer takes it. */
struct labelled {
    struct tuff_grid_batch grid;
    struct tuff_labels labels;
};

static tuff_status read_batch(const struct tuff_trainer *trainer, const struct tuff_arrays *inputs,
                              struct labelled *out_batch) {
    const struct tuff_config *config = &trainer->folder.config;
    uint32_t heads = trainer->folder.parameters.heads;
    TUFF_TRY(tuff_labels_choose(inputs, config, heads, &out_batch->labels));
    if (!out_batch->labels.losses)
        return tuff_fail(TUFF_ARGUMENT,
                         "the labels that the model's loss needs are missing: labels, and for "
                         "pre-training next_sentence_label; start_positions and end_positions for "
                         "question answering");
    TUFF_TRY(tuff_labels_read_grid(inputs, config, heads, &out_batch->labels, &out_batch->grid));
    return tuff_labels_read(inputs, config, &out_batch->grid, &out_batch->labels);
}

static void free_batch(struct labelled *batch) {
    tuff_labels_free(&batch->labels);
    tuff_grid_free(&batch->grid);
}

/* Hands a labelled batch to `use`. */
static tuff_status with_batch(struct tuff_trainer *trainer, const struct tuff_arrays *inputs,
                              tuff_status (*use)(struct tuff_trainer *trainer,
                                                 const struct tuff_training_batch *batch,
                                                 tuff_step_report *out_report),
                              tuff_step_report *out_report) {
    struct labelled batch = { 0 };
    tuff_status status = read_batch(trainer, inputs, &batch);
    if (status == TUFF_OK) {
        struct tuff_training_batch training = { .sequences = batch.grid.sequences,
                                                .count = batch.grid.sequence_count,
                                                .losses = batch.labels.losses,
                                                .group = batch.labels.group,
                                                .denominators = &batch.labels.denominators };
        status = use(trainer, &training, out_report);
    }
    free_batch(&batch);
    return status;
}

static tuff_status accumulate(struct tuff_trainer *trainer, const struct tuff_training_batch *batch,
                              tuff_step_report *out_report) {
    return tuff_trainer_accumulate(trainer, batch, &out_report->loss);
}

static tuff_status collect(const struct tuff_trainer *trainer, double loss, struct tuff_arrays *arrays) {
    const struct tuff_parameters *parameters = &trainer->folder.parameters;
    float *values = NULL;
    TUFF_TRY(tuff_weights_find_lora_gradients(trainer->weights));
    TUFF_TRY(tuff_arrays_make(arrays, "loss", TUFF_F32, 0, NULL, &values));
    *values = (float)loss;
    for (size_t i = 0; i < parameters->count; i++) {
        const struct tuff_parameter *parameter = &parameters->items[i];
        TUFF_TRY(tuff_arrays_make(arrays, parameter->source->name, TUFF_F32, parameter->rank,
                                  parameter->shape, &values));
        TUFF_TRY(tuff_weights_download(trainer->weights, parameter, TUFF_GRADIENT, values));
        for (size_t j = 0; j < parameter->shape[0] * (parameter->rank > 1 ? parameter->shape[1] : 1); j++)
            values[j] = (float)(values[j] / trainer->scale.value);
    }
    return TUFF_OK;
}

tuff_status tuff_train_gradients(struct tuff_trainer *trainer, const struct tuff_arrays *inputs,
                                 struct tuff_arrays **out_gradients) {
    struct tuff_arrays *arrays = NULL;
    const struct tuff_bert_dropout dropout = trainer->runner.dropout;
    tuff_step_report report = { 0 };
    *out_gradients = NULL;
    /* Graphs hold their dropout, so that none is kept across this call. */
    tuff_runner_forget(&trainer->runner);
    trainer->runner.dropout = (struct tuff_bert_dropout){ 0 };
    tuff_status status = with_batch(trainer, inputs, accumulate, &report);
    if (status == TUFF_OK)
        status = tuff_arrays_create(trainer->allocator, &arrays);
    if (status == TUFF_OK)
        status = collect(trainer, report.loss, arrays);
    tuff_runner_forget(&trainer->runner);
    trainer->runner.dropout = dropout;
    if (status == TUFF_OK)
        status = tuff_trainer_clear(trainer);
    if (status != TUFF_OK) {
        tuff_arrays_free(arrays);
        return status;
    }
    *out_gradients = arrays;
    return TUFF_OK;
}

tuff_status tuff_train_step(struct tuff_trainer *trainer, const struct tuff_arrays *inputs,
                            tuff_step_report *out_report) {
    return with_batch(trainer, inputs, tuff_trainer_make_step, out_report);
}
