/* SPDX-License-Identifier: Apache-2.0 */
/* A training step as it is measured: a new head of two classes, dropout, clipping and AdamW. */
#ifndef TUFF_TASK_BENCH_TRAINING_H
#define TUFF_TASK_BENCH_TRAINING_H

#include "task/bench_model.h"
#include "task/trainer.h"

/* `folder` becomes the trainer's, and *folder is zeroed; closing it is right in any case. */
tuff_status tuff_bench_trainer_open(struct tuff_device *device, const struct tuff_allocator *allocator,
                                    struct tuff_folder *folder, struct tuff_trainer **out_trainer);
/* A step on sentences; their targets are set to ones that live as long as the program. */
tuff_status tuff_bench_step(struct tuff_trainer *trainer, struct tuff_sequence *sequences, uint32_t count);
/* The forward pass to the same loss, without dropout. */
tuff_status tuff_bench_loss(struct tuff_trainer *trainer, struct tuff_sequence *sequences, uint32_t count);

#endif
