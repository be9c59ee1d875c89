/* SPDX-License-Identifier: Apache-2.0 */
#include "task/bench_training.h"

#include "model/fresh_head.h"

static const struct tuff_targets targets[2] = { { .label = 0 }, { .label = 1 } };

static tuff_status prepare(void *user, struct tuff_folder *folder) {
    static const char *const labels[] = { "0", "1" };
    const struct tuff_fresh_head head = { .head = TUFF_HEAD_SEQUENCE_CLASSIFICATION,
                                          .problem = TUFF_PROBLEM_SINGLE_LABEL,
                                          .labels = labels,
                                          .label_count = 2,
                                          .replaces = true,
                                          .seed = 1 };
    struct tuff_folder *given = user;
    *folder = *given;
    *given = (struct tuff_folder){ 0 };
    return tuff_folder_set_head(folder, &head);
}

tuff_status tuff_bench_trainer_open(struct tuff_device *device, const struct tuff_allocator *allocator,
                                    struct tuff_folder *folder, struct tuff_trainer **out_trainer) {
    const tuff_trainer_options options = TUFF_TRAINER_OPTIONS;
    const struct tuff_trainer_setup setup = { .prepare = prepare, .user = folder };
    return tuff_trainer_load(device, allocator, NULL, &options, &setup, out_trainer);
}

static struct tuff_training_batch batch_of(struct tuff_sequence *sequences, uint32_t count,
                                           struct tuff_denominators *denominators) {
    for (uint32_t i = 0; i < count; i++)
        sequences[i].targets = &targets[i % 2];
    *denominators = tuff_loss_weigh(TUFF_LOSS_CLASS, 1, 2, sequences, count);
    return (struct tuff_training_batch){ .sequences = sequences,
                                         .count = count,
                                         .losses = TUFF_LOSS_CLASS,
                                         .group = 1,
                                         .denominators = denominators };
}

tuff_status tuff_bench_step(struct tuff_trainer *trainer, struct tuff_sequence *sequences, uint32_t count) {
    struct tuff_denominators denominators;
    const struct tuff_training_batch batch = batch_of(sequences, count, &denominators);
    tuff_step_report report = { 0 };
    double loss = 0;
    TUFF_TRY(tuff_trainer_accumulate(trainer, &batch, &loss));
    return tuff_trainer_update(trainer, &report);
}

tuff_status tuff_bench_loss(struct tuff_trainer *trainer, struct tuff_sequence *sequences, uint32_t count) {
    struct tuff_denominators denominators;
    const struct tuff_training_batch batch = batch_of(sequences, count, &denominators);
    double loss = 0;
    return tuff_trainer_loss(trainer, &batch, &loss);
}
