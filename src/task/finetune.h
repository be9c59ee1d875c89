/* SPDX-License-Identifier: Apache-2.0 */
/* Fine-tuning on a labelled file; see tuff.h. */
#ifndef TUFF_TASK_FINETUNE_H
#define TUFF_TASK_FINETUNE_H

#include "task/trainer.h"

/* The options' pointers `trainer` and `data` are not NULL. */
tuff_status tuff_task_finetune(struct tuff_device *device, const struct tuff_allocator *allocator,
                               const tuff_finetune_options *options);

#endif
