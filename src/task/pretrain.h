/* SPDX-License-Identifier: Apache-2.0 */
/* BERT's own pre-training; see tuff.h. */
#ifndef TUFF_TASK_PRETRAIN_H
#define TUFF_TASK_PRETRAIN_H

#include "task/trainer.h"

/* The options' pointer `trainer` is not NULL. */
tuff_status tuff_task_pretrain(struct tuff_device *device, const struct tuff_allocator *allocator,
                               const tuff_pretraining_options *options);

#endif
