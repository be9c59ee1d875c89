/* SPDX-License-Identifier: Apache-2.0 */
#include "task/loss_scale.h"

enum { GROWTH_INTERVAL = 2000 };

static const double first = 65536, growth = 2, backoff = 0.5;
/* Gradients that overflow below are no matter of halves. */
static const double least = 1.0 / 65536;
/* The scaled loss and the norm's sum of squares stay far within single precision. */
static const double most = 0x1p40;

struct tuff_loss_scale tuff_loss_scale_make(bool is_dynamic) {
    return (struct tuff_loss_scale){ .is_dynamic = is_dynamic, .value = is_dynamic ? first : 1 };
}

void tuff_loss_scale_update(struct tuff_loss_scale *scale, bool was_skipped) {
    scale->skipped += was_skipped;
    if (!scale->is_dynamic)
        return;
    scale->good_steps = was_skipped ? 0 : scale->good_steps + 1;
    if (was_skipped && scale->value > least)
        scale->value *= backoff;
    if (scale->good_steps < GROWTH_INTERVAL)
        return;
    scale->good_steps = 0;
    if (scale->value < most)
        scale->value *= growth;
}

bool tuff_loss_scale_is_least(const struct tuff_loss_scale *scale) {
    return !scale->is_dynamic || scale->value <= least;
}
