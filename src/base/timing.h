/* SPDX-License-Identifier: Apache-2.0 */
/* The times of a work that is repeated. */
#ifndef TUFF_BASE_TIMING_H
#define TUFF_BASE_TIMING_H

#include <stdint.h>

#include "base/status.h"

struct tuff_timing {
    double median_ms;
    double p95_ms; /* the nearest rank: of fewer than 20 runs the slowest one */
    double cpu_ms; /* of processor time that the process took a run, the median */
    double best_ms, best_cpu_ms;
};

/* Runs work(user) once uncounted and `count` times counted, at least once. */
tuff_status tuff_timing_run(uint32_t count, tuff_status (*work)(void *user), void *user,
                            struct tuff_timing *out_timing);

#endif
