/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands since the last barrier read and wrote, by byte ranges of buffers. A command that reads
 * what one of them wrote, or writes what one of them read or wrote, needs a barrier first; all others run
 * side by side. */
#ifndef TUFF_VK_HAZARDS_H
#define TUFF_VK_HAZARDS_H

#include "vk/device.h"

struct tuff_access {
    VkBuffer buffer;
    uint64_t start; /* bytes */
    uint64_t end;
    bool is_write;
    VkPipelineStageFlags stage; /* compute shader or transfer */
};

struct tuff_hazards {
    struct tuff_access *pending;
    size_t count;
    size_t capacity;
    VkBufferMemoryBarrier *barriers; /* room for one barrier's ranges */
    size_t barrier_capacity;
};

bool tuff_hazards_meet(const struct tuff_hazards *hazards, const struct tuff_access *access);
tuff_status tuff_hazards_add(struct tuff_hazards *hazards, const struct tuff_access *access);
/* Records a barrier between everything pending and what follows. */
tuff_status tuff_hazards_settle(struct tuff_hazards *hazards, const struct tuff_device *device,
                                VkCommandBuffer commands);
void tuff_hazards_free(struct tuff_hazards *hazards);

#endif
