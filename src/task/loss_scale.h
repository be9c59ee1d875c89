/* SPDX-License-Identifier: Apache-2.0 */
/* What the loss is multiplied with, so that small gradients are not lost in halves: it falls when the gradients
 * overflow and grows again while they do not, as PyTorch's GradScaler has it. */
#ifndef TUFF_TASK_LOSS_SCALE_H
#define TUFF_TASK_LOSS_SCALE_H

#include <stdbool.h>
#include <stdint.h>

struct tuff_loss_scale {
    bool is_dynamic; /* else it stays 1 */
    double value;
    uint64_t good_steps; /* since the last change */
    uint64_t skipped;    /* steps of the whole run */
};

struct tuff_loss_scale tuff_loss_scale_make(bool is_dynamic);
/* After a step that was made or skipped. */
void tuff_loss_scale_update(struct tuff_loss_scale *scale, bool was_skipped);
/* A smaller scale cannot help. */
bool tuff_loss_scale_is_least(const struct tuff_loss_scale *scale);

#endif
