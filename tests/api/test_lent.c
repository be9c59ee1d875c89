/* SPDX-License-Identifier: Apache-2.0 */
/* A program's own Vulkan device, lent to tuff: the results are those of a device that tuff opened itself, and nothing that
 * the program did not enable is used. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "api/device.h"
#include "support/host.h"
#include "tuff.h"

#define MODEL TUFF_SOURCE_DIR "/tests/data/models/small-classes"

enum { TEXTS = 3, LABELS = 8 };

static const tuff_text texts[TEXTS] = { { "good morning", 12 }, { "a cat sat on the mat", 20 }, { "", 0 } };

static void count_errors(void *user, tuff_log_level level, const char *message) {
    *(int *)user += level == TUFF_LOG_ERROR;
    fprintf(stderr, "tuff: %s\n", message);
}

static void classify(tuff_context *context, float scores[TEXTS * LABELS]) {
    tuff_model *model = NULL;
    cr_assert_eq(tuff_model_open(context, MODEL, NULL, &model), TUFF_OK, "%s", tuff_error_message());
    cr_assert_leq(tuff_model_label_count(model), LABELS);
    memset(scores, 0, TEXTS * LABELS * sizeof *scores);
    cr_assert_eq(tuff_classify(model, texts, NULL, TEXTS, NULL, scores, NULL), TUFF_OK, "%s",
                 tuff_error_message());
    tuff_model_close(model);
}

static void expect_same(const float *scores, const float *expected) {
    for (size_t i = 0; i < TEXTS * LABELS; i++)
        cr_assert_lt(fabsf(scores[i] - expected[i]), 1e-5f, "score %zu is %g, not %g", i, (double)scores[i],
                     (double)expected[i]);
}

Test(api_lent, a_lent_device_gives_what_an_own_one_gives) {
    static const char *const disabled[] = { "", "timeline_semaphore,push_descriptor", NULL };
    float expected[TEXTS * LABELS];
    float scores[TEXTS * LABELS];
    tuff_context *own = test_context();
    classify(own, expected);
    test_context_close(own);
    for (size_t i = 0; i < 3; i++) {
        struct test_host host;
        tuff_context *context = NULL;
        int errors = 0;
        tuff_context_options options = TUFF_CONTEXT_OPTIONS;
        options.log = count_errors;
        options.log_user = &errors;
        test_host_open(&host, disabled[i]);
        cr_assert_eq(tuff_context_borrow(&host.lent, &options, &context), TUFF_OK, "%s",
                     tuff_error_message());
        classify(context, scores);
        expect_same(scores, expected);
        cr_assert_gt(tuff_context_dispatch_count(context), 0);
        cr_assert_gt(host.lock_count, 0);
        tuff_context_destroy(context);
        cr_assert_eq(errors, 0);
        test_host_close(&host);
    }
}

Test(api_lent, what_is_not_enabled_is_not_used) {
    struct test_host host;
    tuff_context *context = NULL;
    tuff_device_info info;
    test_host_open(&host, NULL);
    cr_assert_eq(tuff_context_borrow(&host.lent, NULL, &context), TUFF_OK, "%s", tuff_error_message());
    tuff_context_device(context, &info);
    static const char *const needs_enabling[] = { "storage16",          "float16",         "int8",
                                                  "timeline_semaphore", "push_descriptor", "buffer_address",
                                                  "cooperative_matrix", "memory_budget" };
    for (size_t i = 0; i < sizeof needs_enabling / sizeof *needs_enabling; i++)
        cr_assert_null(strstr(info.features, needs_enabling[i]), "%s is among %s", needs_enabling[i],
                       info.features);
    tuff_context_destroy(context);
    test_host_close(&host);
}

/* Features of a whole Vulkan version in one struct, as most programs have them. */
Test(api_lent, features_are_found_wherever_they_are_enabled) {
    struct test_host host;
    tuff_context *context = NULL;
    tuff_device_info info;
    test_host_open(&host, "");
    VkPhysicalDeviceVulkan12Features newer = { .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES,
                                               .timelineSemaphore = VK_TRUE };
    VkDeviceCreateInfo stated = host.info;
    stated.pNext = &newer;
    stated.enabledExtensionCount = 0;
    host.lent.device_create_info = &stated;
    cr_assert_eq(tuff_context_borrow(&host.lent, NULL, &context), TUFF_OK, "%s", tuff_error_message());
    tuff_context_device(context, &info);
    cr_assert(strstr(info.features, "timeline_semaphore"), "%s", info.features);
    cr_assert_null(strstr(info.features, "float16"), "%s", info.features);
    tuff_context_destroy(context);
    test_host_close(&host);
}

Test(api_lent, what_cannot_be_borrowed_is_refused) {
    struct test_host host;
    tuff_context *context = NULL;
    tuff_context_options options = TUFF_CONTEXT_OPTIONS;
    test_host_open(&host, "");
    tuff_vulkan_device lent = host.lent;
    cr_assert_eq(tuff_context_borrow(NULL, NULL, &context), TUFF_ARGUMENT);
    lent.queue = NULL;
    cr_assert_eq(tuff_context_borrow(&lent, NULL, &context), TUFF_ARGUMENT);
    lent = host.lent;
    lent.queue_family = 1000;
    cr_assert_eq(tuff_context_borrow(&lent, NULL, &context), TUFF_ARGUMENT);
    lent = host.lent;
    lent.unlock = NULL;
    cr_assert_eq(tuff_context_borrow(&lent, NULL, &context), TUFF_ARGUMENT);
    lent = host.lent;
    lent.api_version = VK_API_VERSION_1_0;
    cr_assert_eq(tuff_context_borrow(&lent, NULL, &context), TUFF_UNSUPPORTED);
    options.validation = true;
    cr_assert_eq(tuff_context_borrow(&host.lent, &options, &context), TUFF_ARGUMENT);
    cr_assert_null(context);
    test_host_close(&host);
}
