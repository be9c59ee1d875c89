/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TUFF_TASK_FORWARD_H
#define TUFF_TASK_FORWARD_H

#include "task/model.h"

/* See tuff_forward. The model's lock is held; options are not NULL. */
tuff_status tuff_task_forward(struct tuff_model *model, const struct tuff_arrays *inputs,
                              const tuff_forward_options *options, struct tuff_arrays **out_outputs);

#endif
