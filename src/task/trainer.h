/* SPDX-License-Identifier: Apache-2.0 */
/* The public trainer handle: a model with its gradients, the optimizer and where it stands. */
#ifndef TUFF_TASK_TRAINER_H
#define TUFF_TASK_TRAINER_H

#include "base/thread.h"
#include "model/folder.h"
#include "model/lora.h"
#include "model/run.h"
#include "ops/adamw.h"
#include "task/grid.h"
#include "task/labels.h"
#include "task/loss_scale.h"
#include "task/schedule.h"

struct tuff_trainer {
    struct tuff_member member; /* first: the device hands it over */
    struct tuff_device *device;
    const struct tuff_allocator *allocator; /* of the context */
    struct tuff_mutex lock;
    struct tuff_folder folder;
    struct tuff_weights *weights;
    struct tuff_runner runner;
    struct tuff_rate rate;
    struct tuff_adamw adamw;
    struct tuff_adamw_range *ranges;
    struct tuff_arena *arena;      /* of what the optimizer needs beside the ranges */
    struct tuff_recording *update; /* norm, clipping and update */
    struct tuff_recording *clear;  /* gradients to zeros */
    uint64_t seed;
    uint32_t accumulate; /* a step's batch is computed in so many parts */
    double layer_decay;
    struct tuff_loss_scale scale;
    uint64_t step;    /* updates made, skipped ones too */
    uint32_t pass;    /* forward passes made: dropout draws anew in each */
    char *checkpoint; /* the file that it was written to or read from last; NULL: none */
    tuff_trainable trainable;
    uint32_t trainable_count; /* of LAST: layers */
    struct tuff_lora lora;
    char *name;         /* of the model as it was opened; NULL where it is from scratch */
    uint32_t row_limit; /* of what is computed at once, as in the run's first step; 0: none yet */
    bool is_for_task; /* its folder's head was set: written as transformers would, with a config of its own */
};

/* Gets the opened folder before anything is placed on the device, to set its head. */
struct tuff_trainer_setup {
    tuff_status (*prepare)(void *user, struct tuff_folder *folder);
    void *user;
    tuff_trainable trainable;
    uint32_t trainable_count; /* of LAST: layers */
};

/* `setup` is NULL where the folder's own heads are trained. Where `path` is, setup fills the folder in. */
tuff_status tuff_trainer_load(struct tuff_device *device, const struct tuff_allocator *allocator,
                              const char *path, const tuff_trainer_options *options,
                              const struct tuff_trainer_setup *setup, struct tuff_trainer **out_trainer);
void tuff_trainer_free(struct tuff_trainer *trainer);

/* What one step is made of: the sequences with targets and the losses they are held against. */
struct tuff_training_batch {
    const struct tuff_sequence *sequences;
    size_t count;
    uint32_t losses;
    uint32_t group;
    enum tuff_pool_kind pool; /* of PAIRS */
    const struct tuff_denominators *denominators;
};

/* Adds the batch's gradients to what is there; *out_loss is its loss. The locks are held. */
tuff_status tuff_trainer_accumulate(struct tuff_trainer *trainer, const struct tuff_training_batch *batch,
                                    double *out_loss);
/* The batch's loss without dropout and gradients. */
tuff_status tuff_trainer_loss(struct tuff_trainer *trainer, const struct tuff_training_batch *batch,
                              double *out_loss);
/* One step on the batch: accumulates and updates. TUFF_NOT_FINITE where the loss is not finite, with the gradients
 * forgotten. */
tuff_status tuff_trainer_make_step(struct tuff_trainer *trainer, const struct tuff_training_batch *batch,
                                   tuff_step_report *out_report);
/* The same; TUFF_NOT_FINITE as well where the gradients were not finite and a smaller loss scale cannot help. */
tuff_status tuff_trainer_make_good_step(struct tuff_trainer *trainer, const struct tuff_training_batch *batch,
                                        tuff_step_report *out_report);
/* Clips, updates and clears the gradients. */
tuff_status tuff_trainer_update(struct tuff_trainer *trainer, tuff_step_report *out_report);
/* Forgets the gradients. */
tuff_status tuff_trainer_clear(struct tuff_trainer *trainer);

/* task/trainable.c: of what is chosen, the pooler is trained where the loss of the folder's heads depends on it; what it does
 * not depend on keeps its weights, as a parameter without gradient does in PyTorch. `user` is the trainer. */
bool tuff_trainer_trains(const void *user, const struct tuff_parameter *parameter);
/* Refuses a choice that the opened folder cannot follow. */
tuff_status tuff_trainer_check_choice(const struct tuff_trainer *trainer);
/* TUFF_DEVICE_MEMORY, with what the choice takes and what would fit. */
tuff_status tuff_trainer_say_needed(const struct tuff_trainer *trainer);

/* task/train_arrays.c: the same on raw tensors. */
tuff_status tuff_train_gradients(struct tuff_trainer *trainer, const struct tuff_arrays *inputs,
                                 struct tuff_arrays **out_gradients);
tuff_status tuff_train_step(struct tuff_trainer *trainer, const struct tuff_arrays *inputs,
                            tuff_step_report *out_report);

/* task/train_checkpoint.c: a trainer's own checkpoints, apart from those of a run over a file. */
tuff_status tuff_train_checkpoint(struct tuff_trainer *trainer, const char *path);
tuff_status tuff_train_resume(struct tuff_trainer *trainer, const char *path);
/* Like resume, for a file that is known to be the trainer's. */
tuff_status tuff_train_restore(struct tuff_trainer *trainer, const char *path);

/* task/export.c */
tuff_status tuff_train_save(const struct tuff_trainer *trainer, const char *folder);
/* task/export_adapter.c */
tuff_status tuff_train_save_adapter(const struct tuff_trainer *trainer, const char *folder);

#endif
