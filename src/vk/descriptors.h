/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptor sets of a recording: pushed into the command buffer where the device can, else from pools that
 * live as long as the recording. */
#ifndef TUFF_VK_DESCRIPTORS_H
#define TUFF_VK_DESCRIPTORS_H

#include "vk/device.h"

struct tuff_descriptors {
    VkDescriptorPool *pools;
    size_t count;
    size_t capacity;
    uint32_t used; /* sets of the last pool */
};

/* A kernel's slices, ready to be bound any number of times. */
struct tuff_binding {
    VkDescriptorBufferInfo buffers[TUFF_MAX_BINDINGS];
    uint32_t count;
    VkDescriptorSet set; /* NULL with push descriptors */
};

tuff_status tuff_descriptors_prepare(struct tuff_descriptors *descriptors, struct tuff_device *device,
                                     const struct tuff_kernel *kernel, const struct tuff_slice *slices,
                                     struct tuff_binding *out_binding);
void tuff_descriptors_bind(const struct tuff_binding *binding, const struct tuff_device *device,
                           VkCommandBuffer commands, VkPipelineLayout layout);
void tuff_descriptors_free(struct tuff_descriptors *descriptors, struct tuff_device *device);

#endif
