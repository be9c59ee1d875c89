/* SPDX-License-Identifier: Apache-2.0 */
#include "session.h"
#include "output.h"
#include "progress.h"
#include "system.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static volatile sig_atomic_t is_interrupted;
static volatile sig_atomic_t is_patient; /* somebody asks session_is_interrupted often enough */

static void on_interrupt(int number) {
    (void)number;
    if (is_interrupted || !is_patient) {
        output_abandon();
        _Exit(EXIT_INTERRUPTED);
    }
    is_interrupted = 1;
}

void session_watch_interrupt(void) {
    is_patient = 1;
    system_on_interrupt(on_interrupt);
}

bool session_is_interrupted(void) {
    return is_interrupted != 0;
}

bool session_progress(void *user, size_t done, size_t total) {
    (void)total;
    progress_show(done + (user ? *(const size_t *)user : 0));
    return !is_interrupted;
}

int session_fail(tuff_status status) {
    progress_stop();
    if (status == TUFF_CANCELLED && is_interrupted)
        return EXIT_INTERRUPTED;
    complain("%s", tuff_error_message());
    return EXIT_FAILURE;
}

static void on_log(void *user, tuff_log_level level, const char *message) {
    static const char *const names[] = { "error: ", "warning: ", "", "" };
    (void)user;
    complain("%s%s", names[level], message);
}

static tuff_status open_model(struct session *session) {
    static const tuff_dtype dtypes[] = { TUFF_DTYPE_AUTO, TUFF_F32, TUFF_F16, TUFF_I8 };
    if (!session->common->model)
        return TUFF_OK;
    tuff_model_options options = TUFF_MODEL_OPTIONS;
    options.dtype = dtypes[session->common->dtype];
    options.arithmetic = session->common->arithmetic ? TUFF_F16 : TUFF_F32;
    return tuff_model_open(session->context, session->common->model, &options, &session->model);
}

int session_open(struct session *session, const struct common_options *common) {
    *session = (struct session){ .common = common };
    system_on_interrupt(on_interrupt);
    tuff_context_options options = TUFF_CONTEXT_OPTIONS;
    options.device = common->device;
    options.disable = common->disable;
    options.cache_folder = common->cache_folder;
    options.log = on_log;
    options.log_level = common->quiet ? TUFF_LOG_ERROR : common->verbose ? TUFF_LOG_DEBUG : TUFF_LOG_WARNING;
    options.profile = common->profile;
    options.memory_limit = common->memory_limit << 20;
    tuff_status status = tuff_context_create(&options, &session->context);
    if (status == TUFF_OK)
        status = open_model(session);
    if (status == TUFF_OK && !is_interrupted)
        return EXIT_SUCCESS;
    int code = is_interrupted ? EXIT_INTERRUPTED : session_fail(status);
    session_close(session);
    return code;
}

/* The slowest first. */
static int compare_times(const void *a, const void *b) {
    double difference =
        ((const tuff_kernel_time *)b)->milliseconds - ((const tuff_kernel_time *)a)->milliseconds;
    return (difference > 0.0) - (difference < 0.0);
}

static void print_profile(const struct session *session) {
    enum { MOST = 1024 };
    size_t count = 0;
    double total = 0.0;
    tuff_kernel_time *times = allocate(MOST, sizeof(*times));
    if (tuff_context_profile(session->context, times, MOST, &count) != TUFF_OK)
        complain("%s", tuff_error_message());
    count = count < MOST ? count : MOST;
    qsort(times, count, sizeof(*times), compare_times);
    for (size_t i = 0; i < count; i++)
        total += times[i].milliseconds;
    fprintf(stderr, "%-32s %-20s %8s %12s %10s %6s\n", "kernel", "variant", "runs", "ms", "us a run",
            "share");
    for (size_t i = 0; i < count; i++)
        fprintf(stderr, "%-32s %-20s %8llu %12.3f %10.1f %5.1f%%\n", times[i].kernel, times[i].variant,
                (unsigned long long)times[i].runs, times[i].milliseconds,
                times[i].milliseconds * 1e3 / (double)(times[i].runs ? times[i].runs : 1),
                total > 0.0 ? 100.0 * times[i].milliseconds / total : 0.0);
    fprintf(stderr, "%-32s %-20s %8s %12.3f\n", "all", "", "", total);
    free(times);
}

void session_close(struct session *session) {
    progress_stop();
    if (session->context && session->common->profile)
        print_profile(session);
    tuff_model_close(session->model);
    tuff_context_destroy(session->context);
    *session = (struct session){ 0 };
}
