/* SPDX-License-Identifier: Apache-2.0 */
/* POSIX threads and clocks. */
#define _GNU_SOURCE
#include "base/system.h"

#include <sched.h>
#include <time.h>

tuff_status tuff_mutex_init(struct tuff_mutex *mutex) {
    if (pthread_mutex_init(&mutex->handle, NULL) != 0)
        return tuff_fail(TUFF_HOST_MEMORY, "a mutex cannot be created");
    return TUFF_OK;
}

void tuff_mutex_destroy(struct tuff_mutex *mutex) {
    pthread_mutex_destroy(&mutex->handle);
}

void tuff_mutex_lock(struct tuff_mutex *mutex) {
    pthread_mutex_lock(&mutex->handle);
}

void tuff_mutex_unlock(struct tuff_mutex *mutex) {
    pthread_mutex_unlock(&mutex->handle);
}

tuff_status tuff_condition_init(struct tuff_condition *condition) {
    pthread_condattr_t attributes;
    if (pthread_condattr_init(&attributes) != 0)
        return tuff_fail(TUFF_HOST_MEMORY, "a condition cannot be created");
    int result = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    if (result == 0)
        result = pthread_cond_init(&condition->handle, &attributes);
    pthread_condattr_destroy(&attributes);
    return result == 0 ? TUFF_OK : tuff_fail(TUFF_HOST_MEMORY, "a condition cannot be created");
}

void tuff_condition_destroy(struct tuff_condition *condition) {
    pthread_cond_destroy(&condition->handle);
}

void tuff_condition_wait(struct tuff_condition *condition, struct tuff_mutex *mutex, uint64_t deadline_ns) {
    const struct timespec deadline = { .tv_sec = (time_t)(deadline_ns / 1000000000u),
                                       .tv_nsec = (long)(deadline_ns % 1000000000u) };
    if (deadline_ns == UINT64_MAX)
        pthread_cond_wait(&condition->handle, &mutex->handle);
    else
        pthread_cond_timedwait(&condition->handle, &mutex->handle, &deadline);
}

void tuff_condition_wake_all(struct tuff_condition *condition) {
    pthread_cond_broadcast(&condition->handle);
}

static void *run(void *start) {
    tuff_thread_run(start);
    return NULL;
}

bool tuff_system_start_thread(struct tuff_thread *thread, void *start) {
    return pthread_create(&thread->handle, NULL, run, start) == 0;
}

void tuff_thread_join(struct tuff_thread *thread) {
    pthread_join(thread->handle, NULL);
}

uint32_t tuff_processor_count(void) {
#if defined(__linux__)
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
        return (uint32_t)CPU_COUNT(&set);
#endif
    return 1;
}

uint64_t tuff_clock_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t tuff_cpu_clock_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
