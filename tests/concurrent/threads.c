/* SPDX-License-Identifier: Apache-2.0 */
/* Several threads on one model, two models and a trainer in one context, several contexts in one process, and a fork
 * before use. A program by itself, since Criterion does not start under the thread sanitizer. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tuff.h"

#define MODELS TUFF_SOURCE_DIR "/tests/data/models/"

enum { TEXTS = 12, THREADS = 3, ROUNDS = 3, VALUES = TEXTS * 64 };

static const tuff_text texts[TEXTS] = {
    { "a", 1 },   { "good day", 8 },    { "the cat", 7 }, { "on it", 5 },   { "dog in the sun", 14 },
    { "", 0 },    { "a good cat", 10 }, { "is it", 5 },   { "the the", 7 }, { "in the dog", 10 },
    { "cat", 3 }, { "day", 3 }
};

static void expect(bool is_true, const char *what) {
    if (is_true)
        return;
    fprintf(stderr, "threads: %s: %s\n", what, tuff_error_message());
    exit(1);
}

#define EXPECT(condition) expect(condition, #condition)

static void ok(tuff_status status) {
    EXPECT(status == TUFF_OK);
}

static tuff_context *open_context(void) {
    tuff_context *context = NULL;
    ok(tuff_context_create(NULL, &context));
    return context;
}

/* Embeds the same texts again and again; a thread must not fail a test itself. */
struct reader {
    pthread_t thread;
    tuff_model *model;
    float first[VALUES];
    bool is_same;
};

static void *read_often(void *user) {
    struct reader *reader = user;
    float values[VALUES] = { 0 };
    reader->is_same = tuff_embed(reader->model, texts, TEXTS, NULL, reader->first, NULL) == TUFF_OK;
    for (int i = 0; i < ROUNDS && reader->is_same; i++)
        reader->is_same = tuff_embed(reader->model, texts, TEXTS, NULL, values, NULL) == TUFF_OK &&
                          memcmp(values, reader->first, sizeof values) == 0;
    return NULL;
}

struct learner {
    pthread_t thread;
    tuff_trainer *trainer;
    bool is_good;
};

static void *learn(void *user) {
    static const int64_t ids[4] = { 2, 5, 6, 3 };
    static const int64_t label = 1;
    struct learner *learner = user;
    tuff_arrays *arrays = NULL;
    bool is_good =
        tuff_arrays_create(NULL, &arrays) == TUFF_OK &&
        tuff_arrays_add(arrays, &(tuff_array){ "input_ids", TUFF_I64, 2, { 1, 4 }, ids }) == TUFF_OK &&
        tuff_arrays_add(arrays, &(tuff_array){ "labels", TUFF_I64, 1, { 1 }, &label }) == TUFF_OK;
    for (int i = 0; i < ROUNDS && is_good; i++)
        is_good = tuff_trainer_step(learner->trainer, arrays, NULL) == TUFF_OK;
    tuff_arrays_free(arrays);
    learner->is_good = is_good;
    return NULL;
}

static void models_and_a_trainer_share_a_context(void) {
    static struct reader readers[THREADS + 1];
    struct learner learner = { 0 };
    float values[VALUES] = { 0 };
    tuff_model *classes = NULL, *answer = NULL;
    tuff_job *job = NULL;
    tuff_context *context = open_context();
    ok(tuff_model_open(context, MODELS "small-classes", NULL, &classes));
    ok(tuff_model_open(context, MODELS "small-answer", NULL, &answer));
    ok(tuff_trainer_open(context, MODELS "small-classes", NULL, &learner.trainer));
    for (int i = 0; i <= THREADS; i++)
        readers[i].model = i < THREADS ? classes : answer;
    for (int i = 0; i <= THREADS; i++)
        EXPECT(pthread_create(&readers[i].thread, NULL, read_often, &readers[i]) == 0);
    EXPECT(pthread_create(&learner.thread, NULL, learn, &learner) == 0);
    ok(tuff_job_embed(classes, texts, TEXTS, NULL, NULL, values, &job));
    while (!tuff_job_wait(job, 1))
        tuff_job_is_done(job, NULL, NULL);
    ok(tuff_job_result(job, NULL));
    tuff_job_free(job);
    for (int i = 0; i <= THREADS; i++)
        pthread_join(readers[i].thread, NULL);
    pthread_join(learner.thread, NULL);
    EXPECT(learner.is_good);
    for (int i = 0; i <= THREADS; i++)
        EXPECT(readers[i].is_same);
    EXPECT(memcmp(values, readers[0].first, sizeof values) == 0);
    EXPECT(memcmp(readers[1].first, readers[0].first, sizeof values) == 0);
    tuff_trainer_close(learner.trainer);
    tuff_model_close(classes);
    tuff_model_close(answer);
    tuff_context_destroy(context);
}

static void *use_a_context(void *user) {
    struct reader *reader = user;
    tuff_context *context = NULL;
    if (tuff_context_create(NULL, &context) != TUFF_OK)
        return NULL;
    if (tuff_model_open(context, MODELS "small-classes", NULL, &reader->model) == TUFF_OK)
        read_often(reader);
    tuff_model_close(reader->model);
    tuff_context_destroy(context);
    return NULL;
}

static void contexts_come_and_go_side_by_side(void) {
    static struct reader readers[THREADS];
    for (int i = 0; i < THREADS; i++)
        EXPECT(pthread_create(&readers[i].thread, NULL, use_a_context, &readers[i]) == 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(readers[i].thread, NULL);
    for (int i = 0; i < THREADS; i++)
        EXPECT(readers[i].is_same &&
               memcmp(readers[i].first, readers[0].first, sizeof readers[0].first) == 0);
}

static void both_sides_of_a_fork_before_use_compute(void) {
    static struct reader reader;
    int status = 0;
    EXPECT(tuff_version()[1] == '.');
    const pid_t child = fork();
    use_a_context(&reader);
    if (child == 0)
        _exit(reader.is_same ? 0 : 1);
    EXPECT(waitpid(child, &status, 0) == child);
    EXPECT(reader.is_same);
    EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void) {
    both_sides_of_a_fork_before_use_compute();
    contexts_come_and_go_side_by_side();
    models_and_a_trainer_share_a_context();
    return 0;
}
