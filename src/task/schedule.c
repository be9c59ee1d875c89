/* SPDX-License-Identifier: Apache-2.0 */
#include "task/schedule.h"

#include <math.h>

/* How much of the way from the warm-up's end to the last step is done, 0 to 1. */
static double share_done(const struct tuff_schedule *schedule, uint64_t step) {
    if (step >= schedule->total_steps || schedule->total_steps <= schedule->warmup_steps)
        return 1;
    return (double)(step - schedule->warmup_steps) / (double)(schedule->total_steps - schedule->warmup_steps);
}

double tuff_schedule_rate(const struct tuff_schedule *schedule, uint64_t step) {
    static const double pi = 3.14159265358979323846;
    if (step < schedule->warmup_steps)
        return schedule->learning_rate * (double)step / (double)schedule->warmup_steps;
    switch (schedule->kind) {
    case TUFF_SCHEDULE_LINEAR:
        return schedule->learning_rate * (1 - share_done(schedule, step));
    case TUFF_SCHEDULE_COSINE:
        return schedule->learning_rate * 0.5 * (1 + cos(pi * share_done(schedule, step)));
    case TUFF_SCHEDULE_BERT:
        if (step >= schedule->total_steps)
            return 0;
        return schedule->learning_rate * (1 - (double)step / (double)schedule->total_steps);
    case TUFF_SCHEDULE_CONSTANT:
        break;
    }
    return schedule->learning_rate;
}
