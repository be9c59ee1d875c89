/* SPDX-License-Identifier: Apache-2.0 */
/* Mutex, condition and thread: thread_posix.c, thread_windows.c. Failures to create are reported; lock and unlock
 * cannot fail when used rightly. */
#ifndef TUFF_BASE_THREAD_H
#define TUFF_BASE_THREAD_H

#include <stddef.h>
#include <stdint.h>
#ifndef _WIN32
#include <pthread.h>
#endif

#include "base/status.h"

#ifdef _WIN32
typedef void *tuff_mutex_handle;     /* an SRWLOCK, */
typedef void *tuff_condition_handle; /* a CONDITION_VARIABLE */
typedef void *tuff_thread_handle;    /* and a HANDLE: windows.h has too many names for a header */
/* For a mutex that is there before anything runs. */
#define TUFF_MUTEX_INITIALIZER NULL
#else
#define TUFF_MUTEX_INITIALIZER PTHREAD_MUTEX_INITIALIZER
typedef pthread_mutex_t tuff_mutex_handle;
typedef pthread_cond_t tuff_condition_handle;
typedef pthread_t tuff_thread_handle;
#endif

struct tuff_mutex {
    tuff_mutex_handle handle;
};

struct tuff_condition {
    tuff_condition_handle handle;
};

struct tuff_thread {
    tuff_thread_handle handle;
};

tuff_status tuff_mutex_init(struct tuff_mutex *mutex);
void tuff_mutex_destroy(struct tuff_mutex *mutex);
void tuff_mutex_lock(struct tuff_mutex *mutex);
void tuff_mutex_unlock(struct tuff_mutex *mutex);

tuff_status tuff_condition_init(struct tuff_condition *condition);
void tuff_condition_destroy(struct tuff_condition *condition);
/* The mutex is held. Comes back at tuff_clock_ns() == deadline_ns at the latest, earlier when woken or for no reason;
 * UINT64_MAX: no deadline. */
void tuff_condition_wait(struct tuff_condition *condition, struct tuff_mutex *mutex, uint64_t deadline_ns);
void tuff_condition_wake_all(struct tuff_condition *condition);

/* Runs body(user) on a thread of its own; the caller joins it. */
tuff_status tuff_thread_start(struct tuff_thread *thread, void (*body)(void *user), void *user);
void tuff_thread_join(struct tuff_thread *thread);

/* Processors that this process may use, at least 1. */
uint32_t tuff_processor_count(void);

/* Monotonic time in nanoseconds. */
uint64_t tuff_clock_ns(void);
/* Processor time of all threads of the process, in nanoseconds. */
uint64_t tuff_cpu_clock_ns(void);

#endif
