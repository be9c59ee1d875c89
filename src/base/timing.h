/* SPDX-License-Identifier: Apache-2.0 */
/* The times of a work that is repeated. */
#ifndef TUFF_BASE_TIMING_H
#define TUFF_BASE_TIMING_H

#include <stddef.h>
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

struct tuff_timed {
    tuff_status (*work)(void *user);
    void *user;
    struct tuff_timing timing; /* is filled in */
};

/* The same for several works in turns: a processor's speed wanders within seconds, and what is compared should meet
 * the same of it. */
tuff_status tuff_timing_run_in_turns(uint32_t count, struct tuff_timed *works, size_t work_count);

#endif
