/* SPDX-License-Identifier: Apache-2.0 */
/* A small Vulkan program without a window, such as tuff may meet: instance, device, queue and a compute pass that adds one
 * to each of some numbers. It knows nothing of tuff but that somebody wishes extensions and features. */
#ifndef TUFF_EXAMPLES_HEADLESS_H
#define TUFF_EXAMPLES_HEADLESS_H

#include <stdbool.h>
#include <vulkan/vulkan.h>

enum { HEADLESS_NUMBERS = 4096 };

struct headless {
    VkInstance instance;
    VkPhysicalDevice physical;
    VkDevice device;
    VkQueue queue;
    uint32_t family;
    VkBuffer buffer;
    VkDeviceMemory memory;
    uint32_t *numbers; /* the buffer as the host sees it: how many passes have run */
    VkDescriptorSetLayout set_layout;
    VkPipelineLayout layout;
    VkDescriptorPool descriptors;
    VkDescriptorSet set;
    VkPipeline pipeline;
    VkCommandPool pool;
    VkCommandBuffer commands; /* the pass */
    VkFence fence;
};

/* Instance and physical device. */
bool headless_begin(struct headless *headless);
/* Device and queue as `info` says (its queue is filled in), and the pass. */
bool headless_make_device(struct headless *headless, VkDeviceCreateInfo *info);
/* headless.c: what the pass works with. */
bool headless_make_pass(struct headless *headless);
/* Starts a pass; whoever shares the queue holds still. */
bool headless_submit_pass(struct headless *headless);
/* Waits for it. */
bool headless_wait_for_pass(struct headless *headless);
void headless_end(struct headless *headless);

#endif
