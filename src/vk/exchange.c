/* SPDX-License-Identifier: Apache-2.0 */
#include "vk/exchange.h"

#include "base/memory.h"
#include "vk/buffer.h"
#include "vk/copy.h"

static tuff_status check(const struct tuff_device *device, const tuff_vulkan_buffer *place, uint64_t size) {
    const bool has_values =
        (place->wait_semaphore && place->wait_value) || (place->signal_semaphore && place->signal_value);
    if (!place->buffer || place->offset % 4 != 0)
        return tuff_fail(TUFF_ARGUMENT,
                         "tuff_vulkan_buffer: a buffer, and an offset that is a multiple of 4, are needed");
    if (size > place->length)
        return tuff_fail(TUFF_ARGUMENT, "tuff_vulkan_buffer: %llu bytes are needed, and there are %llu",
                         (unsigned long long)size, (unsigned long long)place->length);
    if (has_values && !device->features.timeline_semaphore)
        return tuff_fail(TUFF_ARGUMENT,
                         "tuff_vulkan_buffer: values are of timeline semaphores, which the device was "
                         "made without");
    return TUFF_OK;
}

tuff_status tuff_exchange_open(struct tuff_device *device, const tuff_vulkan_buffer *place, uint64_t size,
                               struct tuff_exchange *out_exchange) {
    *out_exchange = (struct tuff_exchange){ 0 };
    if (device->is_lost)
        return tuff_device_result(device, VK_ERROR_DEVICE_LOST, "a copy");
    TUFF_TRY(check(device, place, size));
    *out_exchange = (struct tuff_exchange){ .device = device, .place = *place };
    return TUFF_OK;
}

tuff_status tuff_exchange_add(struct tuff_exchange *exchange, uint64_t ours, uint64_t theirs, uint64_t size) {
    TUFF_TRY(tuff_reserve(&exchange->regions, &exchange->region_capacity, exchange->region_count + 1,
                          sizeof *exchange->regions));
    exchange->regions[exchange->region_count++] =
        (VkBufferCopy){ .srcOffset = ours, .dstOffset = exchange->place.offset + theirs, .size = size };
    return TUFF_OK;
}

static void turn_regions(struct tuff_exchange *exchange) {
    for (size_t i = 0; i < exchange->region_count; i++) {
        VkBufferCopy *region = &exchange->regions[i];
        *region = (VkBufferCopy){ region->dstOffset, region->srcOffset, region->size };
    }
}

static tuff_status wait(struct tuff_exchange *exchange) {
    bool is_done = false;
    return tuff_queue_wait(exchange->device, &exchange->ticket, UINT64_MAX, &is_done);
}

static tuff_status record(struct tuff_exchange *exchange, VkBuffer from, VkBuffer to) {
    struct tuff_device *device = exchange->device;
    /* Whatever the caller, or tuff, does with it next. */
    const VkMemoryBarrier after = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
        .srcAccessMask = VK_ACCESS_TRANSFER_READ_BIT | VK_ACCESS_TRANSFER_WRITE_BIT,
        .dstAccessMask = VK_ACCESS_MEMORY_READ_BIT | VK_ACCESS_MEMORY_WRITE_BIT,
    };
    TUFF_TRY(tuff_copy_begin(device, "a copy", exchange->commands, from, to, exchange->regions,
                             (uint32_t)exchange->region_count));
    return tuff_copy_end(device, "a copy", exchange->commands,
                         VK_PIPELINE_STAGE_ALL_COMMANDS_BIT | VK_PIPELINE_STAGE_HOST_BIT, &after);
}

/* Submits, with the caller's semaphore the first time. */
static tuff_status submit(struct tuff_exchange *exchange, struct tuff_submit *submit) {
    if (!exchange->has_waited)
        submit->wait = (struct tuff_semaphore){ exchange->place.wait_semaphore, exchange->place.wait_value };
    TUFF_TRY(tuff_queue_submit(exchange->device, submit, &exchange->ticket));
    exchange->has_waited = true;
    return TUFF_OK;
}

static tuff_status copy(struct tuff_exchange *exchange, VkBuffer from, VkBuffer to) {
    uint64_t size = 0;
    for (size_t i = 0; i < exchange->region_count; i++)
        size += exchange->regions[i].size;
    TUFF_TRY(tuff_copy_prepare(exchange->device, "a copy", &exchange->pool, &exchange->commands));
    TUFF_TRY(wait(exchange)); /* its commands may still be at work */
    TUFF_TRY(record(exchange, from, to));
    exchange->region_count = 0;
    return submit(exchange, &(struct tuff_submit){ .commands = exchange->commands, .cost = size / 4 });
}

tuff_status tuff_exchange_put(struct tuff_exchange *exchange, const struct tuff_slice *from) {
    TUFF_TRY(copy(exchange, from->buffer->handle, exchange->place.buffer));
    return wait(exchange);
}

tuff_status tuff_exchange_get(struct tuff_exchange *exchange, const struct tuff_slice *to) {
    turn_regions(exchange);
    TUFF_TRY(copy(exchange, exchange->place.buffer, to->buffer->handle));
    return exchange->device->is_paced ? wait(exchange) : TUFF_OK;
}

/* A semaphore alone, behind the copies. The caller will wait for it, so a submit that the driver cannot do now is tried
 * again. */
static tuff_status signal_end(struct tuff_exchange *exchange) {
    enum { TRIES = 8 };
    const struct tuff_semaphore signal = { exchange->place.signal_semaphore, exchange->place.signal_value };
    tuff_status status = TUFF_HOST_MEMORY;
    for (int i = 0; i < TRIES && (status == TUFF_HOST_MEMORY || status == TUFF_DEVICE_MEMORY); i++)
        status = submit(exchange, &(struct tuff_submit){ .signal = signal });
    return status;
}

static tuff_status end(struct tuff_exchange *exchange, bool signals) {
    TUFF_TRY(wait(exchange));
    if (!signals || !exchange->place.signal_semaphore)
        return TUFF_OK;
    TUFF_TRY(signal_end(exchange));
    return wait(exchange);
}

tuff_status tuff_exchange_close(struct tuff_exchange *exchange, tuff_status status) {
    struct tuff_device *device = exchange->device;
    if (!device)
        return status;
    const tuff_status ended = end(exchange, status != TUFF_ARGUMENT && status != TUFF_UNSUPPORTED);
    tuff_ticket_free(device, &exchange->ticket);
    device->table.vkDestroyCommandPool(device->handle, exchange->pool, NULL);
    tuff_free(exchange->regions);
    *exchange = (struct tuff_exchange){ 0 };
    return status == TUFF_OK ? ended : status;
}
