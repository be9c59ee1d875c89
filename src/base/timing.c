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

tuff_status tuff_timing_run(uint32_t count, tuff_status (*work)(void *user), void *user,
                            struct tuff_timing *out_timing) {
    double *times = NULL;
    count = count ? count : 1;
    TUFF_TRY(tuff_alloc(count, 2 * sizeof *times, &times));
    double *cpu_times = times + count;
    tuff_status status = work(user);
    for (uint32_t i = 0; i < count && status == TUFF_OK; i++) {
        uint64_t begin = tuff_clock_ns();
        uint64_t cpu_begin = tuff_cpu_clock_ns();
        status = work(user);
        times[i] = (double)(tuff_clock_ns() - begin) / 1e6;
        cpu_times[i] = (double)(tuff_cpu_clock_ns() - cpu_begin) / 1e6;
    }
    if (status == TUFF_OK) {
        out_timing->median_ms = median(times, count);
        out_timing->p95_ms = times[(19 * count + 19) / 20 - 1];
        out_timing->cpu_ms = median(cpu_times, count);
        out_timing->best_ms = times[0];
        out_timing->best_cpu_ms = cpu_times[0];
    }
    tuff_free(times);
    return status;
}
