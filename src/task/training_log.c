/* SPDX-License-Identifier: Apache-2.0 */
#include "task/training_log.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/memory.h"

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

tuff_status tuff_training_log_step(struct tuff_training_log *log, const tuff_finetune_report *report) {
    char line[LINE_SIZE];
    int length = snprintf(line, sizeof line,
                          "{\"step\":%llu,\"epoch\":%u,\"loss\":%.9g,\"gradient_norm\":%.9g,"
                          "\"learning_rate\":%.9g,\"tokens_per_second\":%.0f}\n",
                          (unsigned long long)report->step, report->epoch, report->loss, report->gradient_norm,
                          report->learning_rate, report->tokens_per_second);
    return append(log, line, (size_t)length);
}

tuff_status tuff_training_log_metrics(struct tuff_training_log *log, uint64_t step, uint32_t epoch,
                                      const struct tuff_evaluation *evaluation) {
    char line[LINE_SIZE];
    int at = snprintf(line, sizeof line, "{\"step\":%llu,\"epoch\":%u,\"metrics\":{", (unsigned long long)step,
                      epoch);
    for (size_t i = 0; i < evaluation->count; i++) {
        const tuff_metric *metric = &evaluation->metrics[i];
        at += snprintf(line + at, sizeof line - (size_t)at, "%s\"%s\":", i > 0 ? "," : "", metric->name);
        if (isfinite(metric->value))
            at += snprintf(line + at, sizeof line - (size_t)at, "%.9g", metric->value);
        else
            at += snprintf(line + at, sizeof line - (size_t)at, "null");
    }
    at += snprintf(line + at, sizeof line - (size_t)at, "}}\n");
    return append(log, line, (size_t)at);
}

/* ---------------------------------------------------------------- time */

static double now(void) {
    struct timespec time = { 0 };
    timespec_get(&time, TIME_UTC);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
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
