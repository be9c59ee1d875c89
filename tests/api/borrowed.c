/* SPDX-License-Identifier: Apache-2.0 */
#include "api/borrowed.h"

#include <criterion/criterion.h>
#include <string.h>

#define MODEL TUFF_SOURCE_DIR "/tests/data/models/small-classes"

const tuff_text test_texts[TEST_TEXTS] = {
    { "a good day", 10 }, { "cat", 3 }, { "the dog is in the sun and on it", 31 }, { "", 0 }, { "on", 2 }
};

void test_ok(tuff_status status) {
    cr_assert_eq(status, TUFF_OK, "%s", tuff_error_message());
}

void test_bench_open(struct test_bench *bench) {
    tuff_model_info info;
    test_host_open(&bench->host, "");
    test_ok(tuff_context_borrow(&bench->host.lent, NULL, &bench->context));
    test_ok(tuff_model_open(bench->context, MODEL, NULL, &bench->model));
    tuff_model_get_info(bench->model, &info);
    cr_assert_eq(info.embedding_size, TEST_SIZE);
    test_ok(tuff_embed(bench->model, test_texts, TEST_TEXTS, NULL, bench->expected, NULL));
}

void test_bench_close(struct test_bench *bench) {
    tuff_model_close(bench->model);
    tuff_context_destroy(bench->context);
    test_host_close(&bench->host);
}

void test_submit(struct test_host *host, VkSemaphore wait, VkSemaphore signal, uint64_t value) {
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

bool test_bench_shares(const struct test_bench *bench) {
    tuff_device_info info;
    tuff_context_device(bench->context, &info);
    return strstr(info.features, "external_memory_fd") != NULL;
}

tuff_shared_buffer *test_share(const struct test_bench *bench, struct test_host *other,
                               const struct test_host_buffer *buffer) {
    tuff_shared_buffer *shared = NULL;
    test_ok(tuff_shared_buffer_open(bench->context, test_host_export(other, buffer), buffer->memory_size,
                                    buffer->memory_type, buffer->size, &shared));
    return shared;
}
