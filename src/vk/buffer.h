/* SPDX-License-Identifier: Apache-2.0 */
/* One VkBuffer with memory of its own: the blocks that arenas are made of. */
#ifndef TUFF_VK_BUFFER_H
#define TUFF_VK_BUFFER_H

#include "vk/device.h"

struct tuff_buffer {
    struct tuff_device *device;
    VkBuffer handle;
    VkDeviceMemory memory;
    uint64_t size;
    uint64_t memory_size; /* what the driver takes for it */
    uint32_t heap;
    void *map;        /* NULL: the host cannot address it */
    uint64_t address; /* for kernels; 0 without buffer_address */
    bool is_visible;
    bool is_coherent;
    bool is_cached; /* the host reads it as quickly as any memory of the device */
};

/* Tries the kind's memory types in the order of their worth, each only while its heap's budget allows.
 * `purpose` names the buffer in messages. */
tuff_status tuff_buffer_create(struct tuff_device *device, enum tuff_memory_kind kind, const char *purpose,
                               uint64_t size, struct tuff_buffer **out_buffer);
/* NULL is fine. */
void tuff_buffer_destroy(struct tuff_buffer *buffer);

#endif
