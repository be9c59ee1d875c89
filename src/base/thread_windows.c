/* SPDX-License-Identifier: Apache-2.0 */
/* Threads and clocks of Windows itself: nothing that a compiler would have to bring. */
#include "base/system.h"

#include <process.h>
#include <windows.h>

_Static_assert(sizeof(SRWLOCK) == sizeof(struct tuff_mutex), "thread.h holds one without windows.h");
_Static_assert(sizeof(CONDITION_VARIABLE) == sizeof(struct tuff_condition), "thread.h holds one as well");

static SRWLOCK *lock_of(struct tuff_mutex *mutex) {
    return (SRWLOCK *)&mutex->handle;
}

static CONDITION_VARIABLE *variable_of(struct tuff_condition *condition) {
    return (CONDITION_VARIABLE *)&condition->handle;
}

tuff_status tuff_mutex_init(struct tuff_mutex *mutex) {
    InitializeSRWLock(lock_of(mutex));
    return TUFF_OK;
}

void tuff_mutex_destroy(struct tuff_mutex *mutex) {
    (void)mutex; /* holds nothing */
}

void tuff_mutex_lock(struct tuff_mutex *mutex) {
    AcquireSRWLockExclusive(lock_of(mutex));
}

void tuff_mutex_unlock(struct tuff_mutex *mutex) {
    ReleaseSRWLockExclusive(lock_of(mutex));
}

tuff_status tuff_condition_init(struct tuff_condition *condition) {
    InitializeConditionVariable(variable_of(condition));
    return TUFF_OK;
}

void tuff_condition_destroy(struct tuff_condition *condition) {
    (void)condition;
}

/* Windows counts milliseconds; the last part of one is waited for in full, so that no deadline is met by turning
 * round and round. */
static DWORD milliseconds_until(uint64_t deadline_ns) {
    uint64_t now = tuff_clock_ns();
    uint64_t left = deadline_ns > now ? (deadline_ns - now + 999999u) / 1000000u : 0;
    return left < INFINITE - 1 ? (DWORD)left : INFINITE - 1;
}

void tuff_condition_wait(struct tuff_condition *condition, struct tuff_mutex *mutex, uint64_t deadline_ns) {
    DWORD limit = deadline_ns == UINT64_MAX ? INFINITE : milliseconds_until(deadline_ns);
    SleepConditionVariableSRW(variable_of(condition), lock_of(mutex), limit, 0);
}

void tuff_condition_wake_all(struct tuff_condition *condition) {
    WakeAllConditionVariable(variable_of(condition));
}

static unsigned __stdcall run(void *start) {
    tuff_thread_run(start);
    return 0;
}

bool tuff_system_start_thread(struct tuff_thread *thread, void *start) {
    thread->handle = (void *)_beginthreadex(NULL, 0, run, start, 0, NULL);
    return thread->handle != NULL;
}

void tuff_thread_join(struct tuff_thread *thread) {
    WaitForSingleObject(thread->handle, INFINITE);
    CloseHandle(thread->handle);
}

uint32_t tuff_processor_count(void) {
    DWORD count = GetActiveProcessorCount(ALL_PROCESSOR_GROUPS);
    return count > 0 ? count : 1;
}

uint64_t tuff_clock_ns(void) {
    LARGE_INTEGER ticks;
    LARGE_INTEGER frequency; /* ticks a second; neither call fails on a Windows that runs on 64 bits */
    QueryPerformanceCounter(&ticks);
    QueryPerformanceFrequency(&frequency);
    uint64_t whole = (uint64_t)(ticks.QuadPart / frequency.QuadPart);
    uint64_t part = (uint64_t)(ticks.QuadPart % frequency.QuadPart);
    return whole * 1000000000u + part * 1000000000u / (uint64_t)frequency.QuadPart;
}

static uint64_t nanoseconds_of(FILETIME time) { /* which counts 100 of them */
    return (((uint64_t)time.dwHighDateTime << 32) + time.dwLowDateTime) * 100;
}

uint64_t tuff_cpu_clock_ns(void) {
    FILETIME created, ended, kernel, user;
    if (!GetProcessTimes(GetCurrentProcess(), &created, &ended, &kernel, &user))
        return 0;
    return nanoseconds_of(kernel) + nanoseconds_of(user);
}
