/* SPDX-License-Identifier: Apache-2.0 */
#include "texts.h"
#include "memory.h"
#include "progress.h"

#include <stdlib.h>
#include <string.h>

/* A run of the loop. */
struct run {
    const struct texts_work *work;
    struct records *records;
    struct texts window;
    tuff_text *texts, *pairs; /* of the window */
    bool *is_rejected;
    size_t text_capacity, pair_capacity, rejected_capacity;
    size_t done; /* records of earlier windows */
    size_t truncated;
    bool has_stopped; /* at a bad record, which was said */
};

static tuff_text text_of(const struct record *record, size_t field) {
    const struct field_value *value = &record->values[field];
    return value->count > 0 ? value->texts[0] : (tuff_text){ 0 };
}

static bool reject(void *user, size_t index, const char *message) {
    struct run *run = user;
    if (run->is_rejected[index])
        return true;
    run->is_rejected[index] = true;
    const size_t line = run->window.records[index].line;
    run->has_stopped = records_reject(run->records, line, "%s", message) != EXIT_SUCCESS;
    return !run->has_stopped;
}

static void fill(struct run *run, const struct window *window) {
    const size_t count = window->count;
    const bool has_pairs = run->work->source->field_count > 1;
    run->texts = grow(run->texts, &run->text_capacity, count, sizeof(*run->texts));
    run->pairs = grow(run->pairs, &run->pair_capacity, count, sizeof(*run->pairs));
    run->is_rejected = grow(run->is_rejected, &run->rejected_capacity, count, sizeof(*run->is_rejected));
    for (size_t i = 0; i < count; i++) {
        run->texts[i] = text_of(&window->records[i], 0);
        run->pairs[i] = text_of(&window->records[i], 1);
    }
    memset(run->is_rejected, 0, count * sizeof(*run->is_rejected));
    run->window.records = window->records;
    run->window.count = count;
    run->window.texts = run->texts;
    run->window.pairs = has_pairs ? run->pairs : NULL;
}

static int answer(struct run *run) {
    const struct texts_work *work = run->work;
    tuff_text_report report = { 0 };
    run->window.report = &report;
    const tuff_status status = work->answer(work->user, &run->window);
    if (status != TUFF_OK)
        return run->has_stopped ? EXIT_FAILURE : session_fail(status);
    run->done += run->window.count;
    run->truncated += report.truncated;
    return session_is_interrupted() ? EXIT_INTERRUPTED : EXIT_SUCCESS;
}

static void print(const struct run *run, struct output *output) {
    const struct texts_work *work = run->work;
    progress_wipe();
    for (size_t i = 0; work->print && i < run->window.count && !output_failed(output); i++)
        if (!run->is_rejected[i])
            work->print(work->user, output, &run->window, i);
    output_flush(output);
}

static int loop(struct run *run, struct output *output) {
    int code = EXIT_SUCCESS;
    progress_start("texts", 0, run->work->common->quiet);
    while (code == EXIT_SUCCESS && !output_failed(output)) {
        struct window window;
        code = records_read(run->records, &window);
        if (code != EXIT_SUCCESS || window.count == 0)
            break;
        fill(run, &window);
        code = answer(run);
        if (code == EXIT_SUCCESS)
            print(run, output);
    }
    progress_stop();
    return code;
}

static void say_truncated(const struct run *run) {
    if (run->truncated == 0 || run->work->common->quiet)
        return;
    tuff_model_info info;
    tuff_model_get_info(run->window.model, &info);
    const uint64_t length = run->work->max_length ? run->work->max_length : info.max_length;
    complain("%zu of %zu texts were longer than %llu tokens; what was beyond did not count", run->truncated,
             run->done, (unsigned long long)length);
}

static int run_session(struct run *run, struct session *session, struct output *output) {
    const struct texts_work *work = run->work;
    run->window.model = session->model;
    run->window.progress = session_progress;
    run->window.progress_user = &run->done;
    run->window.reject = reject;
    run->window.reject_user = run;
    int code = work->start ? work->start(work->user, session->model) : EXIT_SUCCESS;
    if (code == EXIT_SUCCESS)
        code = loop(run, output);
    if (code == EXIT_SUCCESS && work->finish)
        work->finish(work->user, output);
    say_truncated(run);
    free(run->texts);
    free(run->pairs);
    free(run->is_rejected);
    return code;
}

int texts_run(const struct texts_work *work, const struct arguments *arguments) {
    struct run run = { .work = work, .records = records_open(work->source, arguments) };
    if (!run.records)
        return EXIT_FAILURE;
    struct output *output = output_open(work->common->out);
    if (!output)
        return records_close(run.records, EXIT_FAILURE);
    struct session session;
    int code = session_open(&session, work->common);
    if (code == EXIT_SUCCESS) {
        code = run_session(&run, &session, output);
        session_close(&session);
    }
    return records_close(run.records, output_close(output, code));
}
