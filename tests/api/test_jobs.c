/* SPDX-License-Identifier: Apache-2.0 */
/* Work that gives way: jobs, their end and cancellation, bounds of submits and of memory. */
#include <criterion/criterion.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/device.h"
#include "tuff.h"

#define MODELS TUFF_SOURCE_DIR "/tests/data/models/"

enum { TEXTS = 300, LABELS = 8, HIDDEN = 256 };

static char words[TEXTS][160];
static tuff_text texts[TEXTS];

/* Texts of one to some thirty words. */
static void make_texts(void) {
    static const char *const some[] = { "good ", "morning ", "the ", "cat ", "sat ", "on ", "a " };
    for (size_t i = 0; i < TEXTS; i++) {
        words[i][0] = '\0';
        for (size_t j = 0; j <= i % 23; j++)
            strcat(words[i], some[(i + j * j) % 7]);
        texts[i] = (tuff_text){ words[i], strlen(words[i]) };
    }
}

static tuff_model *open_model(tuff_context *context, const char *path) {
    tuff_model *model = NULL;
    cr_assert_eq(tuff_model_open(context, path, NULL, &model), TUFF_OK, "%s", tuff_error_message());
    return model;
}

static size_t embedding_size(const tuff_model *model) {
    tuff_model_info info;
    tuff_model_get_info(model, &info);
    cr_assert_leq(info.embedding_size, HIDDEN);
    return info.embedding_size;
}

static void expect_near(const float *values, const float *expected, size_t count, float tolerance) {
    for (size_t i = 0; i < count; i++)
        cr_assert_lt(fabsf(values[i] - expected[i]), tolerance, "value %zu is %g, not %g", i,
                     (double)values[i], (double)expected[i]);
}

static void count_end(void *user, tuff_status status) {
    atomic_fetch_add((atomic_int *)user, status == TUFF_OK ? 1 : 100);
}

Test(api_jobs, jobs_give_what_calls_give) {
    static float vectors[TEXTS * HIDDEN], expected[TEXTS * HIDDEN];
    float scores[TEXTS * LABELS] = { 0 }, expected_scores[TEXTS * LABELS] = { 0 };
    atomic_int ends = 0;
    tuff_job *embed = NULL, *classify = NULL;
    tuff_text_report report = { 0 };
    tuff_job_options after = TUFF_JOB_OPTIONS;
    size_t done = 0, total = 0;
    make_texts();
    tuff_context *context = test_context();
    tuff_model *model = open_model(context, MODELS "small-classes");
    const size_t size = embedding_size(model);
    after.ended = count_end;
    after.user = &ends;
    cr_assert_eq(tuff_embed(model, texts, TEXTS, NULL, expected, NULL), TUFF_OK, "%s", tuff_error_message());
    cr_assert_eq(tuff_classify(model, texts, NULL, TEXTS, NULL, expected_scores, NULL), TUFF_OK);
    cr_assert_eq(tuff_job_embed(model, texts, TEXTS, NULL, &after, vectors, &embed), TUFF_OK);
    cr_assert_eq(tuff_job_classify(model, texts, NULL, TEXTS, NULL, &after, scores, &classify), TUFF_OK);
    while (!tuff_job_wait(classify, 5))
        tuff_job_is_done(classify, &done, &total);
    cr_assert(tuff_job_is_done(embed, &done, &total), "jobs run in their order");
    cr_assert_eq(done, TEXTS);
    cr_assert_eq(total, TEXTS);
    cr_assert_eq(ends, 2);
    cr_assert_eq(tuff_job_result(embed, &report), TUFF_OK, "%s", tuff_error_message());
    cr_assert_gt(report.tokens, TEXTS);
    cr_assert_eq(tuff_job_result(classify, NULL), TUFF_OK, "%s", tuff_error_message());
    cr_assert_eq(memcmp(vectors, expected, TEXTS * size * sizeof(float)), 0);
    cr_assert_eq(memcmp(scores, expected_scores, TEXTS * tuff_model_label_count(model) * sizeof(float)), 0);
    tuff_job_free(embed);
    tuff_job_free(classify);
    tuff_model_close(model);
    test_context_close(context);
}

Test(api_jobs, a_job_fails_as_its_call_would) {
    float scores[LABELS];
    tuff_job *job = NULL;
    tuff_context *context = test_context();
    tuff_model *model = open_model(context, MODELS "small-classes");
    cr_assert_eq(tuff_job_next_sentence(model, texts, texts, 1, NULL, NULL, scores, &job), TUFF_OK);
    cr_assert_eq(tuff_job_result(job, NULL), TUFF_UNSUPPORTED);
    cr_assert(strstr(tuff_error_message(), "next_sentence"), "%s", tuff_error_message());
    tuff_job_free(job);
    cr_assert_eq(tuff_job_embed(NULL, texts, 1, NULL, NULL, scores, &job), TUFF_ARGUMENT);
    cr_assert_eq(tuff_job_embed(model, texts, 1, NULL, NULL, scores, NULL), TUFF_ARGUMENT);
    tuff_job_free(NULL);
    tuff_model_close(model);
    test_context_close(context);
}

/* Submits that have been asked for, and one that is held back. */
struct gate {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int asked, let_through;
    uint64_t bound;
    bool is_exceeded;
};

static void on_submit(void *user, uint64_t cost) {
    struct gate *gate = user;
    pthread_mutex_lock(&gate->lock);
    gate->is_exceeded = gate->is_exceeded || (gate->bound && cost > gate->bound);
    const int mine = gate->asked++;
    pthread_cond_broadcast(&gate->changed);
    while (mine >= gate->let_through)
        pthread_cond_wait(&gate->changed, &gate->lock);
    pthread_mutex_unlock(&gate->lock);
}

static tuff_context *open_gated(struct gate *gate, uint64_t submit_cost) {
    tuff_context *context = NULL;
    tuff_context_options options = TUFF_CONTEXT_OPTIONS;
    *gate = (struct gate){ .let_through = 1 << 30, .bound = submit_cost };
    pthread_mutex_init(&gate->lock, NULL);
    pthread_cond_init(&gate->changed, NULL);
    options.submit_cost = submit_cost;
    options.submit = on_submit;
    options.submit_user = gate;
    options.gives_way = true;
    cr_assert_eq(tuff_context_create(&options, &context), TUFF_OK, "%s", tuff_error_message());
    return context;
}

static void let(struct gate *gate, int more) {
    pthread_mutex_lock(&gate->lock);
    gate->let_through = more < 0 ? 1 << 30 : gate->let_through + more;
    pthread_cond_broadcast(&gate->changed);
    pthread_mutex_unlock(&gate->lock);
}

static void wait_for_asked(struct gate *gate, int count) {
    pthread_mutex_lock(&gate->lock);
    while (gate->asked < count)
        pthread_cond_wait(&gate->changed, &gate->lock);
    pthread_mutex_unlock(&gate->lock);
}

Test(api_jobs, a_cancelled_job_makes_no_submit_after_the_one_in_flight) {
    static float vectors[TEXTS * HIDDEN];
    struct gate gate;
    tuff_job *job = NULL, *second = NULL;
    tuff_submit_report before, after;
    make_texts();
    tuff_context *context = open_gated(&gate, 200000);
    tuff_model *model = open_model(context, MODELS "small-classes");
    tuff_context_submits(context, &before);
    pthread_mutex_lock(&gate.lock);
    gate.let_through = gate.asked; /* the next submit waits */
    const int held = gate.asked + 1;
    pthread_mutex_unlock(&gate.lock);
    cr_assert_eq(tuff_job_embed(model, texts, TEXTS, NULL, NULL, vectors, &job), TUFF_OK);
    cr_assert_eq(tuff_job_embed(model, texts, TEXTS, NULL, NULL, vectors, &second), TUFF_OK);
    wait_for_asked(&gate, held);
    cr_assert_not(tuff_job_wait(job, 20), "it waits for its first submit");
    tuff_job_cancel(job);
    tuff_job_cancel(second);
    let(&gate, -1);
    cr_assert_eq(tuff_job_result(job, NULL), TUFF_CANCELLED);
    cr_assert_eq(tuff_job_result(second, NULL), TUFF_CANCELLED);
    tuff_context_submits(context, &after);
    cr_assert_eq(after.count, before.count + 1, "%llu submits",
                 (unsigned long long)(after.count - before.count));
    tuff_job_free(job);
    tuff_job_free(second);
    cr_assert_eq(tuff_embed(model, texts, TEXTS, NULL, vectors, NULL), TUFF_OK, "%s", tuff_error_message());
    tuff_model_close(model);
    tuff_context_destroy(context);
}

Test(api_jobs, no_submit_costs_more_than_it_may) {
    static float vectors[TEXTS * HIDDEN], expected[TEXTS * HIDDEN];
    struct gate gate;
    tuff_submit_report report;
    make_texts();
    tuff_context *own = test_context();
    tuff_model *model = open_model(own, MODELS "small-classes");
    cr_assert_eq(tuff_embed(model, texts, TEXTS, NULL, expected, NULL), TUFF_OK);
    const size_t size = embedding_size(model);
    tuff_context_submits(own, &report);
    const uint64_t few = report.count;
    tuff_model_close(model);
    test_context_close(own);
    tuff_context *context = open_gated(&gate, 200000);
    model = open_model(context, MODELS "small-classes");
    cr_assert_eq(tuff_embed(model, texts, TEXTS, NULL, vectors, NULL), TUFF_OK, "%s", tuff_error_message());
    tuff_context_submits(context, &report);
    cr_assert_not(gate.is_exceeded, "a submit of %llu", (unsigned long long)report.largest_cost);
    cr_assert_leq(report.largest_cost, 200000);
    cr_assert_gt(report.count, few);
    cr_assert_gt(report.longest_ms, 0);
    expect_near(vectors, expected, TEXTS * size, 1e-5f);
    tuff_model_close(model);
    tuff_context_destroy(context);
}

static tuff_status embed_within(uint64_t limit, size_t count, float *vectors, tuff_submit_report *report) {
    tuff_context *context = NULL;
    tuff_model *model = NULL;
    tuff_context_options options = TUFF_CONTEXT_OPTIONS;
    options.memory_limit = limit;
    cr_assert_eq(tuff_context_create(&options, &context), TUFF_OK, "%s", tuff_error_message());
    tuff_status status = tuff_model_open(context, MODELS "small-classes", NULL, &model);
    if (status == TUFF_OK)
        status = tuff_embed(model, texts, count, NULL, vectors, NULL);
    tuff_context_submits(context, report);
    tuff_model_close(model);
    tuff_context_destroy(context);
    return status;
}

/* Batches shrink before a call fails, and a failure says what would fit. */
Test(api_jobs, memory_stays_below_its_limit) {
    static float vectors[TEXTS * HIDDEN], expected[TEXTS * HIDDEN];
    tuff_submit_report report;
    bool is_refused = false;
    make_texts();
    cr_assert_eq(embed_within(0, TEXTS, expected, &report), TUFF_OK, "%s", tuff_error_message());
    const uint64_t all = report.memory;
    cr_assert_gt(all, 1 << 20);
    for (uint64_t limit = all - 1; limit > 60000; limit = limit / 6 * 2) {
        memset(vectors, 0, sizeof vectors);
        tuff_status status = embed_within(limit, TEXTS, vectors, &report);
        cr_assert_leq(report.memory, limit);
        if (status == TUFF_OK) {
            expect_near(vectors, expected, TEXTS * HIDDEN, 1e-5f);
            cr_assert_not(is_refused, "less memory fits more");
            continue;
        }
        is_refused = true;
        cr_assert_eq(status, TUFF_DEVICE_MEMORY, "%s", tuff_error_message());
        cr_assert(strstr(tuff_error_message(), "MiB"), "%s", tuff_error_message());
        fprintf(stderr, "%llu of %llu bytes: %s\n", (unsigned long long)limit, (unsigned long long)all,
                tuff_error_message());
    }
    cr_assert(is_refused);
}
