/* SPDX-License-Identifier: Apache-2.0 */
/* The driver's compiled pipelines, kept on disk between runs: one file for each device and driver version,
 * replaced atomically and checked when read. A file that is broken or of another driver is ignored and
 * rewritten. */
#ifndef TUFF_VK_PIPELINE_CACHE_H
#define TUFF_VK_PIPELINE_CACHE_H

#include "vk/device.h"

struct tuff_pipeline_cache;

/* `folder` is made when it is first written to; NULL: nothing is kept. That the disk does not serve is logged
 * and no failure. */
tuff_status tuff_pipeline_cache_open(struct tuff_device *device, const char *folder,
                                     struct tuff_pipeline_cache **out_cache);
/* Writes the file if `is_used` and its content changed. NULL is fine. */
void tuff_pipeline_cache_close(struct tuff_pipeline_cache *cache, bool is_used);
VkPipelineCache tuff_pipeline_cache_handle(const struct tuff_pipeline_cache *cache);

#endif
