/* SPDX-License-Identifier: Apache-2.0 */
/* The Vulkan functions that the layer stands before: all that tuff calls and that can fail, and those that end
 * what they made. In each the first parameter is called `d`: it leads to the functions of the next layer. */
#ifndef TUFF_TESTS_LAYER_CALLS_H
#define TUFF_TESTS_LAYER_CALLS_H

/* X(create, destroy, handle, info): one object each. */
#define LAYER_OBJECTS(X)                                                                                     \
    X(vkAllocateMemory, vkFreeMemory, VkDeviceMemory, VkMemoryAllocateInfo)                                  \
    X(vkCreateBuffer, vkDestroyBuffer, VkBuffer, VkBufferCreateInfo)                                         \
    X(vkCreateCommandPool, vkDestroyCommandPool, VkCommandPool, VkCommandPoolCreateInfo)                     \
    X(vkCreateDescriptorPool, vkDestroyDescriptorPool, VkDescriptorPool, VkDescriptorPoolCreateInfo)         \
    X(vkCreateDescriptorSetLayout, vkDestroyDescriptorSetLayout, VkDescriptorSetLayout,                      \
      VkDescriptorSetLayoutCreateInfo)                                                                       \
    X(vkCreateFence, vkDestroyFence, VkFence, VkFenceCreateInfo)                                             \
    X(vkCreatePipelineCache, vkDestroyPipelineCache, VkPipelineCache, VkPipelineCacheCreateInfo)             \
    X(vkCreatePipelineLayout, vkDestroyPipelineLayout, VkPipelineLayout, VkPipelineLayoutCreateInfo)         \
    X(vkCreateQueryPool, vkDestroyQueryPool, VkQueryPool, VkQueryPoolCreateInfo)                             \
    X(vkCreateSemaphore, vkDestroySemaphore, VkSemaphore, VkSemaphoreCreateInfo)                             \
    X(vkCreateShaderModule, vkDestroyShaderModule, VkShaderModule, VkShaderModuleCreateInfo)

/* X(name, parameters, arguments): calls on a device, a queue or a command buffer. */
#define LAYER_CALLS(X)                                                                                       \
    X(vkAllocateCommandBuffers, (VkDevice d, const VkCommandBufferAllocateInfo *info, VkCommandBuffer *out), \
      (d, info, out))                                                                                        \
    X(vkAllocateDescriptorSets, (VkDevice d, const VkDescriptorSetAllocateInfo *info, VkDescriptorSet *out), \
      (d, info, out))                                                                                        \
    X(vkBeginCommandBuffer, (VkCommandBuffer d, const VkCommandBufferBeginInfo *info), (d, info))            \
    X(vkEndCommandBuffer, (VkCommandBuffer d), (d))                                                          \
    X(vkBindBufferMemory, (VkDevice d, VkBuffer buffer, VkDeviceMemory memory, VkDeviceSize offset),         \
      (d, buffer, memory, offset))                                                                           \
    X(vkMapMemory,                                                                                           \
      (VkDevice d, VkDeviceMemory memory, VkDeviceSize offset, VkDeviceSize size, VkMemoryMapFlags flags,    \
       void **out),                                                                                          \
      (d, memory, offset, size, flags, out))                                                                 \
    X(vkFlushMappedMemoryRanges, (VkDevice d, uint32_t count, const VkMappedMemoryRange *ranges),            \
      (d, count, ranges))                                                                                    \
    X(vkInvalidateMappedMemoryRanges, (VkDevice d, uint32_t count, const VkMappedMemoryRange *ranges),       \
      (d, count, ranges))                                                                                    \
    X(vkGetPipelineCacheData, (VkDevice d, VkPipelineCache cache, size_t * size, void *data),                \
      (d, cache, size, data))                                                                                \
    X(vkGetQueryPoolResults,                                                                                 \
      (VkDevice d, VkQueryPool pool, uint32_t first, uint32_t count, size_t size, void *data,                \
       VkDeviceSize stride, VkQueryResultFlags flags),                                                       \
      (d, pool, first, count, size, data, stride, flags))                                                    \
    X(vkResetFences, (VkDevice d, uint32_t count, const VkFence *fences), (d, count, fences))                \
    X(vkGetPipelineExecutablePropertiesKHR,                                                                  \
      (VkDevice d, const VkPipelineInfoKHR *info, uint32_t *count,                                           \
       VkPipelineExecutablePropertiesKHR *properties),                                                       \
      (d, info, count, properties))                                                                          \
    X(vkGetPipelineExecutableStatisticsKHR,                                                                  \
      (VkDevice d, const VkPipelineExecutableInfoKHR *info, uint32_t *count,                                 \
       VkPipelineExecutableStatisticKHR *statistics),                                                        \
      (d, info, count, statistics))                                                                          \
    X(vkGetPipelineExecutableInternalRepresentationsKHR,                                                     \
      (VkDevice d, const VkPipelineExecutableInfoKHR *info, uint32_t *count,                                 \
       VkPipelineExecutableInternalRepresentationKHR *representations),                                      \
      (d, info, count, representations))                                                                     \
    X(vkGetDeviceFaultInfoEXT, (VkDevice d, VkDeviceFaultCountsEXT * counts, VkDeviceFaultInfoEXT * info),   \
      (d, counts, info))

/* The same of a physical device or an instance. */
#define LAYER_INSTANCE_CALLS(X)                                                                              \
    X(vkEnumeratePhysicalDevices, (VkInstance d, uint32_t * count, VkPhysicalDevice * out), (d, count, out))

/* Those that a lost device refuses. */
#define LAYER_WORK_CALLS(X)                                                                                  \
    X(vkQueueSubmit, (VkQueue d, uint32_t count, const VkSubmitInfo *infos, VkFence fence),                  \
      (d, count, infos, fence))                                                                              \
    X(vkWaitForFences, (VkDevice d, uint32_t count, const VkFence *fences, VkBool32 all, uint64_t timeout),  \
      (d, count, fences, all, timeout))                                                                      \
    X(vkWaitSemaphores, (VkDevice d, const VkSemaphoreWaitInfo *info, uint64_t timeout), (d, info, timeout)) \
    X(vkWaitSemaphoresKHR, (VkDevice d, const VkSemaphoreWaitInfo *info, uint64_t timeout),                  \
      (d, info, timeout))

#endif
