/* SPDX-License-Identifier: Apache-2.0 */
/* The host program's frame: its device, its compute pass, and the end of both. */
#include "headless.h"

static bool record_pass(struct headless *headless) {
    const VkCommandPoolCreateInfo pool = { .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
                                           .queueFamilyIndex = headless->family };
    const VkFenceCreateInfo fence = { .sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO };
    const VkCommandBufferBeginInfo begin = { .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO };
    /* Each pass reads what the one before wrote, and the host reads the last. */
    const VkMemoryBarrier order = { .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
                                    .srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT,
                                    .dstAccessMask = VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT |
                                                     VK_ACCESS_HOST_READ_BIT };
    if (vkCreateCommandPool(headless->device, &pool, NULL, &headless->pool) != VK_SUCCESS ||
        vkCreateFence(headless->device, &fence, NULL, &headless->fence) != VK_SUCCESS)
        return false;
    const VkCommandBufferAllocateInfo info = { .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
                                               .commandPool = headless->pool,
                                               .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
                                               .commandBufferCount = 1 };
    if (vkAllocateCommandBuffers(headless->device, &info, &headless->commands) != VK_SUCCESS ||
        vkBeginCommandBuffer(headless->commands, &begin) != VK_SUCCESS)
        return false;
    vkCmdBindPipeline(headless->commands, VK_PIPELINE_BIND_POINT_COMPUTE, headless->pipeline);
    vkCmdBindDescriptorSets(headless->commands, VK_PIPELINE_BIND_POINT_COMPUTE, headless->layout, 0, 1,
                            &headless->set, 0, NULL);
    vkCmdDispatch(headless->commands, HEADLESS_NUMBERS / 64, 1, 1);
    vkCmdPipelineBarrier(headless->commands, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT,
                         VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_HOST_BIT, 0, 1, &order, 0,
                         NULL, 0, NULL);
    return vkEndCommandBuffer(headless->commands) == VK_SUCCESS;
}

bool headless_make_device(struct headless *headless, VkDeviceCreateInfo *info) {
    static const float priority = 1;
    const VkDeviceQueueCreateInfo queue = { .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
                                            .queueFamilyIndex = headless->family,
                                            .queueCount = 1,
                                            .pQueuePriorities = &priority };
    info->queueCreateInfoCount = 1;
    info->pQueueCreateInfos = &queue;
    bool is_made = vkCreateDevice(headless->physical, info, NULL, &headless->device) == VK_SUCCESS;
    info->queueCreateInfoCount = 0;
    info->pQueueCreateInfos = NULL;
    if (!is_made)
        return false;
    vkGetDeviceQueue(headless->device, headless->family, 0, &headless->queue);
    return headless_make_pass(headless) && record_pass(headless);
}

bool headless_submit_pass(struct headless *headless) {
    const VkSubmitInfo info = { .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
                                .commandBufferCount = 1,
                                .pCommandBuffers = &headless->commands };
    return vkQueueSubmit(headless->queue, 1, &info, headless->fence) == VK_SUCCESS;
}

bool headless_wait_for_pass(struct headless *headless) {
    return vkWaitForFences(headless->device, 1, &headless->fence, VK_TRUE, UINT64_MAX) == VK_SUCCESS &&
           vkResetFences(headless->device, 1, &headless->fence) == VK_SUCCESS;
}

void headless_end(struct headless *headless) {
    if (headless->device) {
        vkDestroyFence(headless->device, headless->fence, NULL);
        vkDestroyCommandPool(headless->device, headless->pool, NULL);
        vkDestroyPipeline(headless->device, headless->pipeline, NULL);
        vkDestroyPipelineLayout(headless->device, headless->layout, NULL);
        vkDestroyDescriptorPool(headless->device, headless->descriptors, NULL);
        vkDestroyDescriptorSetLayout(headless->device, headless->set_layout, NULL);
        vkDestroyBuffer(headless->device, headless->buffer, NULL);
        vkFreeMemory(headless->device, headless->memory, NULL);
        vkDestroyDevice(headless->device, NULL);
    }
    if (headless->instance)
        vkDestroyInstance(headless->instance, NULL);
}
