/* SPDX-License-Identifier: Apache-2.0 */
/* A model on a device that the test's own Vulkan program lends, with texts and their vectors, and that program's semaphores. */
#ifndef TESTS_API_BORROWED_H
#define TESTS_API_BORROWED_H

#include "support/host.h"
#include "tuff.h"

enum { TEST_TEXTS = 5, TEST_SIZE = 40 };

extern const tuff_text test_texts[TEST_TEXTS];

struct test_bench {
    struct test_host host;
    tuff_context *context;
    tuff_model *model;
    float expected[TEST_TEXTS * TEST_SIZE]; /* of tuff_embed */
};

void test_ok(tuff_status status);
void test_bench_open(struct test_bench *bench);
void test_bench_close(struct test_bench *bench);
/* A submit of the program's own that waits for one semaphore and signals another; NULL: none. Values are for timelines. */
void test_submit(struct test_host *host, VkSemaphore wait, VkSemaphore signal, uint64_t value);
/* Whether the bench's device takes memory as a file descriptor. */
bool test_bench_shares(const struct test_bench *bench);
/* A buffer of another device of the same driver, for the bench's device. */
tuff_shared_buffer *test_share(const struct test_bench *bench, struct test_host *other,
                               const struct test_host_buffer *buffer);

#endif
