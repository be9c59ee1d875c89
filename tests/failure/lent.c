/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "failure/lent.h"

#include <criterion/criterion.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

const tuff_text lent_texts[LENT_TEXTS] = { { "a b c", 5 }, { "d", 1 } };
static const int32_t ids[] = { 2, 43, 44, 45, 3, 2, 46, 3 };
static const uint32_t lengths[LENT_TEXTS] = { 5, 3 };

enum { REGION = 256, SIZE = (LENT_VECTORS + 2) * REGION }; /* the vectors lie last */

static bool can_share(const struct lent *lent) {
    size_t count = 0;
    const char *const *extensions = tuff_vulkan_wishes_extensions(lent->host.wishes, &count);
    for (size_t i = 0; i < count; i++)
        if (strcmp(extensions[i], VK_KHR_EXTERNAL_MEMORY_FD_EXTENSION_NAME) == 0)
            return true;
    return false;
}

void lent_open(struct lent *lent, const char *disable) {
    *lent = (struct lent){ 0 };
    test_host_open(&lent->host, disable);
    test_host_buffer_create(&lent->host, SIZE, can_share(lent), &lent->buffer);
    memset(lent->buffer.map, 0, SIZE);
    memcpy(lent->buffer.map, ids, sizeof ids);
    for (size_t i = 0; i < LENT_PLACES && !strstr(disable, "timeline_semaphore"); i++) {
        lent->waits[i] = test_semaphore(&lent->host, VK_SEMAPHORE_TYPE_TIMELINE);
        lent->signals[i] = test_semaphore(&lent->host, VK_SEMAPHORE_TYPE_TIMELINE);
    }
}

void lent_close(struct lent *lent) {
    for (size_t i = 0; i < LENT_PLACES; i++) {
        lent->host.vkDestroySemaphore(lent->host.device, lent->waits[i], NULL);
        lent->host.vkDestroySemaphore(lent->host.device, lent->signals[i], NULL);
    }
    test_host_buffer_destroy(&lent->host, &lent->buffer);
    test_host_close(&lent->host);
}

tuff_status lent_share(struct lent *lent, tuff_context *context) {
    const struct test_host_buffer *buffer = &lent->buffer;
    if (lent->shared || !can_share(lent))
        return TUFF_OK;
    const int fd = test_host_export(&lent->host, buffer);
    const tuff_status status = tuff_shared_buffer_open(context, fd, buffer->memory_size, buffer->memory_type,
                                                       buffer->size, &lent->shared);
    if (status != TUFF_OK) {
        cr_assert_null(lent->shared);
        cr_assert_eq(close(fd), 0, "the descriptor is the program's still");
    }
    return status;
}

void lent_unshare(struct lent *lent) {
    tuff_shared_buffer_close(lent->shared);
    lent->shared = NULL;
}

/* The program is done with a part of the buffer. */
static tuff_vulkan_buffer hand_over(struct lent *lent, enum lent_place place, uint64_t length) {
    tuff_vulkan_buffer part = TUFF_VULKAN_BUFFER;
    part.buffer = lent->buffer.handle;
    part.offset = place * REGION;
    part.length = length;
    if (!lent->waits[place])
        return part;
    const VkSemaphoreSignalInfo info = { .sType = VK_STRUCTURE_TYPE_SEMAPHORE_SIGNAL_INFO,
                                         .semaphore = lent->waits[place],
                                         .value = lent->value };
    cr_assert_eq(lent->host.vkSignalSemaphore(lent->host.device, &info), VK_SUCCESS);
    part.wait_semaphore = lent->waits[place];
    part.signal_semaphore = lent->signals[place];
    part.wait_value = part.signal_value = lent->value;
    return part;
}

/* And takes it back, whatever became of the call; unless the device is lost. It looks by itself: waits are what fails here. */
static void take_back(struct lent *lent, enum lent_place place, tuff_status status) {
    enum { TRIES = 10000, PAUSE_NS = 1000000 };
    uint64_t value = 0;
    if (!lent->signals[place] || status == TUFF_DEVICE_LOST)
        return;
    for (int i = 0; i < TRIES && value != lent->value; i++) {
        if (i > 0)
            nanosleep(&(struct timespec){ .tv_nsec = PAUSE_NS }, NULL);
        cr_assert_eq(lent->host.vkGetSemaphoreCounterValue(lent->host.device, lent->signals[place], &value),
                     VK_SUCCESS);
    }
    cr_assert_eq(value, lent->value, "status %d: the semaphore of place %d is not signalled", (int)status,
                 (int)place);
}

static void check_placed(const struct lent *lent, const float *vectors) {
    const float *placed = (const float *)(const void *)((char *)lent->buffer.map + LENT_VECTORS * REGION);
    for (size_t i = 0; i < LENT_NUMBERS; i++)
        cr_assert_float_eq(placed[i], vectors[i], 1e-5, "number %d in the buffer", (int)i);
}

/* To `out_vectors` or, where that is NULL, into the buffer. */
static tuff_status embed_tokens(struct lent *lent, tuff_model *model, float *out_vectors) {
    lent->value++;
    const tuff_vulkan_buffer words = hand_over(lent, LENT_IDS, sizeof ids);
    const tuff_vulkan_buffer types = hand_over(lent, LENT_TYPES, sizeof ids);
    tuff_vulkan_tokens tokens = TUFF_VULKAN_TOKENS;
    tokens.input_ids = &words;
    tokens.token_type_ids = &types;
    tokens.lengths = lengths;
    tokens.count = LENT_TEXTS;
    if (out_vectors)
        return tuff_embed_tokens(model, &tokens, NULL, out_vectors);
    const tuff_vulkan_buffer to = hand_over(lent, LENT_VECTORS, LENT_NUMBERS * sizeof(float));
    return tuff_embed_tokens_into(model, &tokens, NULL, &to);
}

tuff_status lent_embed_tokens(struct lent *lent, tuff_model *model, float *out_vectors) {
    const tuff_status status = embed_tokens(lent, model, out_vectors);
    take_back(lent, LENT_IDS, status);
    take_back(lent, LENT_TYPES, status);
    return status;
}

tuff_status lent_embed_tokens_into(struct lent *lent, tuff_model *model, const float *vectors) {
    const tuff_status status = embed_tokens(lent, model, NULL);
    for (int place = 0; place < LENT_PLACES; place++)
        take_back(lent, (enum lent_place)place, status);
    if (status == TUFF_OK)
        check_placed(lent, vectors);
    return status;
}

tuff_status lent_embed_into(struct lent *lent, tuff_model *model, const float *vectors) {
    lent->value++;
    tuff_vulkan_buffer to = hand_over(lent, LENT_VECTORS, LENT_NUMBERS * sizeof(float));
    if (lent->shared)
        to.buffer = tuff_shared_buffer_handle(lent->shared);
    const tuff_status status = tuff_embed_into(model, lent_texts, LENT_TEXTS, NULL, &to, NULL);
    take_back(lent, LENT_VECTORS, status);
    if (status == TUFF_OK)
        check_placed(lent, vectors);
    return status;
}
