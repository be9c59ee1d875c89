/* SPDX-License-Identifier: Apache-2.0 */
/* What a training run goes on from: weights, both moments, where it stands, and the log so far, in one
 * safetensors file that is replaced whole. */
#ifndef TUFF_TASK_CHECKPOINT_H
#define TUFF_TASK_CHECKPOINT_H

#include "task/trainer.h"

/* Beside the trainer: what must be the same for a run to go on, and how much of its log belongs to it. */
struct tuff_checkpoint {
    uint64_t total_steps;
    uint64_t item_count; /* features, or batches */
    uint64_t batch_size;
    uint64_t log_size; /* bytes */
    uint64_t place[5]; /* in a corpus; of fine-tuning how patience stands */
};

tuff_status tuff_checkpoint_save(const struct tuff_trainer *trainer, const struct tuff_checkpoint *checkpoint,
                                 const char *path);

/* TUFF_ARGUMENT where the file belongs to a run with another model, data or number of steps; `inout_checkpoint` has
 * those of this run, its log_size is read. */
tuff_status tuff_checkpoint_load(struct tuff_trainer *trainer, struct tuff_checkpoint *inout_checkpoint,
                                 const char *path);

#endif
