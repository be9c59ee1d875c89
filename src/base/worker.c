/* SPDX-License-Identifier: Apache-2.0 */
#include "base/worker.h"

#include "base/memory.h"
#include "base/thread.h"

struct tuff_worker {
    struct tuff_mutex lock;
    struct tuff_condition changed; /* work came, work was done, or the end has come */
    struct tuff_work *first, *last;
    struct tuff_thread thread;
    bool is_started, is_ending;
};

tuff_status tuff_worker_create(struct tuff_worker **out_worker) {
    struct tuff_worker *worker = NULL;
    *out_worker = NULL;
    TUFF_TRY(tuff_alloc(1, sizeof *worker, &worker));
    tuff_status status = tuff_mutex_init(&worker->lock);
    if (status == TUFF_OK && (status = tuff_condition_init(&worker->changed)) != TUFF_OK)
        tuff_mutex_destroy(&worker->lock);
    if (status == TUFF_OK)
        *out_worker = worker;
    else
        tuff_free(worker);
    return status;
}

void tuff_worker_destroy(struct tuff_worker *worker) {
    if (!worker)
        return;
    tuff_mutex_lock(&worker->lock);
    worker->is_ending = true;
    tuff_condition_wake_all(&worker->changed);
    tuff_mutex_unlock(&worker->lock);
    if (worker->is_started)
        tuff_thread_join(&worker->thread);
    tuff_condition_destroy(&worker->changed);
    tuff_mutex_destroy(&worker->lock);
    tuff_free(worker);
}

/* The lock is held, but not while the work is done. */
static void do_first(struct tuff_worker *worker) {
    struct tuff_work *work = worker->first;
    worker->first = work->next;
    tuff_mutex_unlock(&worker->lock);
    work->body(work);
    tuff_mutex_lock(&worker->lock);
    work->is_done = true;
    tuff_condition_wake_all(&worker->changed);
}

static void run(void *user) {
    struct tuff_worker *worker = user;
    tuff_mutex_lock(&worker->lock);
    while (worker->first || !worker->is_ending) {
        if (worker->first)
            do_first(worker);
        else
            tuff_condition_wait(&worker->changed, &worker->lock, UINT64_MAX);
    }
    tuff_mutex_unlock(&worker->lock);
}

tuff_status tuff_worker_add(struct tuff_worker *worker, struct tuff_work *work) {
    tuff_status status = TUFF_OK;
    tuff_mutex_lock(&worker->lock);
    if (!worker->is_started)
        status = tuff_thread_start(&worker->thread, run, worker);
    if (status == TUFF_OK) {
        worker->is_started = true;
        work->next = NULL;
        if (worker->first)
            worker->last->next = work;
        else
            worker->first = work;
        worker->last = work;
        tuff_condition_wake_all(&worker->changed);
    }
    tuff_mutex_unlock(&worker->lock);
    return status;
}

bool tuff_worker_wait(struct tuff_worker *worker, const struct tuff_work *work, uint64_t deadline_ns) {
    tuff_mutex_lock(&worker->lock);
    while (!work->is_done && deadline_ns > 0 && tuff_clock_ns() < deadline_ns)
        tuff_condition_wait(&worker->changed, &worker->lock, deadline_ns);
    bool is_done = work->is_done;
    tuff_mutex_unlock(&worker->lock);
    return is_done;
}
