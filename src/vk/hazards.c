/* SPDX-License-Identifier: Apache-2.0 */
#include "vk/hazards.h"

#include "base/memory.h"

bool tuff_hazards_meet(const struct tuff_hazards *hazards, const struct tuff_access *access) {
    for (size_t i = 0; i < hazards->count; i++) {
        const struct tuff_access *other = &hazards->pending[i];
        bool overlaps =
            other->buffer == access->buffer && other->start < access->end && access->start < other->end;
        if (overlaps && (other->is_write || access->is_write))
            return true;
    }
    return false;
}

tuff_status tuff_hazards_add(struct tuff_hazards *hazards, const struct tuff_access *access) {
    TUFF_TRY(
        tuff_reserve(&hazards->pending, &hazards->capacity, hazards->count + 1, sizeof *hazards->pending));
    hazards->pending[hazards->count++] = *access;
    return TUFF_OK;
}

static VkBufferMemoryBarrier barrier_for(const struct tuff_access *write) {
    bool is_shader = write->stage == VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT;
    return (VkBufferMemoryBarrier){
        .sType = VK_STRUCTURE_TYPE_BUFFER_MEMORY_BARRIER,
        .srcAccessMask = is_shader ? VK_ACCESS_SHADER_WRITE_BIT : VK_ACCESS_TRANSFER_WRITE_BIT,
        .dstAccessMask = VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT |
                         VK_ACCESS_TRANSFER_READ_BIT | VK_ACCESS_TRANSFER_WRITE_BIT,
        .srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
        .dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
        .buffer = write->buffer,
        .offset = write->start,
        .size = write->end - write->start,
    };
}

/* Waiting for one command waits for all before it, so every pending range goes with the first barrier that is
 * needed and none is left for another. */
tuff_status tuff_hazards_settle(struct tuff_hazards *hazards, const struct tuff_device *device,
                                VkCommandBuffer commands) {
    VkPipelineStageFlags stages = 0;
    uint32_t count = 0;
    if (hazards->count == 0)
        return TUFF_OK;
    TUFF_TRY(tuff_reserve(&hazards->barriers, &hazards->barrier_capacity, hazards->count,
                          sizeof *hazards->barriers));
    for (size_t i = 0; i < hazards->count; i++) {
        stages |= hazards->pending[i].stage;
        if (hazards->pending[i].is_write)
            hazards->barriers[count++] = barrier_for(&hazards->pending[i]);
    }
    device->table.vkCmdPipelineBarrier(commands, stages,
                                       VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT,
                                       0, 0, NULL, count, hazards->barriers, 0, NULL);
    hazards->count = 0;
    return TUFF_OK;
}

void tuff_hazards_free(struct tuff_hazards *hazards) {
    tuff_free(hazards->pending);
    tuff_free(hazards->barriers);
    *hazards = (struct tuff_hazards){ 0 };
}
