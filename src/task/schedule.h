/* SPDX-License-Identifier: Apache-2.0 */
/* Learning rates over the steps of a run. Steps count from 0; the first step of a warm-up has rate 0, as in
 * transformers' and Google's schedules. */
#ifndef TUFF_TASK_SCHEDULE_H
#define TUFF_TASK_SCHEDULE_H

#include <stdint.h>

enum tuff_schedule_kind {
    TUFF_SCHEDULE_LINEAR,   /* after the warm-up from the full rate to 0: (total - step) / (total - warmup) */
    TUFF_SCHEDULE_COSINE,   /* after the warm-up a half wave from the full rate to 0 */
    TUFF_SCHEDULE_CONSTANT, /* the full rate after the warm-up */
    TUFF_SCHEDULE_BERT      /* the original BERT's: the decay counts from step 0, 1 - step / total */
};

struct tuff_schedule {
    enum tuff_schedule_kind kind;
    double learning_rate;
    uint64_t warmup_steps;
    uint64_t total_steps;
};

/* The rate of a step; 0 where a decaying schedule has come to its end. */
double tuff_schedule_rate(const struct tuff_schedule *schedule, uint64_t step);

#endif
