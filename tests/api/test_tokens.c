/* SPDX-License-Identifier: Apache-2.0 */
/* Token ids that lie on the device, in a buffer of the program that lends it or of another device. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "api/borrowed.h"

enum { OFFSET = 12, MOST_TOKENS = 64, VECTORS = 512 /* where results begin, behind the ids */ };

/* The texts' ids and segments, one after the other, and what the model makes of them. */
struct ids {
    int32_t words[MOST_TOKENS], types[MOST_TOKENS];
    uint32_t lengths[TEST_TEXTS];
    size_t count;
};

static void read_ids(const struct test_bench *bench, struct ids *ids) {
    *ids = (struct ids){ 0 };
    for (size_t i = 0; i < TEST_TEXTS; i++) {
        tuff_encodings *encodings = NULL;
        test_ok(tuff_encode(tuff_model_tokenizer(bench->model), test_texts[i], NULL, NULL, &encodings));
        const tuff_encoding *encoding = tuff_encodings_get(encodings, 0);
        cr_assert_leq(ids->count + encoding->count, (size_t)MOST_TOKENS);
        memcpy(ids->words + ids->count, encoding->input_ids, encoding->count * sizeof(int32_t));
        ids->lengths[i] = (uint32_t)encoding->count;
        ids->count += encoding->count;
        tuff_encodings_free(encodings);
    }
}

static tuff_vulkan_buffer place(void *buffer, uint64_t offset, uint64_t length) {
    tuff_vulkan_buffer place = TUFF_VULKAN_BUFFER;
    place.buffer = buffer;
    place.offset = offset;
    place.length = length;
    return place;
}

static void expect(const struct test_bench *bench, const float *vectors, const char *what) {
    cr_assert_eq(memcmp(vectors, bench->expected, sizeof bench->expected), 0, "%s: other vectors", what);
}

/* The renderer writes ids, tuff makes vectors of them behind them, the renderer reads those: three times. */
static void pass_to_and_fro(struct test_bench *bench, VkSemaphoreType kind) {
    struct test_host *host = &bench->host;
    struct test_host_buffer buffer;
    struct ids ids;
    const bool is_timeline = kind == VK_SEMAPHORE_TYPE_TIMELINE;
    VkSemaphore semaphores[4]; /* ids written, ids read, place free, vectors written */
    for (size_t i = 0; i < 4; i++)
        semaphores[i] = test_semaphore(host, kind);
    read_ids(bench, &ids);
    test_host_buffer_create(host, VECTORS + sizeof bench->expected, false, &buffer);
    tuff_vulkan_buffer from = place(buffer.handle, OFFSET, ids.count * 4);
    tuff_vulkan_buffer to = place(buffer.handle, VECTORS, sizeof bench->expected);
    from.wait_semaphore = semaphores[0];
    from.signal_semaphore = semaphores[1];
    to.wait_semaphore = semaphores[2];
    to.signal_semaphore = semaphores[3];
    tuff_vulkan_tokens tokens = TUFF_VULKAN_TOKENS;
    tokens.input_ids = &from;
    tokens.lengths = ids.lengths;
    tokens.count = TEST_TEXTS;
    for (uint64_t value = 1; value <= 3; value++) {
        memset(buffer.map, 0xee, buffer.size);
        memcpy((char *)buffer.map + OFFSET, ids.words, ids.count * 4);
        test_submit(host, VK_NULL_HANDLE, semaphores[0], value);
        test_submit(host, VK_NULL_HANDLE, semaphores[2], value);
        from.wait_value = from.signal_value = to.wait_value = to.signal_value = is_timeline ? value : 0;
        test_ok(tuff_embed_tokens_into(bench->model, &tokens, NULL, &to));
        test_submit(host, semaphores[1], VK_NULL_HANDLE, value);
        test_submit(host, semaphores[3], VK_NULL_HANDLE, value);
        host->vkDeviceWaitIdle(host->device);
        expect(bench, (const float *)(const void *)((char *)buffer.map + VECTORS), "in the buffer");
    }
    for (size_t i = 0; i < 4; i++)
        host->vkDestroySemaphore(host->device, semaphores[i], NULL);
    test_host_buffer_destroy(host, &buffer);
}

Test(api_tokens, ids_come_from_the_callers_buffer_between_its_semaphores) {
    struct test_bench bench;
    test_bench_open(&bench);
    pass_to_and_fro(&bench, VK_SEMAPHORE_TYPE_BINARY);
    pass_to_and_fro(&bench, VK_SEMAPHORE_TYPE_TIMELINE);
    test_bench_close(&bench);
}

/* Many sequences of all lengths, so that there are several batches, in the order that they were given in. */
Test(api_tokens, batches_keep_the_order_of_the_sequences) {
    enum { COUNT = 150 };
    struct test_bench bench;
    struct test_host_buffer buffer;
    struct ids ids;
    uint32_t lengths[COUNT];
    static float vectors[COUNT * TEST_SIZE];
    test_bench_open(&bench);
    read_ids(&bench, &ids);
    test_host_buffer_create(&bench.host, COUNT * ids.count * 4, false, &buffer);
    int32_t *at = buffer.map;
    for (size_t i = 0; i < COUNT; i++) { /* each text in its turn */
        size_t first = 0;
        for (size_t j = 0; j < i % TEST_TEXTS; j++)
            first += ids.lengths[j];
        lengths[i] = ids.lengths[i % TEST_TEXTS];
        memcpy(at, ids.words + first, lengths[i] * 4);
        at += lengths[i];
    }
    const tuff_vulkan_buffer from = place(buffer.handle, 0, buffer.size);
    tuff_vulkan_tokens tokens = TUFF_VULKAN_TOKENS;
    tokens.input_ids = &from;
    tokens.lengths = lengths;
    tokens.count = COUNT;
    test_ok(tuff_embed_tokens(bench.model, &tokens, NULL, vectors));
    for (size_t i = 0; i < (size_t)COUNT * TEST_SIZE; i++) {
        const float wanted = bench.expected[i / TEST_SIZE % TEST_TEXTS * TEST_SIZE + i % TEST_SIZE];
        cr_assert_lt(fabsf(vectors[i] - wanted), 1e-6f, "number %zu of sequence %zu", i % TEST_SIZE,
                     i / TEST_SIZE);
    }
    test_host_buffer_destroy(&bench.host, &buffer);
    test_bench_close(&bench);
}

/* The first row of tuff_forward's last hidden state, which pooling by [CLS] gives. */
static void read_first_row(const struct test_bench *bench, const int32_t *words, const int32_t *types,
                           size_t count, float *out_row) {
    tuff_arrays *inputs = NULL, *outputs = NULL;
    test_ok(tuff_arrays_create(NULL, &inputs));
    test_ok(tuff_arrays_add(inputs, &(tuff_array){ "input_ids", TUFF_I32, 2, { 1, count }, words }));
    test_ok(tuff_arrays_add(inputs, &(tuff_array){ "token_type_ids", TUFF_I32, 2, { 1, count }, types }));
    test_ok(tuff_forward(bench->model, inputs, NULL, &outputs));
    memcpy(out_row, tuff_arrays_find(outputs, "last_hidden_state")->data, TEST_SIZE * sizeof *out_row);
    tuff_arrays_free(inputs);
    tuff_arrays_free(outputs);
}

Test(api_tokens, segments_have_a_buffer_of_their_own) {
    enum { LENGTH = 7, TYPES = 256 };
    static const int32_t words[LENGTH] = { 2, 11, 12, 3, 40, 41, 3 }, types[LENGTH] = { 0, 0, 0, 0, 1, 1, 1 };
    const uint32_t length = LENGTH;
    struct test_bench bench;
    struct test_host_buffer buffer;
    float wanted[TEST_SIZE], without[TEST_SIZE], vector[TEST_SIZE];
    tuff_embed_options options = TUFF_EMBED_OPTIONS;
    tuff_vulkan_tokens tokens = TUFF_VULKAN_TOKENS;
    test_bench_open(&bench);
    test_host_buffer_create(&bench.host, 2 * TYPES, false, &buffer);
    memcpy(buffer.map, words, sizeof words);
    memcpy((char *)buffer.map + TYPES, types, sizeof types);
    const tuff_vulkan_buffer from = place(buffer.handle, 0, sizeof words);
    const tuff_vulkan_buffer segments = place(buffer.handle, TYPES, sizeof types);
    options.pooling = TUFF_POOLING_CLS;
    options.normalize = 0;
    tokens.input_ids = &from;
    tokens.lengths = &length;
    tokens.count = 1;
    test_ok(tuff_embed_tokens(bench.model, &tokens, &options, without));
    tokens.token_type_ids = &segments;
    test_ok(tuff_embed_tokens(bench.model, &tokens, &options, vector));
    read_first_row(&bench, words, types, LENGTH, wanted);
    for (size_t i = 0; i < TEST_SIZE; i++)
        cr_assert_lt(fabsf(vector[i] - wanted[i]), 1e-5f, "%zu: %g, not %g", i, vector[i], wanted[i]);
    cr_assert_neq(memcmp(vector, without, sizeof vector), 0);
    test_host_buffer_destroy(&bench.host, &buffer);
    test_bench_close(&bench);
}

/* What the host cannot see is told by the device; the semaphore is signalled all the same, and the model goes on. */
Test(api_tokens, a_token_that_is_none_is_refused) {
    static const int32_t wrong_words[] = { -1, 151, INT32_MIN, INT32_MAX };
    struct test_bench bench;
    struct test_host_buffer buffer;
    struct ids ids;
    static float vectors[TEST_TEXTS * TEST_SIZE];
    test_bench_open(&bench);
    read_ids(&bench, &ids);
    test_host_buffer_create(&bench.host, 2 * VECTORS, false, &buffer);
    int32_t *words = buffer.map;
    int32_t *types = words + VECTORS / 4;
    memcpy(words, ids.words, sizeof ids.words);
    memcpy(types, ids.types, sizeof ids.types);
    tuff_vulkan_buffer from = place(buffer.handle, 0, ids.count * 4);
    const tuff_vulkan_buffer segments = place(buffer.handle, VECTORS, ids.count * 4);
    tuff_vulkan_tokens tokens = TUFF_VULKAN_TOKENS;
    tokens.input_ids = &from;
    tokens.token_type_ids = &segments;
    tokens.lengths = ids.lengths;
    tokens.count = TEST_TEXTS;
    VkSemaphore read = test_semaphore(&bench.host, VK_SEMAPHORE_TYPE_BINARY);
    from.signal_semaphore = read;
    for (size_t i = 0; i < sizeof wrong_words / sizeof wrong_words[0]; i++) {
        words[ids.lengths[0] + 1] = wrong_words[i];
        cr_assert_eq(tuff_embed_tokens(bench.model, &tokens, NULL, vectors), TUFF_FORMAT);
        cr_assert_str_eq(tuff_error_message(), "token 2 of sequence 2 is none of the model's 151");
        test_submit(&bench.host, read, VK_NULL_HANDLE, 0);
    }
    from.signal_semaphore = NULL;
    words[ids.lengths[0] + 1] = ids.words[ids.lengths[0] + 1];
    types[0] = 2;
    cr_assert_eq(tuff_embed_tokens(bench.model, &tokens, NULL, vectors), TUFF_FORMAT);
    cr_assert_str_eq(tuff_error_message(), "the segment of token 1 of sequence 1 is none of the model's 2");
    types[0] = 0;
    test_ok(tuff_embed_tokens(bench.model, &tokens, NULL, vectors));
    expect(&bench, vectors, "afterwards");
    bench.host.vkDeviceWaitIdle(bench.host.device);
    bench.host.vkDestroySemaphore(bench.host.device, read, NULL);
    test_host_buffer_destroy(&bench.host, &buffer);
    test_bench_close(&bench);
}

/* Nothing is waited for or signalled then: the validation layer would object at the second call. */
Test(api_tokens, what_cannot_be_is_refused_before_anything_runs) {
    struct test_bench bench;
    struct test_host_buffer buffer;
    float vectors[2 * TEST_SIZE];
    uint32_t lengths[2] = { 3, 0 };
    test_bench_open(&bench);
    test_host_buffer_create(&bench.host, VECTORS, false, &buffer);
    memset(buffer.map, 0, buffer.size);
    VkSemaphore semaphore = test_semaphore(&bench.host, VK_SEMAPHORE_TYPE_BINARY);
    tuff_vulkan_buffer from = place(buffer.handle, 0, 5 * 4);
    tuff_vulkan_buffer to = place(buffer.handle, 0, sizeof vectors - 4);
    tuff_embed_options options = TUFF_EMBED_OPTIONS;
    tuff_vulkan_tokens tokens = TUFF_VULKAN_TOKENS;
    from.signal_semaphore = semaphore;
    tokens.count = 2;
    cr_assert_eq(tuff_embed_tokens(bench.model, &tokens, NULL, vectors), TUFF_ARGUMENT); /* no ids */
    tokens.input_ids = &from;
    cr_assert_eq(tuff_embed_tokens(bench.model, &tokens, NULL, vectors), TUFF_ARGUMENT); /* no lengths */
    tokens.lengths = lengths;
    cr_assert_eq(tuff_embed_tokens(bench.model, NULL, NULL, vectors), TUFF_ARGUMENT);
    cr_assert_eq(tuff_embed_tokens(bench.model, &tokens, NULL, NULL), TUFF_ARGUMENT);
    cr_assert_eq(tuff_embed_tokens_into(bench.model, &tokens, NULL, NULL), TUFF_ARGUMENT);
    cr_assert_eq(tuff_embed_tokens(bench.model, &tokens, NULL, vectors), TUFF_ARGUMENT); /* a length of 0 */
    lengths[1] = 49;
    cr_assert_eq(tuff_embed_tokens(bench.model, &tokens, NULL, vectors),
                 TUFF_ARGUMENT); /* positions for 48 */
    cr_assert_str_eq(tuff_error_message(), "sequence 2 has 49 tokens; 1 to 48 are possible");
    lengths[1] = 3;
    cr_assert_eq(tuff_embed_tokens(bench.model, &tokens, NULL, vectors), TUFF_ARGUMENT); /* 5 ids, not 6 */
    from.length = 6 * 4;
    options.max_length = 2;
    cr_assert_eq(tuff_embed_tokens(bench.model, &tokens, &options, vectors), TUFF_ARGUMENT);
    cr_assert_eq(tuff_embed_tokens_into(bench.model, &tokens, NULL, &to),
                 TUFF_ARGUMENT); /* too little room */
    test_ok(tuff_embed_tokens(bench.model, &tokens, NULL, vectors));
    test_submit(&bench.host, semaphore, VK_NULL_HANDLE, 0);
    tokens.count = 0;
    tokens.input_ids = NULL;
    test_ok(tuff_embed_tokens(bench.model, &tokens, NULL, NULL));
    bench.host.vkDeviceWaitIdle(bench.host.device);
    bench.host.vkDestroySemaphore(bench.host.device, semaphore, NULL);
    test_host_buffer_destroy(&bench.host, &buffer);
    test_bench_close(&bench);
}

/* Ids in memory of another VkDevice, where the driver has that; vectors go there too. */
Test(api_tokens, ids_come_from_memory_of_another_device) {
    struct test_bench bench;
    struct test_host other;
    struct test_host_buffer buffer;
    struct ids ids;
    test_bench_open(&bench);
    if (!test_bench_shares(&bench)) {
        test_bench_close(&bench);
        return;
    }
    read_ids(&bench, &ids);
    test_host_open(&other, "");
    test_host_buffer_create(&other, VECTORS + sizeof bench.expected, true, &buffer);
    memcpy(buffer.map, ids.words, sizeof ids.words);
    tuff_shared_buffer *shared = test_share(&bench, &other, &buffer);
    const tuff_vulkan_buffer from = place(tuff_shared_buffer_handle(shared), 0, ids.count * 4);
    const tuff_vulkan_buffer to = place(tuff_shared_buffer_handle(shared), VECTORS, sizeof bench.expected);
    tuff_vulkan_tokens tokens = TUFF_VULKAN_TOKENS;
    tokens.input_ids = &from;
    tokens.lengths = ids.lengths;
    tokens.count = TEST_TEXTS;
    test_ok(tuff_embed_tokens_into(bench.model, &tokens, NULL, &to));
    expect(&bench, (const float *)(const void *)((char *)buffer.map + VECTORS), "in the other's memory");
    tuff_shared_buffer_close(shared);
    test_host_buffer_destroy(&other, &buffer);
    test_bench_close(&bench);
    test_host_close(&other);
}
