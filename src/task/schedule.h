/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TUFF_TASK_SCHEDULE_H
#define TUFF_TASK_SCHEDULE_H

#include "base/status.h"

struct tuff_rate {
    tuff_schedule schedule; /* not AUTO */
    double peak;
    uint64_t warmup_steps;
    uint64_t total_steps; /* 0: the rate does not fall */
};

/* The learning rate of step 0, 1, ...; never negative. The forms stand at enum tuff_schedule in tuff.h. */
double tuff_rate_at(const struct tuff_rate *rate, uint64_t step);

#endif
