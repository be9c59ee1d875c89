/* SPDX-License-Identifier: Apache-2.0 */
/* Training where something runs short: what is said, and what stays as it was. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "support/folder.h"
#include "tuff.h"

#define MODEL TUFF_SOURCE_DIR "/tests/data/models/small-classes"

enum { LONGEST = 48, MEMORY_STEP = 32768 };

TestSuite(task_limits, .timeout = 300);

static void ok(tuff_status status) {
    cr_assert_eq(status, TUFF_OK, "%s", tuff_error_message());
}

static tuff_context *open_context(uint64_t limit) {
    tuff_context_options options = TUFF_CONTEXT_OPTIONS;
    tuff_context *context = NULL;
    options.memory_limit = limit;
    ok(tuff_context_create(&options, &context));
    return context;
}

static tuff_arrays *batch(size_t count, size_t length) {
    int64_t ids[4 * LONGEST], labels[4] = { 0, 1, 2, 0 };
    tuff_arrays *arrays = NULL;
    for (size_t i = 0; i < count * length; i++)
        ids[i] = 5 + (int64_t)(i * 7 % 140);
    ok(tuff_arrays_create(NULL, &arrays));
    ok(tuff_arrays_add(arrays, &(tuff_array){ "input_ids", TUFF_I64, 2, { count, length }, ids }));
    ok(tuff_arrays_add(arrays, &(tuff_array){ "labels", TUFF_I64, 1, { count }, labels }));
    return arrays;
}

static tuff_status step(tuff_trainer *trainer, size_t count, size_t length, tuff_step_report *report) {
    tuff_arrays *arrays = batch(count, length);
    tuff_status status = tuff_trainer_step(trainer, arrays, report);
    tuff_arrays_free(arrays);
    return status;
}

/* The least memory, in steps, within which a trainer opens. */
static uint64_t find_least_memory(void) {
    for (uint64_t limit = MEMORY_STEP;; limit += MEMORY_STEP) {
        tuff_context *context = open_context(limit);
        tuff_trainer *trainer = NULL;
        tuff_status status = tuff_trainer_open(context, MODEL, NULL, &trainer);
        if (status != TUFF_OK) {
            cr_assert_eq(status, TUFF_DEVICE_MEMORY, "%s", tuff_error_message());
            cr_assert(strstr(tuff_error_message(), "would fit"), "%s", tuff_error_message());
        }
        tuff_trainer_close(trainer);
        tuff_context_destroy(context);
        if (status == TUFF_OK)
            return limit;
    }
}

static unsigned number_before(const char *text, const char *behind) {
    const char *at = strstr(text, behind);
    unsigned number = 0;
    cr_assert_not_null(at, "%s", text);
    while (at > text && at[-1] >= '0' && at[-1] <= '9')
        at--;
    cr_assert_eq(sscanf(at, "%u", &number), 1, "%s", text);
    return number;
}

Test(task_limits, a_sentence_that_cannot_fit_says_what_would) {
    const uint64_t least = find_least_memory();
    int refused = 0;
    for (uint64_t limit = least + MEMORY_STEP;; limit += MEMORY_STEP) {
        tuff_context *context = open_context(limit);
        tuff_trainer *trainer = NULL;
        tuff_step_report report;
        ok(tuff_trainer_open(context, MODEL, NULL, &trainer));
        tuff_status status = step(trainer, 1, LONGEST, &report);
        if (status != TUFF_OK) {
            cr_assert_eq(status, TUFF_DEVICE_MEMORY, "%s", tuff_error_message());
            cr_assert(strstr(tuff_error_message(), "checkpointing activations"), "%s", tuff_error_message());
            if (strstr(tuff_error_message(), "would fit")) {
                const unsigned fitting = number_before(tuff_error_message(), " tokens each would fit");
                refused++;
                cr_expect_lt(fitting, LONGEST);
                cr_expect_eq(step(trainer, 1, fitting, &report), TUFF_OK, "%s", tuff_error_message());
                cr_expect_eq(step(trainer, 1, fitting + 1, &report), TUFF_DEVICE_MEMORY, "%u would fit too",
                             fitting + 1);
            }
        }
        tuff_trainer_close(trainer);
        tuff_context_destroy(context);
        if (status == TUFF_OK)
            break;
    }
    cr_expect_gt(refused, 0);
}

/* Losses of a few steps, with a batch that fails between them where memory is short. */
static int train(uint64_t limit, double losses[3]) {
    tuff_context *context = open_context(limit);
    tuff_trainer *trainer = NULL;
    tuff_step_report report;
    ok(tuff_trainer_open(context, MODEL, NULL, &trainer));
    tuff_status status = TUFF_OK;
    for (int i = 0; i < 3; i++) {
        ok(step(trainer, 1, 4, &report));
        losses[i] = report.loss;
        if (limit)
            status = step(trainer, 1, LONGEST, &report);
    }
    tuff_trainer_close(trainer);
    tuff_context_destroy(context);
    return status != TUFF_OK;
}

Test(task_limits, a_batch_that_failed_leaves_nothing_behind) {
    double expected[3], losses[3];
    uint64_t limit = find_least_memory() + 6 * MEMORY_STEP;
    train(0, expected);
    cr_assert(train(limit, losses), "the long batch fits");
    for (int i = 0; i < 3; i++)
        cr_expect_eq(losses[i], expected[i], "step %d: %.9g for %.9g", i, losses[i], expected[i]);
}
