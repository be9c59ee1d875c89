/* SPDX-License-Identifier: Apache-2.0 */
#include "api/device.h"

#include <criterion/criterion.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

static atomic_int error_count;

static void count_errors(void *user, tuff_log_level level, const char *message) {
    (void)user;
    if (level == TUFF_LOG_ERROR)
        atomic_fetch_add(&error_count, 1);
    fprintf(stderr, "tuff: %s\n", message);
}

tuff_context *test_context(void) {
    tuff_context *context = NULL;
    tuff_device_info info;
    tuff_context_options options = TUFF_CONTEXT_OPTIONS;
    options.validation = true;
    options.log = count_errors;
    cr_assert_eq(tuff_context_create(&options, &context), TUFF_OK, "%s", tuff_error_message());
    tuff_context_device(context, &info);
    fprintf(stderr, "device: %s, driver %s\n", info.name, info.driver);
    if (getenv("TUFF_TEST_PROFILE")) /* tests/layer was asked to make it small */
        cr_assert_eq(info.max_invocations, 128, "the layer was not loaded");
    return context;
}

void test_context_close(tuff_context *context) {
    tuff_context_destroy(context);
    cr_assert_eq(atomic_load(&error_count), 0, "the validation layers object");
}
