/* SPDX-License-Identifier: Apache-2.0 */
/* Embeddings that stay on the device, in a buffer of the program that lends it or of another device. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api/device.h"
#include "support/host.h"
#include "tuff.h"

#define MODEL TUFF_SOURCE_DIR "/tests/data/models/small-classes"

enum { TEXTS = 5, SIZE = 40, OFFSET = 64 };

static const tuff_text texts[TEXTS] = {
    { "a good day", 10 }, { "cat", 3 }, { "the dog is in the sun and on it", 31 }, { "", 0 }, { "on", 2 }
};

static void ok(tuff_status status) {
    cr_assert_eq(status, TUFF_OK, "%s", tuff_error_message());
}

struct bench {
    struct test_host host;
    tuff_context *context;
    tuff_model *model;
    float expected[TEXTS * SIZE];
};

static void open_bench(struct bench *bench) {
    tuff_model_info info;
    test_host_open(&bench->host, "");
    ok(tuff_context_borrow(&bench->host.lent, NULL, &bench->context));
    ok(tuff_model_open(bench->context, MODEL, NULL, &bench->model));
    tuff_model_get_info(bench->model, &info);
    cr_assert_eq(info.embedding_size, SIZE);
    ok(tuff_embed(bench->model, texts, TEXTS, NULL, bench->expected, NULL));
}

static void close_bench(struct bench *bench) {
    tuff_model_close(bench->model);
    tuff_context_destroy(bench->context);
    test_host_close(&bench->host);
}

static void expect_vectors(const struct bench *bench, const void *map) {
    const unsigned char *bytes = map;
    cr_assert_eq(memcmp(bytes + OFFSET, bench->expected, sizeof bench->expected), 0);
    for (size_t i = 0; i < OFFSET; i++)
        cr_assert(bytes[i] == 0xee && bytes[OFFSET + sizeof bench->expected + i] == 0xee,
                  "byte %zu around is written", i);
}

static VkSemaphore make_semaphore(struct test_host *host, VkSemaphoreType kind) {
    const VkSemaphoreTypeCreateInfo type = { .sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
                                             .semaphoreType = kind };
    const VkSemaphoreCreateInfo info = { .sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO, .pNext = &type };
    VkSemaphore semaphore = VK_NULL_HANDLE;
    cr_assert_eq(host->vkCreateSemaphore(host->device, &info, NULL, &semaphore), VK_SUCCESS);
    return semaphore;
}

/* A submit of the program's own that waits for one semaphore and signals another; NULL: none. Values are for timelines. */
static void submit(struct test_host *host, VkSemaphore wait, VkSemaphore signal, uint64_t value) {
    const VkPipelineStageFlags stage = VK_PIPELINE_STAGE_ALL_COMMANDS_BIT;
    const VkTimelineSemaphoreSubmitInfo values = {
        .sType = VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
        .waitSemaphoreValueCount = wait ? 1 : 0,
        .pWaitSemaphoreValues = &value,
        .signalSemaphoreValueCount = signal ? 1 : 0,
        .pSignalSemaphoreValues = &value,
    };
    const VkSubmitInfo info = { .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
                                .pNext = &values,
                                .waitSemaphoreCount = wait ? 1 : 0,
                                .pWaitSemaphores = &wait,
                                .pWaitDstStageMask = &stage,
                                .signalSemaphoreCount = signal ? 1 : 0,
                                .pSignalSemaphores = &signal };
    cr_assert_eq(host->vkQueueSubmit(host->queue, 1, &info, VK_NULL_HANDLE), VK_SUCCESS);
}

/* The renderer is done with the buffer, tuff writes it, the renderer reads it: three times. The validation layer objects
 * where a binary semaphore is signalled that nobody has waited for, or waited for that nobody signals. */
static void pass_to_and_fro(struct bench *bench, VkSemaphoreType kind) {
    struct test_host *host = &bench->host;
    struct test_host_buffer buffer;
    VkSemaphore free = make_semaphore(host, kind);
    VkSemaphore full = make_semaphore(host, kind);
    tuff_vulkan_buffer to = TUFF_VULKAN_BUFFER;
    test_host_buffer_create(host, sizeof bench->expected + 2 * OFFSET, false, &buffer);
    to.buffer = buffer.handle;
    to.offset = OFFSET;
    to.length = sizeof bench->expected;
    to.wait_semaphore = free;
    to.signal_semaphore = full;
    for (uint64_t value = 1; value <= 3; value++) {
        memset(buffer.map, 0xee, buffer.size);
        submit(host, VK_NULL_HANDLE, free, value);
        to.wait_value = to.signal_value = kind == VK_SEMAPHORE_TYPE_TIMELINE ? value : 0;
        ok(tuff_embed_into(bench->model, texts, TEXTS, NULL, &to, NULL));
        submit(host, full, VK_NULL_HANDLE, value);
        host->vkDeviceWaitIdle(host->device);
        expect_vectors(bench, buffer.map);
    }
    host->vkDestroySemaphore(host->device, free, NULL);
    host->vkDestroySemaphore(host->device, full, NULL);
    test_host_buffer_destroy(host, &buffer);
}

Test(api_into, vectors_go_to_the_callers_buffer_between_its_semaphores) {
    struct bench bench;
    open_bench(&bench);
    pass_to_and_fro(&bench, VK_SEMAPHORE_TYPE_BINARY);
    pass_to_and_fro(&bench, VK_SEMAPHORE_TYPE_TIMELINE);
    close_bench(&bench);
}

Test(api_into, a_buffer_that_is_too_small_or_none_is_refused) {
    struct bench bench;
    struct test_host_buffer buffer;
    tuff_vulkan_buffer to = TUFF_VULKAN_BUFFER;
    open_bench(&bench);
    test_host_buffer_create(&bench.host, sizeof bench.expected, false, &buffer);
    cr_assert_eq(tuff_embed_into(bench.model, texts, TEXTS, NULL, &to, NULL), TUFF_ARGUMENT);
    to.buffer = buffer.handle;
    to.length = sizeof bench.expected - 4;
    cr_assert_eq(tuff_embed_into(bench.model, texts, TEXTS, NULL, &to, NULL), TUFF_ARGUMENT);
    to.length = sizeof bench.expected;
    to.offset = 2;
    cr_assert_eq(tuff_embed_into(bench.model, texts, TEXTS, NULL, &to, NULL), TUFF_ARGUMENT);
    cr_assert_eq(tuff_embed_into(bench.model, texts, TEXTS, NULL, NULL, NULL), TUFF_ARGUMENT);
    test_host_buffer_destroy(&bench.host, &buffer);
    close_bench(&bench);
}

/* Memory of another VkDevice comes as a file descriptor, where the driver has that. */
Test(api_into, vectors_go_to_memory_of_another_device) {
    struct bench bench;
    struct test_host other;
    struct test_host_buffer buffer;
    tuff_device_info info;
    tuff_shared_buffer *shared = NULL;
    int fd = -1;
    open_bench(&bench);
    tuff_context_device(bench.context, &info);
    if (!strstr(info.features, "external_memory_fd")) {
        cr_assert_eq(tuff_shared_buffer_open(bench.context, 0, 1, 0, 1, &shared), TUFF_UNSUPPORTED);
        close_bench(&bench);
        return;
    }
    test_host_open(&other, "");
    test_host_buffer_create(&other, sizeof bench.expected + 2 * OFFSET, true, &buffer);
    memset(buffer.map, 0xee, buffer.size);
    PFN_vkGetMemoryFdKHR get_fd =
        (PFN_vkGetMemoryFdKHR)other.vkGetDeviceProcAddr(other.device, "vkGetMemoryFdKHR");
    const VkMemoryGetFdInfoKHR from = { .sType = VK_STRUCTURE_TYPE_MEMORY_GET_FD_INFO_KHR,
                                        .memory = buffer.memory,
                                        .handleType = VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD_BIT };
    cr_assert_eq(get_fd(other.device, &from, &fd), VK_SUCCESS);
    ok(tuff_shared_buffer_open(bench.context, fd, buffer.memory_size, buffer.memory_type, buffer.size,
                               &shared));
    tuff_vulkan_buffer to = TUFF_VULKAN_BUFFER;
    to.buffer = tuff_shared_buffer_handle(shared);
    to.offset = OFFSET;
    to.length = sizeof bench.expected;
    ok(tuff_embed_into(bench.model, texts, TEXTS, NULL, &to, NULL));
    expect_vectors(&bench, buffer.map);
    fprintf(stderr, "%s shares memory\n", info.name);
    tuff_shared_buffer_close(shared);
    test_host_buffer_destroy(&other, &buffer);
    close_bench(&bench);
    test_host_close(&other);
}
