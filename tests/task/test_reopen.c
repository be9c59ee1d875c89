/* SPDX-License-Identifier: Apache-2.0 */
/* A lost device is latched, and tuff_context_reopen brings back what was made from it. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "support/folder.h"
#include "support/host.h"
#include "vk/context.h"

#define MODELS TUFF_SOURCE_DIR "/tests/data/models/"

enum { LABELS = 8 };

static const tuff_text text = { "a good day", 10 };

static void ok(tuff_status status) {
    cr_assert_eq(status, TUFF_OK, "%s", tuff_error_message());
}

static void count_errors(void *user, tuff_log_level level, const char *message) {
    *(int *)user += level == TUFF_LOG_ERROR;
    fprintf(stderr, "%s\n", message);
}

/* A batch of two sequences of four tokens with classes. */
static tuff_arrays *batch(void) {
    static const int64_t ids[8] = { 2, 5, 6, 3, 2, 7, 8, 3 };
    static const int64_t labels[2] = { 0, 1 };
    tuff_arrays *arrays = NULL;
    ok(tuff_arrays_create(NULL, &arrays));
    ok(tuff_arrays_add(arrays, &(tuff_array){ "input_ids", TUFF_I64, 2, { 2, 4 }, ids }));
    ok(tuff_arrays_add(arrays, &(tuff_array){ "labels", TUFF_I64, 1, { 2 }, labels }));
    return arrays;
}

static double step(tuff_trainer *trainer, const tuff_arrays *arrays) {
    tuff_step_report report;
    ok(tuff_trainer_step(trainer, arrays, &report));
    return report.loss;
}

static tuff_trainer *open_trainer(tuff_context *context) {
    tuff_trainer_options options = TUFF_TRAINER_OPTIONS;
    tuff_trainer *trainer = NULL;
    options.learning_rate = 1e-2;
    ok(tuff_trainer_open(context, MODELS "small-classes", &options, &trainer));
    return trainer;
}

/* Two models and a trainer in one context, before and after. `after` is lent; NULL: the context opens its own. */
static void lose_and_reopen(tuff_context *context, struct test_host *after) {
    float scores[LABELS], again[LABELS], vector[512], same[512];
    char folder[TEST_PATH_SIZE], path[TEST_PATH_SIZE + 16];
    tuff_model *classes = NULL, *answer = NULL;
    tuff_arrays *arrays = batch();
    test_folder_make(folder);
    snprintf(path, sizeof path, "%s/state", folder);
    ok(tuff_model_open(context, MODELS "small-classes", NULL, &classes));
    ok(tuff_model_open(context, MODELS "small-answer", NULL, &answer));
    tuff_trainer *trainer = open_trainer(context);
    const char *label = tuff_model_label(classes, 0);
    ok(tuff_classify(classes, &text, NULL, 1, NULL, scores, NULL));
    ok(tuff_embed(answer, &text, 1, NULL, vector, NULL));
    step(trainer, arrays);
    ok(tuff_trainer_checkpoint(trainer, path));
    const double second = step(trainer, arrays);
    step(trainer, arrays);
    context->device->is_lost = true;
    cr_assert_eq(tuff_classify(classes, &text, NULL, 1, NULL, again, NULL), TUFF_DEVICE_LOST);
    cr_assert_eq(tuff_trainer_step(trainer, arrays, NULL), TUFF_DEVICE_LOST);
    if (after) {
        cr_assert_eq(tuff_context_reopen(context, NULL), TUFF_ARGUMENT, "a device is needed");
        cr_assert_eq(tuff_classify(classes, &text, NULL, 1, NULL, again, NULL), TUFF_DEVICE_LOST);
    }
    ok(tuff_context_reopen(context, after ? &after->lent : NULL));
    ok(tuff_classify(classes, &text, NULL, 1, NULL, again, NULL));
    ok(tuff_embed(answer, &text, 1, NULL, same, NULL));
    cr_assert_eq(memcmp(again, scores, tuff_model_label_count(classes) * sizeof *scores), 0);
    cr_assert_eq(memcmp(same, vector, 40 * sizeof *vector), 0);
    cr_assert_eq(tuff_model_label(classes, 0), label);
    cr_assert_eq(step(trainer, arrays), second, "it goes on from its checkpoint");
    tuff_trainer_close(trainer);
    tuff_model_close(classes);
    tuff_model_close(answer);
    tuff_arrays_free(arrays);
    test_folder_remove(folder);
}

Test(task_reopen, models_and_trainers_come_back) {
    int errors = 0;
    tuff_context *context = NULL;
    tuff_context_options options = TUFF_CONTEXT_OPTIONS;
    options.validation = true;
    options.log = count_errors;
    options.log_user = &errors;
    ok(tuff_context_create(&options, &context));
    lose_and_reopen(context, NULL);
    tuff_context_destroy(context);
    cr_assert_eq(errors, 0);
}

Test(task_reopen, they_come_back_on_another_lent_device) {
    struct test_host first, second;
    tuff_context *context = NULL;
    test_host_open(&first, "");
    test_host_open(&second, "");
    ok(tuff_context_borrow(&first.lent, NULL, &context));
    lose_and_reopen(context, &second);
    tuff_context_destroy(context);
    test_host_close(&first);
    test_host_close(&second);
}

/* Where the new device cannot be had, everything says that it is lost and can be closed. */
Test(task_reopen, a_failed_attempt_leaves_it_lost) {
    struct test_host first, second;
    float scores[LABELS];
    tuff_context *context = NULL;
    tuff_model *model = NULL;
    tuff_arrays *arrays = batch();
    test_host_open(&first, "");
    test_host_open(&second, "");
    ok(tuff_context_borrow(&first.lent, NULL, &context));
    ok(tuff_model_open(context, MODELS "small-classes", NULL, &model));
    tuff_trainer *trainer = open_trainer(context);
    context->device->is_lost = true;
    tuff_vulkan_device wrong = second.lent;
    wrong.queue_family = 1000;
    cr_assert_eq(tuff_context_reopen(context, &wrong), TUFF_ARGUMENT);
    cr_assert_eq(tuff_classify(model, &text, NULL, 1, NULL, scores, NULL), TUFF_DEVICE_LOST);
    cr_assert_eq(tuff_trainer_step(trainer, arrays, NULL), TUFF_DEVICE_LOST);
    ok(tuff_context_reopen(context, &second.lent));
    ok(tuff_classify(model, &text, NULL, 1, NULL, scores, NULL));
    step(trainer, arrays);
    cr_assert_eq(tuff_context_reopen(context, &wrong), TUFF_ARGUMENT);
    tuff_trainer_close(trainer);
    tuff_model_close(model);
    tuff_context_destroy(context);
    tuff_arrays_free(arrays);
    test_host_close(&first);
    test_host_close(&second);
}
