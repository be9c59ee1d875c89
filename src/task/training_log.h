/* SPDX-License-Identifier: Apache-2.0 */
/* metrics.jsonl of a run: one object a line, for a step its loss, for an evaluation its figures; and the clock
 * that speed and remaining time come from. */
#ifndef TUFF_TASK_TRAINING_LOG_H
#define TUFF_TASK_TRAINING_LOG_H

#include "task/evaluate.h"

/* Zeroed: not open. */
struct tuff_training_log {
    char *path;
    uint64_t size; /* bytes that belong to the run */
};

/* Keeps the first `size` bytes of what is there. */
tuff_status tuff_training_log_open(const char *folder, uint64_t size, struct tuff_training_log *out_log);
void tuff_training_log_close(struct tuff_training_log *log);
tuff_status tuff_training_log_step(struct tuff_training_log *log, const tuff_finetune_report *report);
tuff_status tuff_training_log_metrics(struct tuff_training_log *log, uint64_t step, uint32_t epoch,
                                      const struct tuff_evaluation *evaluation);

/* What the optimizer says of a step. */
void tuff_training_report_fill(const tuff_step_report *made, tuff_finetune_report *out_report);

struct tuff_training_clock {
    double started;
    uint64_t tokens;
    uint64_t steps;
};

struct tuff_training_clock tuff_training_clock_start(void);
/* One more step: fills speed and remaining time of the report. */
void tuff_training_clock_count(struct tuff_training_clock *clock, uint64_t tokens,
                               tuff_finetune_report *inout_report);

#endif
