/* SPDX-License-Identifier: Apache-2.0 */
/* A place in a VkBuffer of the caller's, which results go to or inputs come from: copies wait for the caller's semaphore,
 * and another is signalled behind them. */
#ifndef TUFF_VK_EXCHANGE_H
#define TUFF_VK_EXCHANGE_H

#include "vk/device.h"
#include "vk/queue.h"

struct tuff_exchange {
    struct tuff_device *device;
    tuff_vulkan_buffer place;
    VkCommandPool pool;
    VkCommandBuffer commands;
    struct tuff_ticket ticket;
    VkBufferCopy *regions; /* of the next copy; the source's offsets are ours */
    size_t region_count, region_capacity;
    bool has_waited;
};

/* TUFF_ARGUMENT where the caller's struct makes no sense, or `size` bytes are more than it has; TUFF_DEVICE_LOST. Only an
 * open one is closed. */
tuff_status tuff_exchange_open(struct tuff_device *device, const tuff_vulkan_buffer *place, uint64_t size,
                               struct tuff_exchange *out_exchange);
/* One piece of the next copy: `size` bytes, `ours` of a buffer of tuff's, `theirs` of the place. */
tuff_status tuff_exchange_add(struct tuff_exchange *exchange, uint64_t ours, uint64_t theirs, uint64_t size);
/* Copies what was added from this slice's buffer to the place, after all work before it, and waits. */
tuff_status tuff_exchange_put(struct tuff_exchange *exchange, const struct tuff_slice *from);
/* Copies what was added from the place into this slice's buffer, before all work after it. */
tuff_status tuff_exchange_get(struct tuff_exchange *exchange, const struct tuff_slice *to);
/* Signals and waits, so that nothing is in flight; then frees. Zeroed ones are fine. `status` is what the call came to: after
 * TUFF_ARGUMENT and TUFF_UNSUPPORTED nothing is signalled, as tuff.h says. Returns it, or what went wrong here. */
tuff_status tuff_exchange_close(struct tuff_exchange *exchange, tuff_status status);

#endif
