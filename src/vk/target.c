/* SPDX-License-Identifier: Apache-2.0 */
#include "vk/target.h"

#include "base/memory.h"
#include "vk/buffer.h"

static tuff_status check(const struct tuff_device *device, const tuff_vulkan_buffer *to, uint64_t size) {
    const bool has_values =
        (to->wait_semaphore && to->wait_value) || (to->signal_semaphore && to->signal_value);
    if (!to->buffer || to->offset % 4 != 0)
        return tuff_fail(TUFF_ARGUMENT,
                         "tuff_vulkan_buffer: a buffer, and an offset that is a multiple of 4, are needed");
    if (size > to->length)
        return tuff_fail(TUFF_ARGUMENT,
                         "tuff_vulkan_buffer: %llu bytes are to be written, and there is room for %llu",
                         (unsigned long long)size, (unsigned long long)to->length);
    if (has_values && !device->features.timeline_semaphore)
        return tuff_fail(TUFF_ARGUMENT,
                         "tuff_vulkan_buffer: values are of timeline semaphores, which the device was "
                         "made without");
    return TUFF_OK;
}

tuff_status tuff_target_open(struct tuff_device *device, const tuff_vulkan_buffer *to, uint64_t size,
                             struct tuff_target *out_target) {
    *out_target = (struct tuff_target){ 0 };
    const VkCommandPoolCreateInfo pool = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
        .flags = VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT,
        .queueFamilyIndex = device->queue_family,
    };
    TUFF_TRY(check(device, to, size));
    *out_target = (struct tuff_target){ .device = device, .to = *to };
    TUFF_TRY(tuff_device_result(
        device, device->table.vkCreateCommandPool(device->handle, &pool, NULL, &out_target->pool), "a copy"));
    const VkCommandBufferAllocateInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
        .commandPool = out_target->pool,
        .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
        .commandBufferCount = 1,
    };
    return tuff_device_result(
        device, device->table.vkAllocateCommandBuffers(device->handle, &info, &out_target->commands),
        "a copy");
}

tuff_status tuff_target_add(struct tuff_target *target, uint64_t from, uint64_t at, uint64_t size) {
    TUFF_TRY(tuff_reserve(&target->regions, &target->region_capacity, target->region_count + 1,
                          sizeof *target->regions));
    target->regions[target->region_count++] =
        (VkBufferCopy){ .srcOffset = from, .dstOffset = target->to.offset + at, .size = size };
    return TUFF_OK;
}

static tuff_status record(struct tuff_target *target, VkBuffer from) {
    struct tuff_device *device = target->device;
    const VkCommandBufferBeginInfo begin = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
        .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT,
    };
    const VkPipelineStageFlags work = VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT;
    const VkMemoryBarrier before = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
        .srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT,
        .dstAccessMask = VK_ACCESS_TRANSFER_READ_BIT | VK_ACCESS_TRANSFER_WRITE_BIT,
    };
    /* Whatever the caller does with it next. */
    const VkMemoryBarrier after = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
        .srcAccessMask = VK_ACCESS_TRANSFER_READ_BIT | VK_ACCESS_TRANSFER_WRITE_BIT,
        .dstAccessMask = VK_ACCESS_MEMORY_READ_BIT | VK_ACCESS_MEMORY_WRITE_BIT,
    };
    TUFF_TRY(
        tuff_device_result(device, device->table.vkBeginCommandBuffer(target->commands, &begin), "a copy"));
    device->table.vkCmdPipelineBarrier(target->commands, work, VK_PIPELINE_STAGE_TRANSFER_BIT, 0, 1, &before,
                                       0, NULL, 0, NULL);
    device->table.vkCmdCopyBuffer(target->commands, from, target->to.buffer, (uint32_t)target->region_count,
                                  target->regions);
    device->table.vkCmdPipelineBarrier(target->commands, VK_PIPELINE_STAGE_TRANSFER_BIT,
                                       VK_PIPELINE_STAGE_ALL_COMMANDS_BIT | VK_PIPELINE_STAGE_HOST_BIT, 0, 1,
                                       &after, 0, NULL, 0, NULL);
    return tuff_device_result(device, device->table.vkEndCommandBuffer(target->commands), "a copy");
}

/* Submits, with the caller's semaphore the first time, and waits. */
static tuff_status run(struct tuff_target *target, struct tuff_submit *submit) {
    bool is_done = false;
    if (!target->has_waited)
        submit->wait = (struct tuff_semaphore){ target->to.wait_semaphore, target->to.wait_value };
    TUFF_TRY(tuff_queue_submit(target->device, submit, &target->ticket));
    target->has_waited = true;
    return tuff_queue_wait(target->device, &target->ticket, UINT64_MAX, &is_done);
}

tuff_status tuff_target_copy(struct tuff_target *target, const struct tuff_slice *from) {
    uint64_t size = 0;
    for (size_t i = 0; i < target->region_count; i++)
        size += target->regions[i].size;
    TUFF_TRY(record(target, from->buffer->handle));
    target->region_count = 0;
    return run(target, &(struct tuff_submit){ .commands = target->commands, .cost = size / 4 });
}

tuff_status tuff_target_close(struct tuff_target *target) {
    struct tuff_device *device = target->device;
    tuff_status status = TUFF_OK;
    if (!device)
        return TUFF_OK;
    if (target->commands && target->to.signal_semaphore)
        status =
            run(target,
                &(struct tuff_submit){ .signal = { target->to.signal_semaphore, target->to.signal_value } });
    tuff_ticket_free(device, &target->ticket);
    device->table.vkDestroyCommandPool(device->handle, target->pool, NULL);
    tuff_free(target->regions);
    *target = (struct tuff_target){ 0 };
    return status;
}
