/* SPDX-License-Identifier: Apache-2.0 */
/* Which heads a task needs, and what to say where the model has others. */
#ifndef TUFF_TASK_HEADS_H
#define TUFF_TASK_HEADS_H

#include "task/model.h"

/* TUFF_UNSUPPORTED, with the heads that there are, where the model lacks `head`. */
tuff_status tuff_need_head(const struct tuff_model *model, enum tuff_head head);

#endif
