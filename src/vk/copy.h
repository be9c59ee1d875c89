/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that copy between buffers, of whoever copies outside of recordings. */
#ifndef TUFF_VK_COPY_H
#define TUFF_VK_COPY_H

#include "vk/device.h"

/* Makes the pool and a command buffer of it, each where there is none yet. `what` names it in errors. */
tuff_status tuff_copy_prepare(struct tuff_device *device, const char *what, VkCommandPool *inout_pool,
                              VkCommandBuffer *inout_commands);
/* Begins the commands with a copy that is ordered after all work before it. */
tuff_status tuff_copy_begin(struct tuff_device *device, const char *what, VkCommandBuffer commands,
                            VkBuffer from, VkBuffer to, const VkBufferCopy *regions, uint32_t count);
/* Ends them: what these stages do next is ordered after the copy by this barrier. */
tuff_status tuff_copy_end(struct tuff_device *device, const char *what, VkCommandBuffer commands,
                          VkPipelineStageFlags stages, const VkMemoryBarrier *barrier);

#endif
