/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/thread.h"

struct counter {
    int alive;
    int calls;
    int fail_at; /* -1: never */
};

static void *count_allocate(void *user, size_t size) {
    struct counter *counter = user;
    if (counter->calls++ == counter->fail_at)
        return NULL;
    counter->alive++;
    return malloc(size);
}

static void count_release(void *user, void *pointer) {
    struct counter *counter = user;
    counter->alive--;
    free(pointer);
}

Test(base_memory, a_block_goes_back_to_the_allocator_it_came_from) {
    struct counter counter = { .fail_at = -1 };
    tuff_allocator allocator = { count_allocate, count_release, &counter };
    void *block = NULL;
    tuff_memory_use(&allocator);
    cr_assert_eq(tuff_alloc(10, 10, &block), TUFF_OK);
    cr_assert_eq(tuff_memory_use(NULL), &allocator);
    cr_assert_eq(counter.alive, 1);
    tuff_free(block);
    cr_assert_eq(counter.alive, 0);
}

Test(base_memory, a_failed_allocation_is_said) {
    struct counter counter = { .fail_at = 0 };
    tuff_allocator allocator = { count_allocate, count_release, &counter };
    void *block = &counter;
    tuff_memory_use(&allocator);
    cr_assert_eq(tuff_alloc(3, 7, &block), TUFF_HOST_MEMORY);
    cr_assert_null(block);
    cr_assert_str_eq(tuff_error_message(), "out of host memory: 21 bytes cannot be had");
    tuff_memory_use(NULL);
}

Test(base_memory, a_product_that_overflows_is_refused) {
    void *block = NULL;
    cr_assert_eq(tuff_alloc(SIZE_MAX / 2, 3, &block), TUFF_HOST_MEMORY);
    cr_assert_eq(tuff_alloc(SIZE_MAX, 1, &block), TUFF_HOST_MEMORY);
}

Test(base_memory, growing_keeps_what_was_there) {
    int *numbers = NULL;
    size_t capacity = 0;
    for (int i = 0; i < 1000; i++) {
        cr_assert_eq(tuff_reserve(&numbers, &capacity, (size_t)i + 1, sizeof *numbers), TUFF_OK);
        numbers[i] = i;
    }
    for (int i = 0; i < 1000; i++)
        cr_assert_eq(numbers[i], i);
    tuff_free(numbers);
}

Test(base_memory, texts_are_formatted_and_copied) {
    char *text = NULL;
    cr_assert_eq(tuff_format(&text, "%s-%d", "layer", 12), TUFF_OK);
    cr_assert_str_eq(text, "layer-12");
    tuff_free(text);
    cr_assert_eq(tuff_copy_text("ab\0cd", 5, &text), TUFF_OK);
    cr_assert_arr_eq(text, "ab\0cd", 6);
    tuff_free(text);
}

static void allocate_on_thread(void *user) {
    tuff_alloc(1, 1, user);
}

Test(base_memory, a_thread_uses_its_starters_allocator) {
    struct counter counter = { .fail_at = -1 };
    tuff_allocator allocator = { count_allocate, count_release, &counter };
    struct tuff_thread thread;
    void *block = NULL;
    tuff_memory_use(&allocator);
    cr_assert_eq(tuff_thread_start(&thread, allocate_on_thread, &block), TUFF_OK);
    tuff_thread_join(&thread);
    cr_assert_eq(counter.alive, 1);
    tuff_memory_use(NULL);
    tuff_free(block);
    cr_assert_eq(counter.alive, 0);
}

Test(base_memory, failures_name_what_they_pass_through) {
    cr_assert_eq(tuff_fail(TUFF_FORMAT, "row %d is short", 3), TUFF_FORMAT);
    cr_assert_eq(tuff_fail_prefix(TUFF_FORMAT, "%s", "file.txt"), TUFF_FORMAT);
    cr_assert_str_eq(tuff_error_message(), "file.txt: row 3 is short");
    cr_assert_str_eq(tuff_status_text(TUFF_DEVICE_LOST), "the device was lost");
}
