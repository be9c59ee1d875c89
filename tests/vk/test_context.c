/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/axpy.h"
#include "vk/context.h"

static void *count_allocation(void *user, size_t size) {
    (*(int *)user)++;
    return malloc(size);
}

static void count_release(void *user, void *pointer) {
    (*(int *)user)--;
    free(pointer);
}

Test(vk_context, its_memory_is_the_callers) {
    int live = 0;
    const tuff_allocator allocator = { count_allocation, count_release, &live };
    tuff_context_options options = TUFF_CONTEXT_OPTIONS;
    tuff_context *context = NULL;
    tuff_device_info info;
    options.allocator = &allocator;
    options.cache_folder = "";
    test_ok(tuff_context_create(&options, &context));
    cr_assert_gt(live, 0);
    tuff_context_device(context, &info);
    cr_assert_gt(strlen(info.name), 0);
    cr_assert_eq(tuff_context_dispatch_count(context), 0);
    cr_assert_eq(tuff_context_pipeline_count(context), 0);
    tuff_context_destroy(context);
    cr_assert_eq(live, 0);
    options.device = "no device has this name";
    cr_assert_eq(tuff_context_create(&options, &context), TUFF_ARGUMENT);
    cr_assert_null(context);
    cr_assert_eq(live, 0);
}

static void *never(void *user, size_t size) {
    int *left = user;
    return (*left)-- > 0 ? malloc(size) : NULL;
}

static void release(void *user, void *pointer) {
    (void)user;
    free(pointer);
}

/* The n-th allocation fails, for every n until none is left to fail. */
Test(vk_context, host_memory_that_cannot_be_had_is_an_error) {
    tuff_status status = TUFF_HOST_MEMORY;
    for (int n = 0; status != TUFF_OK; n++) {
        int left = n;
        const tuff_allocator allocator = { never, release, &left };
        tuff_context_options options = TUFF_CONTEXT_OPTIONS;
        tuff_context *context = NULL;
        options.allocator = &allocator;
        status = tuff_context_create(&options, &context);
        cr_assert(status == TUFF_OK || status == TUFF_HOST_MEMORY, "%d: %s", n, tuff_error_message());
        cr_assert_eq(status == TUFF_OK, context != NULL);
        tuff_context_destroy(context);
        cr_assert_lt(n, 200);
    }
}

Test(vk_context, the_environment_joins_in) {
    tuff_context_options options = TUFF_CONTEXT_OPTIONS;
    tuff_context *context = NULL;
    options.disable = "int64";
    setenv("TUFF_DISABLE", "push_descriptor, timeline_semaphore", 1);
    test_ok(tuff_context_create(&options, &context));
    cr_assert_not(context->device->features.push_descriptor);
    cr_assert_not(context->device->features.timeline_semaphore);
    cr_assert_not(context->device->features.int64);
    tuff_context_destroy(context);
    setenv("TUFF_DISABLE", "no_such_feature", 1);
    cr_assert_eq(tuff_context_create(&options, &context), TUFF_ARGUMENT);
    setenv("TUFF_DISABLE", "", 1);
    setenv("TUFF_DEVICE", "no device has this name", 1);
    cr_assert_eq(tuff_context_create(&options, &context), TUFF_ARGUMENT);
}

Test(vk_context, options_of_older_headers_are_read) {
    tuff_context_options options = TUFF_CONTEXT_OPTIONS;
    tuff_context *context = NULL;
    options.disable = "no_such_feature";
    options.size = offsetof(tuff_context_options, disable); /* ends before it */
    test_ok(tuff_context_create(&options, &context));
    tuff_context_destroy(context);
    options.size = 0;
    cr_assert_eq(tuff_context_create(&options, &context), TUFF_ARGUMENT);
    options.size = sizeof options + 1;
    cr_assert_eq(tuff_context_create(&options, &context), TUFF_ARGUMENT);
    test_ok(tuff_context_create(NULL, &context));
    tuff_context_destroy(context);
    cr_assert_eq(tuff_context_create(NULL, NULL), TUFF_ARGUMENT);
}
