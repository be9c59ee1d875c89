/* SPDX-License-Identifier: Apache-2.0 */
#include "vk/staging.h"

#include <string.h>

#include "base/memory.h"
#include "vk/copy.h"
#include "vk/buffer.h"
#include "vk/queue.h"

static const uint64_t half_size = 8 << 20;

/* What one copy takes: a half, or less where a submit may not cost as much. */
static uint64_t chunk_size(const struct tuff_device *device) {
    const uint64_t smallest = 1 << 12;
    uint64_t bound = device->submit_cost < half_size / 4 ? device->submit_cost * 4 : half_size;
    return bound > smallest ? bound : smallest;
}

/* A half that is being copied, and for downloads where its bytes go next. */
struct half {
    struct tuff_buffer *buffer;
    VkCommandBuffer commands;
    struct tuff_ticket ticket;
    void *target;
    uint64_t size;
};

struct tuff_staging {
    struct tuff_device *device;
    struct tuff_mutex lock; /* one upload or download at a time */
    VkCommandPool pool;
    struct half halves[2];
    enum tuff_memory_kind kind; /* of the buffers there are */
};

tuff_status tuff_staging_create(struct tuff_device *device, struct tuff_staging **out_staging) {
    struct tuff_staging *staging = NULL;
    TUFF_TRY(tuff_alloc(1, sizeof *staging, &staging));
    tuff_status status = tuff_mutex_init(&staging->lock);
    if (status != TUFF_OK) {
        tuff_free(staging);
        return status;
    }
    staging->device = device;
    *out_staging = staging;
    return TUFF_OK;
}

static tuff_status finish(struct tuff_staging *staging, struct half *half) {
    bool is_done = false;
    TUFF_TRY(tuff_queue_wait(staging->device, &half->ticket, UINT64_MAX, &is_done));
    if (half->target) {
        const struct tuff_slice slice = { .buffer = half->buffer, .size = half->size };
        TUFF_TRY(tuff_slice_invalidate(&slice));
        memcpy(half->target, half->buffer->map, half->size);
    }
    half->target = NULL;
    return TUFF_OK;
}

static void drop_buffers(struct tuff_staging *staging) {
    for (size_t i = 0; i < 2; i++) {
        tuff_buffer_destroy(staging->halves[i].buffer);
        staging->halves[i].buffer = NULL;
    }
}

void tuff_staging_destroy(struct tuff_staging *staging) {
    if (!staging)
        return;
    struct tuff_device *device = staging->device;
    for (size_t i = 0; i < 2; i++) {
        staging->halves[i].target = NULL;
        finish(staging, &staging->halves[i]);
        tuff_ticket_free(device, &staging->halves[i].ticket);
    }
    drop_buffers(staging);
    device->table.vkDestroyCommandPool(device->handle, staging->pool, NULL);
    tuff_mutex_destroy(&staging->lock);
    tuff_free(staging);
}

/* Buffers are of the direction's own kind: reading uncached memory would be slow. */
static tuff_status prepare(struct tuff_staging *staging, enum tuff_memory_kind kind) {
    for (size_t i = 0; i < 2; i++)
        TUFF_TRY(tuff_copy_prepare(staging->device, "staging", &staging->pool, &staging->halves[i].commands));
    if (staging->kind != kind)
        drop_buffers(staging);
    staging->kind = kind;
    for (size_t i = 0; i < 2; i++)
        if (!staging->halves[i].buffer)
            TUFF_TRY(
                tuff_buffer_create(staging->device, kind, "staging", half_size, &staging->halves[i].buffer));
    return TUFF_OK;
}

/* Records and submits one copy, ordered after all work before it and before all work after it. */
static tuff_status copy(struct tuff_staging *staging, struct half *half, VkBuffer from, VkBuffer to,
                        const VkBufferCopy *region) {
    struct tuff_device *device = staging->device;
    const VkPipelineStageFlags work = VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT;
    const VkMemoryBarrier after = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
        .srcAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT,
        .dstAccessMask = VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT |
                         VK_ACCESS_TRANSFER_READ_BIT | VK_ACCESS_TRANSFER_WRITE_BIT | VK_ACCESS_HOST_READ_BIT,
    };
    TUFF_TRY(tuff_copy_begin(device, "staging", half->commands, from, to, region, 1));
    TUFF_TRY(tuff_copy_end(device, "staging", half->commands, work | VK_PIPELINE_STAGE_HOST_BIT, &after));
    const struct tuff_submit submit = { .commands = half->commands, .cost = region->size / 4 };
    return tuff_queue_submit(device, &submit, &half->ticket);
}

static tuff_status upload_chunk(struct tuff_staging *staging, struct half *half, VkBuffer to, uint64_t offset,
                                const void *data, uint64_t size) {
    const struct tuff_slice slice = { .buffer = half->buffer, .size = size };
    const VkBufferCopy region = { .srcOffset = 0, .dstOffset = offset, .size = size };
    TUFF_TRY(finish(staging, half));
    memcpy(half->buffer->map, data, size);
    TUFF_TRY(tuff_slice_flush(&slice));
    TUFF_TRY(copy(staging, half, half->buffer->handle, to, &region));
    return staging->device->is_paced ? finish(staging, half) : TUFF_OK;
}

static tuff_status download_chunk(struct tuff_staging *staging, struct half *half, VkBuffer from,
                                  uint64_t offset, void *data, uint64_t size) {
    const VkBufferCopy region = { .srcOffset = offset, .dstOffset = 0, .size = size };
    TUFF_TRY(finish(staging, half));
    TUFF_TRY(copy(staging, half, from, half->buffer->handle, &region));
    half->target = data;
    half->size = size;
    return staging->device->is_paced ? finish(staging, half) : TUFF_OK;
}

/* Ends both halves; after a failure nothing may go to the caller's memory any more. */
static tuff_status settle(struct tuff_staging *staging, tuff_status status) {
    for (size_t i = 0; i < 2; i++) {
        if (status != TUFF_OK)
            staging->halves[i].target = NULL;
        tuff_status end = finish(staging, &staging->halves[i]);
        status = status == TUFF_OK ? end : status;
        staging->halves[i].target = NULL;
    }
    return status;
}

static tuff_status upload_staged(struct tuff_staging *staging, VkBuffer to, uint64_t offset,
                                 const unsigned char *data, uint64_t size) {
    TUFF_TRY(prepare(staging, TUFF_MEMORY_UPLOAD));
    const uint64_t most = chunk_size(staging->device);
    for (uint64_t done = 0, chunk = 0; done < size; done += most, chunk++) {
        uint64_t now = size - done < most ? size - done : most;
        TUFF_TRY(upload_chunk(staging, &staging->halves[chunk % 2], to, offset + done, data + done, now));
    }
    return TUFF_OK;
}

static tuff_status download_staged(struct tuff_staging *staging, VkBuffer from, uint64_t offset,
                                   unsigned char *data, uint64_t size) {
    TUFF_TRY(prepare(staging, TUFF_MEMORY_DOWNLOAD));
    const uint64_t most = chunk_size(staging->device);
    for (uint64_t done = 0, chunk = 0; done < size; done += most, chunk++) {
        uint64_t now = size - done < most ? size - done : most;
        TUFF_TRY(download_chunk(staging, &staging->halves[chunk % 2], from, offset + done, data + done, now));
    }
    return TUFF_OK;
}

static tuff_status check_copy(struct tuff_device *device, const struct tuff_slice *slice, uint64_t offset,
                              uint64_t size) {
    if (device->is_lost)
        return tuff_device_result(device, VK_ERROR_DEVICE_LOST, "a copy");
    if (offset > slice->size || size > slice->size - offset)
        return tuff_fail(TUFF_ARGUMENT, "a copy of %llu bytes at %llu exceeds a slice of %llu",
                         (unsigned long long)size, (unsigned long long)offset,
                         (unsigned long long)slice->size);
    return TUFF_OK;
}

tuff_status tuff_upload(struct tuff_device *device, const struct tuff_slice *to, uint64_t offset,
                        const void *data, uint64_t size) {
    const struct tuff_slice part = { .buffer = to->buffer, .offset = to->offset + offset, .size = size };
    TUFF_TRY(check_copy(device, to, offset, size));
    if (size == 0)
        return TUFF_OK;
    if (to->buffer->map) {
        memcpy(tuff_slice_map(&part), data, size);
        return tuff_slice_flush(&part);
    }
    tuff_mutex_lock(&device->staging->lock);
    tuff_status status = upload_staged(device->staging, part.buffer->handle, part.offset, data, size);
    status = settle(device->staging, status);
    tuff_mutex_unlock(&device->staging->lock);
    return status;
}

tuff_status tuff_download(struct tuff_device *device, const struct tuff_slice *from, uint64_t offset,
                          void *data, uint64_t size) {
    const struct tuff_slice part = { .buffer = from->buffer, .offset = from->offset + offset, .size = size };
    TUFF_TRY(check_copy(device, from, offset, size));
    if (size == 0)
        return TUFF_OK;
    /* Uncached memory is read by the device's copy: from the host it comes word by word over the bus. */
    if (from->buffer->map && from->buffer->is_cached) {
        TUFF_TRY(tuff_slice_invalidate(&part));
        memcpy(data, tuff_slice_map(&part), size);
        return TUFF_OK;
    }
    tuff_mutex_lock(&device->staging->lock);
    tuff_status status = download_staged(device->staging, part.buffer->handle, part.offset, data, size);
    status = settle(device->staging, status);
    tuff_mutex_unlock(&device->staging->lock);
    return status;
}
