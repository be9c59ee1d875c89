/* SPDX-License-Identifier: Apache-2.0 */
#include "base/timing.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/thread.h"

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *times, uint32_t count) {
    qsort(times, count, sizeof *times, by_size);
    return (times[(count - 1) / 2] + times[count / 2]) / 2;
}

static tuff_status time_once(const struct tuff_timed *timed, double *out_ms, double *out_cpu_ms) {
    uint64_t begin = tuff_clock_ns();
    uint64_t cpu_begin = tuff_cpu_clock_ns();
    TUFF_TRY(timed->work(timed->user));
    *out_ms = (double)(tuff_clock_ns() - begin) / 1e6;
    *out_cpu_ms = (double)(tuff_cpu_clock_ns() - cpu_begin) / 1e6;
    return TUFF_OK;
}

static struct tuff_timing timing_of(double *times, double *cpu_times, uint32_t count) {
    struct tuff_timing timing = { .median_ms = median(times, count), .cpu_ms = median(cpu_times, count) };
    timing.p95_ms = times[(19 * count + 19) / 20 - 1];
    timing.best_ms = times[0];
    timing.best_cpu_ms = cpu_times[0];
    return timing;
}

tuff_status tuff_timing_run_in_turns(uint32_t count, struct tuff_timed *works, size_t work_count) {
    double *times = NULL;
    tuff_status status = TUFF_OK;
    count = count ? count : 1;
    const size_t all = (size_t)count * work_count;
    TUFF_TRY(tuff_alloc(all, 2 * sizeof *times, &times));
    for (size_t i = 0; i < work_count && status == TUFF_OK; i++)
        status = works[i].work(works[i].user);
    for (size_t turn = 0; turn < count; turn++)
        for (size_t i = 0; i < work_count && status == TUFF_OK; i++)
            status = time_once(&works[i], &times[i * count + turn], &times[all + i * count + turn]);
    for (size_t i = 0; i < work_count && status == TUFF_OK; i++)
        works[i].timing = timing_of(&times[i * count], &times[all + i * count], count);
    tuff_free(times);
    return status;
}

tuff_status tuff_timing_run(uint32_t count, tuff_status (*work)(void *user), void *user,
                            struct tuff_timing *out_timing) {
    struct tuff_timed timed = { .work = work, .user = user };
    TUFF_TRY(tuff_timing_run_in_turns(count, &timed, 1));
    *out_timing = timed.timing;
    return TUFF_OK;
}
