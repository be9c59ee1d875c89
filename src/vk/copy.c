/* SPDX-License-Identifier: Apache-2.0 */
#include "vk/copy.h"

tuff_status tuff_copy_prepare(struct tuff_device *device, const char *what, VkCommandPool *inout_pool,
                              VkCommandBuffer *inout_commands) {
    const VkCommandPoolCreateInfo pool = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
        .flags = VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT,
        .queueFamilyIndex = device->queue_family,
    };
    if (!*inout_pool)
        TUFF_TRY(tuff_device_result(
            device, device->table.vkCreateCommandPool(device->handle, &pool, NULL, inout_pool), what));
    const VkCommandBufferAllocateInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
        .commandPool = *inout_pool,
        .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
        .commandBufferCount = 1,
    };
    if (*inout_commands)
        return TUFF_OK;
    return tuff_device_result(
        device, device->table.vkAllocateCommandBuffers(device->handle, &info, inout_commands), what);
}

tuff_status tuff_copy_begin(struct tuff_device *device, const char *what, VkCommandBuffer commands,
                            VkBuffer from, VkBuffer to, const VkBufferCopy *regions, uint32_t count) {
    const VkCommandBufferBeginInfo begin = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
        .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT,
    };
    const VkMemoryBarrier before = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
        .srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT,
        .dstAccessMask = VK_ACCESS_TRANSFER_READ_BIT | VK_ACCESS_TRANSFER_WRITE_BIT,
    };
    TUFF_TRY(tuff_device_result(device, device->table.vkBeginCommandBuffer(commands, &begin), what));
    device->table.vkCmdPipelineBarrier(commands,
                                       VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT,
                                       VK_PIPELINE_STAGE_TRANSFER_BIT, 0, 1, &before, 0, NULL, 0, NULL);
    device->table.vkCmdCopyBuffer(commands, from, to, count, regions);
    return TUFF_OK;
}

tuff_status tuff_copy_end(struct tuff_device *device, const char *what, VkCommandBuffer commands,
                          VkPipelineStageFlags stages, const VkMemoryBarrier *barrier) {
    device->table.vkCmdPipelineBarrier(commands, VK_PIPELINE_STAGE_TRANSFER_BIT, stages, 0, 1, barrier, 0,
                                       NULL, 0, NULL);
    return tuff_device_result(device, device->table.vkEndCommandBuffer(commands), what);
}
