/* SPDX-License-Identifier: Apache-2.0 */
/* A thread that does one piece of work after the other, in the order in which they came. It starts with the first. */
#ifndef TUFF_BASE_WORKER_H
#define TUFF_BASE_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

struct tuff_worker;

/* One piece, part of what it works on. */
struct tuff_work {
    void (*body)(struct tuff_work *work);
    struct tuff_work *next;
    bool is_done; /* under the worker's lock */
};

tuff_status tuff_worker_create(struct tuff_worker **out_worker);
/* All that was added is done. NULL is fine. */
void tuff_worker_destroy(struct tuff_worker *worker);
/* `work` stays until it is done. */
tuff_status tuff_worker_add(struct tuff_worker *worker, struct tuff_work *work);
/* Waits until tuff_clock_ns() is deadline_ns at most (0: not at all, UINT64_MAX: as long as it takes) and tells whether the
 * work is done. */
bool tuff_worker_wait(struct tuff_worker *worker, const struct tuff_work *work, uint64_t deadline_ns);

#endif
