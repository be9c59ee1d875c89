/* SPDX-License-Identifier: Apache-2.0 */
#include "task/schedule.h"

#include <math.h>

/* What is left of the way from the end of the warm-up to the end: 1 to 0. */
static double share_left(const struct tuff_rate *rate, uint64_t step) {
    double way =
        rate->total_steps > rate->warmup_steps ? (double)(rate->total_steps - rate->warmup_steps) : 1;
    return fmax(0, ((double)rate->total_steps - (double)step) / way);
}

double tuff_rate_at(const struct tuff_rate *rate, uint64_t step) {
    if (step < rate->warmup_steps)
        return rate->peak * (double)step / (double)rate->warmup_steps;
    if (rate->total_steps == 0)
        return rate->peak;
    switch (rate->schedule) {
    case TUFF_SCHEDULE_COSINE:
        return rate->peak * (1 - cos(3.14159265358979323846 * fmin(1, share_left(rate, step)))) / 2;
    case TUFF_SCHEDULE_ORIGINAL:
        return rate->peak * fmax(0, 1 - (double)step / (double)rate->total_steps);
    case TUFF_SCHEDULE_CONSTANT:
        return rate->peak;
    case TUFF_SCHEDULE_AUTO:
    case TUFF_SCHEDULE_LINEAR:
        break;
    }
    return rate->peak * share_left(rate, step);
}
