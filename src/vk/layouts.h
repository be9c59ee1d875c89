/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptor set and pipeline layouts. Kernels bind storage buffers in set 0 and nothing else, so the number
 * of bindings and the size of the push constants tell layouts apart, and kernels share them. */
#ifndef TUFF_VK_LAYOUTS_H
#define TUFF_VK_LAYOUTS_H

#include "vk/device.h"

struct tuff_layouts;

tuff_status tuff_layouts_create(struct tuff_device *device, struct tuff_layouts **out_layouts);
void tuff_layouts_destroy(struct tuff_layouts *layouts);
/* For push descriptors where the device has the feature. */
tuff_status tuff_layouts_set(struct tuff_layouts *layouts, uint32_t binding_count,
                             VkDescriptorSetLayout *out_layout);
tuff_status tuff_layouts_pipeline(struct tuff_layouts *layouts, const struct tuff_kernel *kernel,
                                  VkPipelineLayout *out_layout);

#endif
