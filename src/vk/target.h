/* SPDX-License-Identifier: Apache-2.0 */
/* A place in a VkBuffer of the caller's: copies to it wait for the caller's semaphore, and another is signalled behind
 * them. */
#ifndef TUFF_VK_TARGET_H
#define TUFF_VK_TARGET_H

#include "vk/device.h"
#include "vk/queue.h"

struct tuff_target {
    struct tuff_device *device;
    tuff_vulkan_buffer to;
    VkCommandPool pool;
    VkCommandBuffer commands;
    struct tuff_ticket ticket;
    VkBufferCopy *regions;
    size_t region_count, region_capacity;
    bool has_waited;
};

/* TUFF_ARGUMENT where the caller's struct makes no sense, or `size` bytes are more than it has room for. */
tuff_status tuff_target_open(struct tuff_device *device, const tuff_vulkan_buffer *to, uint64_t size,
                             struct tuff_target *out_target);
/* One piece of the next copy: `size` bytes at `from` of the source go to `at` of the place. */
tuff_status tuff_target_add(struct tuff_target *target, uint64_t from, uint64_t at, uint64_t size);
/* Copies what was added from this slice's buffer, after all work before it, and waits. */
tuff_status tuff_target_copy(struct tuff_target *target, const struct tuff_slice *from);
/* Signals and waits, so that nothing is in flight; then frees. Zeroed targets are fine. */
tuff_status tuff_target_close(struct tuff_target *target);

#endif
