/* SPDX-License-Identifier: Apache-2.0 */
/* Public entry points of jobs: the calls on texts, made by the context's thread. A job keeps the arguments of the call, puts
 * a progress callback of its own before the caller's, and remembers what the call returned. */
#include <stdatomic.h>
#include <string.h>

#include "base/memory.h"
#include "base/options.h"
#include "base/thread.h"
#include "base/worker.h"
#include "task/model.h"

struct tuff_job {
    struct tuff_work work; /* first: the worker hands it over */
    struct tuff_model *model;
    tuff_status (*call)(struct tuff_job *job);
    const tuff_text *texts, *pairs;
    tuff_text query;
    const tuff_choice *choices;
    size_t count;
    union {
        tuff_embed_options embed;
        tuff_score_options score;
        tuff_fill_options fill;
        tuff_tag_options tag;
        tuff_answer_options answer;
    } options;
    union {
        float *floats;
        tuff_fills **fills;
        tuff_entities **entities;
        tuff_answers **answers;
    } out;
    tuff_progress_callback progress; /* the caller's */
    void *progress_user;
    tuff_job_options after;
    _Atomic bool is_cancelled;
    _Atomic size_t done, total;
    tuff_status status;
    char *message;
    tuff_text_report report;
};

static bool on_progress(void *user, size_t done, size_t total) {
    struct tuff_job *job = user;
    job->done = done;
    job->total = total;
    if (job->is_cancelled)
        return false;
    return !job->progress || job->progress(job->progress_user, done, total);
}

static void run(struct tuff_work *work) {
    struct tuff_job *job = (struct tuff_job *)work;
    const struct tuff_allocator *before = tuff_memory_use(job->model->allocator);
    job->status = job->is_cancelled ? tuff_fail(TUFF_CANCELLED, "cancelled before it began") : job->call(job);
    if (job->status != TUFF_OK)
        tuff_copy_text(tuff_error_message(), strlen(tuff_error_message()), &job->message);
    tuff_memory_use(before);
    if (job->after.ended)
        job->after.ended(job->after.user, job->status);
}

static tuff_status create(struct tuff_model *model, tuff_status (*call)(struct tuff_job *job), size_t count,
                          const tuff_job_options *after, struct tuff_job **out_job) {
    const tuff_job_options defaults = TUFF_JOB_OPTIONS;
    if (!model || !out_job)
        return tuff_fail(TUFF_ARGUMENT, "a job needs a model and a place for the job");
    *out_job = NULL;
    const struct tuff_allocator *before = tuff_memory_use(model->allocator);
    tuff_status status = tuff_alloc(1, sizeof **out_job, out_job);
    tuff_memory_use(before);
    TUFF_TRY(status);
    struct tuff_job *job = *out_job;
    job->work.body = run;
    job->model = model;
    job->call = call;
    job->count = count;
    job->total = count;
    job->after = defaults;
    tuff_options_copy(&job->after, sizeof job->after, after);
    return TUFF_OK;
}

/* Takes a copy of the caller's options, whose progress goes by way of the job's. */
static void keep_options(struct tuff_job *job, void *own, size_t size, const void *given,
                         tuff_progress_callback *progress, void **progress_user) {
    tuff_options_copy(own, size, given);
    job->progress = *progress;
    job->progress_user = *progress_user;
    *progress = on_progress;
    *progress_user = job;
}

static tuff_status begin(struct tuff_job **inout_job) {
    struct tuff_job *job = *inout_job;
    const struct tuff_allocator *before = tuff_memory_use(job->model->allocator);
    tuff_status status = tuff_worker_add(job->model->device->worker, &job->work);
    tuff_memory_use(before);
    if (status == TUFF_OK)
        return TUFF_OK;
    tuff_free(job);
    *inout_job = NULL;
    return status;
}

/* ---------------------------------------------------------------- embeddings */

static tuff_status call_embed(struct tuff_job *job) {
    return tuff_embed(job->model, job->texts, job->count, &job->options.embed, job->out.floats, &job->report);
}

tuff_status tuff_job_embed(tuff_model *model, const tuff_text *texts, size_t count,
                           const tuff_embed_options *options, const tuff_job_options *job_options,
                           float *out_vectors, tuff_job **out_job) {
    TUFF_TRY(create(model, call_embed, count, job_options, out_job));
    struct tuff_job *job = *out_job;
    tuff_embed_options *own = &job->options.embed;
    job->texts = texts;
    job->out.floats = out_vectors;
    *own = (tuff_embed_options)TUFF_EMBED_OPTIONS;
    keep_options(job, own, sizeof *own, options, &own->progress, &own->progress_user);
    return begin(out_job);
}

/* ---------------------------------------------------------------- scores */

static tuff_status call_classify(struct tuff_job *job) {
    return tuff_classify(job->model, job->texts, job->pairs, job->count, &job->options.score, job->out.floats,
                         &job->report);
}

static tuff_status call_next_sentence(struct tuff_job *job) {
    return tuff_next_sentence(job->model, job->texts, job->pairs, job->count, &job->options.score,
                              job->out.floats, &job->report);
}

static tuff_status call_rank(struct tuff_job *job) {
    return tuff_rank(job->model, job->query, job->texts, job->count, &job->options.score, job->out.floats,
                     &job->report);
}

static tuff_status call_choose(struct tuff_job *job) {
    return tuff_choose(job->model, job->choices, job->count, &job->options.score, job->out.floats,
                       &job->report);
}

/* `inputs` holds what the call reads; its other fields are nothing. */
static tuff_status begin_scores(tuff_model *model, tuff_status (*call)(struct tuff_job *job),
                                const struct tuff_job *inputs, const tuff_score_options *options,
                                const tuff_job_options *job_options, float *out_scores, tuff_job **out_job) {
    TUFF_TRY(create(model, call, inputs->count, job_options, out_job));
    struct tuff_job *job = *out_job;
    tuff_score_options *own = &job->options.score;
    job->texts = inputs->texts;
    job->pairs = inputs->pairs;
    job->query = inputs->query;
    job->choices = inputs->choices;
    job->out.floats = out_scores;
    *own = (tuff_score_options)TUFF_SCORE_OPTIONS;
    keep_options(job, own, sizeof *own, options, &own->progress, &own->progress_user);
    return begin(out_job);
}

tuff_status tuff_job_classify(tuff_model *model, const tuff_text *texts, const tuff_text *pairs, size_t count,
                              const tuff_score_options *options, const tuff_job_options *job_options,
                              float *out_scores, tuff_job **out_job) {
    const struct tuff_job inputs = { .texts = texts, .pairs = pairs, .count = count };
    return begin_scores(model, call_classify, &inputs, options, job_options, out_scores, out_job);
}

tuff_status tuff_job_next_sentence(tuff_model *model, const tuff_text *texts, const tuff_text *nexts,
                                   size_t count, const tuff_score_options *options,
                                   const tuff_job_options *job_options, float *out_scores,
                                   tuff_job **out_job) {
    const struct tuff_job inputs = { .texts = texts, .pairs = nexts, .count = count };
    return begin_scores(model, call_next_sentence, &inputs, options, job_options, out_scores, out_job);
}

tuff_status tuff_job_rank(tuff_model *model, tuff_text query, const tuff_text *passages, size_t count,
                          const tuff_score_options *options, const tuff_job_options *job_options,
                          float *out_scores, tuff_job **out_job) {
    const struct tuff_job inputs = { .query = query, .texts = passages, .count = count };
    return begin_scores(model, call_rank, &inputs, options, job_options, out_scores, out_job);
}

tuff_status tuff_job_choose(tuff_model *model, const tuff_choice *choices, size_t count,
                            const tuff_score_options *options, const tuff_job_options *job_options,
                            float *out_scores, tuff_job **out_job) {
    const struct tuff_job inputs = { .choices = choices, .count = count };
    return begin_scores(model, call_choose, &inputs, options, job_options, out_scores, out_job);
}

/* ---------------------------------------------------------------- words, entities, answers */

static tuff_status call_fill_mask(struct tuff_job *job) {
    return tuff_fill_mask(job->model, job->texts, job->count, &job->options.fill, job->out.fills,
                          &job->report);
}

tuff_status tuff_job_fill_mask(tuff_model *model, const tuff_text *texts, size_t count,
                               const tuff_fill_options *options, const tuff_job_options *job_options,
                               tuff_fills **out_fills, tuff_job **out_job) {
    TUFF_TRY(create(model, call_fill_mask, count, job_options, out_job));
    struct tuff_job *job = *out_job;
    tuff_fill_options *own = &job->options.fill;
    job->texts = texts;
    job->out.fills = out_fills;
    if (out_fills)
        *out_fills = NULL;
    *own = (tuff_fill_options)TUFF_FILL_OPTIONS;
    keep_options(job, own, sizeof *own, options, &own->progress, &own->progress_user);
    return begin(out_job);
}

static tuff_status call_tag(struct tuff_job *job) {
    return tuff_tag(job->model, job->texts, job->count, &job->options.tag, job->out.entities, &job->report);
}

tuff_status tuff_job_tag(tuff_model *model, const tuff_text *texts, size_t count,
                         const tuff_tag_options *options, const tuff_job_options *job_options,
                         tuff_entities **out_entities, tuff_job **out_job) {
    TUFF_TRY(create(model, call_tag, count, job_options, out_job));
    struct tuff_job *job = *out_job;
    tuff_tag_options *own = &job->options.tag;
    job->texts = texts;
    job->out.entities = out_entities;
    if (out_entities)
        *out_entities = NULL;
    *own = (tuff_tag_options)TUFF_TAG_OPTIONS;
    keep_options(job, own, sizeof *own, options, &own->progress, &own->progress_user);
    return begin(out_job);
}

static tuff_status call_answer(struct tuff_job *job) {
    return tuff_answer(job->model, job->texts, job->pairs, job->count, &job->options.answer, job->out.answers,
                       &job->report);
}

tuff_status tuff_job_answer(tuff_model *model, const tuff_text *questions, const tuff_text *contexts,
                            size_t count, const tuff_answer_options *options,
                            const tuff_job_options *job_options, tuff_answers **out_answers,
                            tuff_job **out_job) {
    TUFF_TRY(create(model, call_answer, count, job_options, out_job));
    struct tuff_job *job = *out_job;
    tuff_answer_options *own = &job->options.answer;
    job->texts = questions;
    job->pairs = contexts;
    job->out.answers = out_answers;
    if (out_answers)
        *out_answers = NULL;
    *own = (tuff_answer_options)TUFF_ANSWER_OPTIONS;
    keep_options(job, own, sizeof *own, options, &own->progress, &own->progress_user);
    return begin(out_job);
}

/* ---------------------------------------------------------------- while it runs and after */

static bool wait_until(const struct tuff_job *job, uint64_t deadline_ns) {
    return tuff_worker_wait(job->model->device->worker, &job->work, deadline_ns);
}

bool tuff_job_is_done(const tuff_job *job, size_t *out_done, size_t *out_total) {
    if (out_done)
        *out_done = job->done;
    if (out_total)
        *out_total = job->total;
    return wait_until(job, 0);
}

bool tuff_job_wait(const tuff_job *job, uint64_t timeout_ms) {
    uint64_t now = tuff_clock_ns();
    uint64_t left = (UINT64_MAX - now) / 1000000;
    return wait_until(job, timeout_ms < left ? now + timeout_ms * 1000000 : UINT64_MAX);
}

void tuff_job_cancel(tuff_job *job) {
    job->is_cancelled = true;
}

tuff_status tuff_job_result(const tuff_job *job, tuff_text_report *out_report) {
    wait_until(job, UINT64_MAX);
    if (out_report)
        *out_report = job->report;
    if (job->status == TUFF_OK)
        return TUFF_OK;
    return tuff_fail(job->status, "%s", job->message ? job->message : tuff_status_text(job->status));
}

void tuff_job_free(tuff_job *job) {
    if (!job)
        return;
    tuff_job_cancel(job);
    wait_until(job, UINT64_MAX);
    tuff_free(job->message);
    tuff_free(job);
}
