/* SPDX-License-Identifier: Apache-2.0 */
#include "task/training_log.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/thread.h"

enum { LINE_SIZE = 1024, LOG_LIMIT = 1 << 30 };

tuff_status tuff_training_log_open(const char *folder, uint64_t size, struct tuff_training_log *out_log) {
    char *data = NULL;
    size_t found = 0;
    tuff_status status = TUFF_OK;
    *out_log = (struct tuff_training_log){ 0 };
    TUFF_TRY(tuff_path_join(folder, "metrics.jsonl", &out_log->path));
    if (size > 0)
        status = tuff_file_read(out_log->path, LOG_LIMIT, &data, &found);
    out_log->size = found < size ? found : size;
    if (status == TUFF_OK)
        status = tuff_file_replace(out_log->path, data, (size_t)out_log->size);
    tuff_free(data);
    return status;
}

void tuff_training_log_close(struct tuff_training_log *log) {
    tuff_free(log->path);
    *log = (struct tuff_training_log){ 0 };
}

static tuff_status append(struct tuff_training_log *log, const char *line, size_t length) {
    TUFF_TRY(tuff_file_append(log->path, line, length));
    log->size += length;
    return TUFF_OK;
}

/* JSON has neither infinity nor NaN. */
static int write_number(char *out_text, size_t size, double value) {
    return isfinite(value) ? snprintf(out_text, size, "%.9g", value) : snprintf(out_text, size, "null");
}

tuff_status tuff_training_log_step(struct tuff_training_log *log, const tuff_finetune_report *report) {
    char line[LINE_SIZE];
    int at = snprintf(line, sizeof line, "{\"step\":%llu,\"epoch\":%u,\"loss\":%.9g,\"gradient_norm\":",
                      (unsigned long long)report->step, report->epoch, report->loss);
    at += write_number(line + at, sizeof line - (size_t)at, report->gradient_norm);
    at += snprintf(line + at, sizeof line - (size_t)at, ",\"learning_rate\":%.9g,\"tokens_per_second\":%.0f",
                   report->learning_rate, report->tokens_per_second);
    if (report->loss_scale != 1 || report->skipped_steps > 0)
        at += snprintf(line + at, sizeof line - (size_t)at,
                       ",\"loss_scale\":%.9g,\"skipped\":%s,\"skipped_steps\":%llu", report->loss_scale,
                       report->was_skipped ? "true" : "false", (unsigned long long)report->skipped_steps);
    at += snprintf(line + at, sizeof line - (size_t)at, "}\n");
    return append(log, line, (size_t)at);
}

tuff_status tuff_training_log_metrics(struct tuff_training_log *log, uint64_t step, uint32_t epoch,
                                      const struct tuff_evaluation *evaluation) {
    char line[LINE_SIZE];
    int at = snprintf(line, sizeof line, "{\"step\":%llu,\"epoch\":%u,\"metrics\":{",
                      (unsigned long long)step, epoch);
    for (size_t i = 0; i < evaluation->count; i++) {
        const tuff_metric *metric = &evaluation->metrics[i];
        at += snprintf(line + at, sizeof line - (size_t)at, "%s\"%s\":", i > 0 ? "," : "", metric->name);
        at += write_number(line + at, sizeof line - (size_t)at, metric->value);
    }
    at += snprintf(line + at, sizeof line - (size_t)at, "}}\n");
    return append(log, line, (size_t)at);
}

void tuff_training_report_fill(const tuff_step_report *made, tuff_finetune_report *out_report) {
    out_report->step = made->step + 1;
    out_report->loss = made->loss;
    out_report->gradient_norm = made->gradient_norm;
    out_report->learning_rate = made->learning_rate;
    out_report->loss_scale = made->loss_scale;
    out_report->was_skipped = made->was_skipped;
    out_report->skipped_steps = made->skipped_steps;
}

/* ---------------------------------------------------------------- time */

static double now(void) {
    return (double)tuff_clock_ns() * 1e-9;
}

struct tuff_training_clock tuff_training_clock_start(void) {
    return (struct tuff_training_clock){ .started = now() };
}

void tuff_training_clock_count(struct tuff_training_clock *clock, uint64_t tokens,
                               tuff_finetune_report *inout_report) {
    double seconds = now() - clock->started;
    clock->tokens += tokens;
    clock->steps++;
    inout_report->tokens_per_second = seconds > 0 ? (double)clock->tokens / seconds : 0;
    inout_report->seconds_left =
        seconds / (double)clock->steps * (double)(inout_report->total_steps - inout_report->step);
}
