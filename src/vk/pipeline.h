/* SPDX-License-Identifier: Apache-2.0 */
/* Pipelines by (kernel, variant, constants), made when first asked for and kept as long as the device.
 * Threads may ask at once: one makes the pipeline, the others wait for it, and different pipelines are made
 * side by side. */
#ifndef TUFF_VK_PIPELINE_H
#define TUFF_VK_PIPELINE_H

#include "vk/device.h"

/* Opens the cache on disk too, in `cache_folder`; NULL: nothing is kept. */
tuff_status tuff_pipelines_create(struct tuff_device *device, const char *cache_folder,
                                  struct tuff_pipelines **out_pipelines);
/* Writes the cache back if it grew. NULL is fine. */
void tuff_pipelines_destroy(struct tuff_pipelines *pipelines);

struct tuff_pipeline_key {
    const struct tuff_kernel *kernel;
    uint32_t variant;
    uint32_t specs[TUFF_MAX_SPECS]; /* the kernel's spec_count values; the rest zeros */
};

struct tuff_pipeline {
    VkPipeline handle;
    VkPipelineLayout layout;
    uint32_t local_size[3];
};

/* TUFF_UNSUPPORTED where the device lacks what the variant needs or the constants ask for more than it has.
 * *out_pipeline lives as long as the device. */
tuff_status tuff_pipeline_get(struct tuff_device *device, const struct tuff_pipeline_key *key,
                              const struct tuff_pipeline **out_pipeline);
/* Makes many on all processors; the first failure is returned after all have been tried. */
tuff_status tuff_pipelines_prepare(struct tuff_device *device, const struct tuff_pipeline_key *keys,
                                   size_t count);
/* One that the table and the cache know nothing of; the caller destroys its handle. */
tuff_status tuff_pipeline_make(struct tuff_device *device, const struct tuff_pipeline_key *key,
                               VkPipelineCreateFlags flags, struct tuff_pipeline *out_pipeline);
enum { TUFF_CONSTANTS_SIZE = 1024 };
/* "name=value name=value", shortened where there is no room. */
void tuff_pipeline_constants(const struct tuff_pipeline_key *key, char text[TUFF_CONSTANTS_SIZE]);
size_t tuff_pipelines_count(struct tuff_device *device);

/* The layout of a descriptor set with that many storage buffers. */
tuff_status tuff_set_layout_get(struct tuff_device *device, uint32_t binding_count,
                                VkDescriptorSetLayout *out_layout);

#endif
