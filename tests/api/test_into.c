/* SPDX-License-Identifier: Apache-2.0 */
/* Embeddings that stay on the device, in a buffer of the program that lends it or of another device. */
#include <criterion/criterion.h>
#include <string.h>

#include "api/borrowed.h"

enum { OFFSET = 64 };

static void expect_vectors(const struct test_bench *bench, const void *map) {
    const unsigned char *bytes = map;
    cr_assert_eq(memcmp(bytes + OFFSET, bench->expected, sizeof bench->expected), 0);
    for (size_t i = 0; i < OFFSET; i++)
        cr_assert(bytes[i] == 0xee && bytes[OFFSET + sizeof bench->expected + i] == 0xee,
                  "byte %zu around is written", i);
}

/* The renderer is done with the buffer, tuff writes it, the renderer reads it: three times. The validation layer objects
 * where a binary semaphore is signalled that nobody has waited for, or waited for that nobody signals. */
static void pass_to_and_fro(struct test_bench *bench, VkSemaphoreType kind) {
    struct test_host *host = &bench->host;
    struct test_host_buffer buffer;
    VkSemaphore free = test_semaphore(host, kind);
    VkSemaphore full = test_semaphore(host, kind);
    tuff_vulkan_buffer to = TUFF_VULKAN_BUFFER;
    test_host_buffer_create(host, sizeof bench->expected + 2 * OFFSET, false, &buffer);
    to.buffer = buffer.handle;
    to.offset = OFFSET;
    to.length = sizeof bench->expected;
    to.wait_semaphore = free;
    to.signal_semaphore = full;
    for (uint64_t value = 1; value <= 3; value++) {
        memset(buffer.map, 0xee, buffer.size);
        test_submit(host, VK_NULL_HANDLE, free, value);
        to.wait_value = to.signal_value = kind == VK_SEMAPHORE_TYPE_TIMELINE ? value : 0;
        test_ok(tuff_embed_into(bench->model, test_texts, TEST_TEXTS, NULL, &to, NULL));
        test_submit(host, full, VK_NULL_HANDLE, value);
        host->vkDeviceWaitIdle(host->device);
        expect_vectors(bench, buffer.map);
    }
    host->vkDestroySemaphore(host->device, free, NULL);
    host->vkDestroySemaphore(host->device, full, NULL);
    test_host_buffer_destroy(host, &buffer);
}

Test(api_into, vectors_go_to_the_callers_buffer_between_its_semaphores) {
    struct test_bench bench;
    test_bench_open(&bench);
    pass_to_and_fro(&bench, VK_SEMAPHORE_TYPE_BINARY);
    pass_to_and_fro(&bench, VK_SEMAPHORE_TYPE_TIMELINE);
    test_bench_close(&bench);
}

Test(api_into, a_buffer_that_is_too_small_or_none_is_refused) {
    struct test_bench bench;
    struct test_host_buffer buffer;
    tuff_vulkan_buffer to = TUFF_VULKAN_BUFFER;
    test_bench_open(&bench);
    test_host_buffer_create(&bench.host, sizeof bench.expected, false, &buffer);
    cr_assert_eq(tuff_embed_into(bench.model, test_texts, TEST_TEXTS, NULL, &to, NULL), TUFF_ARGUMENT);
    to.buffer = buffer.handle;
    to.length = sizeof bench.expected - 4;
    cr_assert_eq(tuff_embed_into(bench.model, test_texts, TEST_TEXTS, NULL, &to, NULL), TUFF_ARGUMENT);
    to.length = sizeof bench.expected;
    to.offset = 2;
    cr_assert_eq(tuff_embed_into(bench.model, test_texts, TEST_TEXTS, NULL, &to, NULL), TUFF_ARGUMENT);
    cr_assert_eq(tuff_embed_into(bench.model, test_texts, TEST_TEXTS, NULL, NULL, NULL), TUFF_ARGUMENT);
    test_host_buffer_destroy(&bench.host, &buffer);
    test_bench_close(&bench);
}

/* Memory of another VkDevice comes as a file descriptor, where the driver has that. */
Test(api_into, vectors_go_to_memory_of_another_device) {
    struct test_bench bench;
    struct test_host other;
    struct test_host_buffer buffer;
    tuff_shared_buffer *shared = NULL;
    test_bench_open(&bench);
    if (!test_bench_shares(&bench)) {
        cr_assert_eq(tuff_shared_buffer_open(bench.context, 0, 1, 0, 1, &shared), TUFF_UNSUPPORTED);
        test_bench_close(&bench);
        return;
    }
    test_host_open(&other, "");
    test_host_buffer_create(&other, sizeof bench.expected + 2 * OFFSET, true, &buffer);
    memset(buffer.map, 0xee, buffer.size);
    shared = test_share(&bench, &other, &buffer);
    tuff_vulkan_buffer to = TUFF_VULKAN_BUFFER;
    to.buffer = tuff_shared_buffer_handle(shared);
    to.offset = OFFSET;
    to.length = sizeof bench.expected;
    test_ok(tuff_embed_into(bench.model, test_texts, TEST_TEXTS, NULL, &to, NULL));
    expect_vectors(&bench, buffer.map);
    tuff_shared_buffer_close(shared);
    test_host_buffer_destroy(&other, &buffer);
    test_bench_close(&bench);
    test_host_close(&other);
}
