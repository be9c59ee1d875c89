/* SPDX-License-Identifier: Apache-2.0 */
#include "vk/recording.h"

#include "base/memory.h"

static const VkPipelineStageFlags work_stages =
    VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT;

static tuff_status create_empty(struct tuff_device *device, struct tuff_recording **out_recording) {
    *out_recording = NULL;
    TUFF_TRY(device->is_lost ? tuff_device_result(device, VK_ERROR_DEVICE_LOST, "a recording") : TUFF_OK);
    TUFF_TRY(tuff_alloc(1, sizeof **out_recording, out_recording));
    (*out_recording)->device = device;
    return TUFF_OK;
}

tuff_status tuff_recording_create_survey(struct tuff_device *device, struct tuff_recording **out_recording) {
    TUFF_TRY(create_empty(device, out_recording));
    (*out_recording)->is_survey = true;
    return TUFF_OK;
}

tuff_status tuff_recording_create(struct tuff_device *device, struct tuff_recording **out_recording) {
    struct tuff_recording *recording = NULL;
    const VkCommandPoolCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
        .queueFamilyIndex = device->queue_family,
    };
    *out_recording = NULL;
    TUFF_TRY(create_empty(device, &recording));
    VkResult result = device->table.vkCreateCommandPool(device->handle, &info, NULL, &recording->pool);
    tuff_status status = tuff_device_result(device, result, "a command pool");
    if (status != TUFF_OK) {
        tuff_free(recording);
        return status;
    }
    *out_recording = recording;
    return TUFF_OK;
}

const struct tuff_pipeline_key *tuff_recording_keys(const struct tuff_recording *survey, size_t *out_count) {
    *out_count = survey->key_count;
    return survey->keys;
}

void tuff_recording_destroy(struct tuff_recording *recording) {
    if (!recording)
        return;
    struct tuff_device *device = recording->device;
    bool is_done = false;
    for (size_t i = 0; i < recording->count; i++) {
        struct tuff_part *part = &recording->parts[i];
        /* A wait fails on a lost device only, and nothing runs there. */
        tuff_queue_wait(device, &part->ticket, UINT64_MAX, &is_done);
        tuff_ticket_free(device, &part->ticket);
        if (part->timer)
            tuff_timer_free(device, part->timer);
        tuff_free(part->timer);
    }
    tuff_descriptors_free(&recording->descriptors, device);
    tuff_hazards_free(&recording->hazards);
    device->table.vkDestroyCommandPool(device->handle, recording->pool, NULL);
    tuff_free(recording->parts);
    tuff_free(recording->keys);
    tuff_free(recording);
}

/* What other recordings left on the queue is ordered before this one. */
static void order_after_others(const struct tuff_device *device, VkCommandBuffer commands) {
    const VkMemoryBarrier barrier = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
        .srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT,
        .dstAccessMask = VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT |
                         VK_ACCESS_TRANSFER_READ_BIT | VK_ACCESS_TRANSFER_WRITE_BIT,
    };
    device->table.vkCmdPipelineBarrier(commands, work_stages, work_stages, 0, 1, &barrier, 0, NULL, 0, NULL);
}

static tuff_status open_part(struct tuff_recording *recording) {
    struct tuff_device *device = recording->device;
    struct tuff_part part = { 0 };
    const VkCommandBufferAllocateInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
        .commandPool = recording->pool,
        .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
        .commandBufferCount = 1,
    };
    const VkCommandBufferBeginInfo begin = { .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO };
    TUFF_TRY(tuff_reserve(&recording->parts, &recording->capacity, recording->count + 1,
                          sizeof *recording->parts));
    TUFF_TRY(tuff_device_result(device,
                                device->table.vkAllocateCommandBuffers(device->handle, &info, &part.commands),
                                "a command buffer"));
    TUFF_TRY(tuff_device_result(device, device->table.vkBeginCommandBuffer(part.commands, &begin),
                                "a command buffer"));
    if (device->is_profiling)
        TUFF_TRY(tuff_alloc(1, sizeof *part.timer, &part.timer));
    if (recording->count == 0)
        order_after_others(device, part.commands);
    recording->parts[recording->count++] = part;
    recording->is_open = true;
    return part.timer ? tuff_timer_begin(device, part.commands, part.timer) : TUFF_OK;
}

static tuff_status close_part(struct tuff_recording *recording) {
    struct tuff_device *device = recording->device;
    recording->is_open = false;
    VkResult result = device->table.vkEndCommandBuffer(recording->parts[recording->count - 1].commands);
    return tuff_device_result(device, result, "a command buffer");
}

static bool is_full(const struct tuff_recording *recording, const struct tuff_part *part, uint64_t cost) {
    return (part->cost > 0 && part->cost + cost > recording->device->submit_cost) ||
           (part->timer && part->timer->count == TUFF_TIMER_CAPACITY);
}

tuff_status tuff_recording_part(struct tuff_recording *recording, uint64_t cost,
                                struct tuff_part **out_part) {
    if (recording->is_open && is_full(recording, &recording->parts[recording->count - 1], cost))
        TUFF_TRY(close_part(recording));
    if (!recording->is_open)
        TUFF_TRY(open_part(recording));
    *out_part = &recording->parts[recording->count - 1];
    (*out_part)->cost += cost;
    return TUFF_OK;
}

tuff_status tuff_recording_check_open(const struct tuff_recording *recording) {
    if (recording->is_ended)
        return tuff_fail(TUFF_ARGUMENT, "the recording has ended and takes no more");
    if (recording->device->is_lost)
        return tuff_device_result(recording->device, VK_ERROR_DEVICE_LOST, "a recording");
    return TUFF_OK;
}

tuff_status tuff_recording_end(struct tuff_recording *recording) {
    const VkMemoryBarrier barrier = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
        .srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT,
        .dstAccessMask = VK_ACCESS_HOST_READ_BIT,
    };
    TUFF_TRY(tuff_recording_check_open(recording));
    TUFF_TRY(tuff_pipelines_prepare(recording->device, recording->keys, recording->key_count));
    if (recording->is_open) {
        recording->device->table.vkCmdPipelineBarrier(recording->parts[recording->count - 1].commands,
                                                      work_stages, VK_PIPELINE_STAGE_HOST_BIT, 0, 1, &barrier,
                                                      0, NULL, 0, NULL);
        TUFF_TRY(close_part(recording));
    }
    recording->is_ended = true;
    return TUFF_OK;
}

static tuff_status submit_part(struct tuff_recording *recording, struct tuff_part *part) {
    const struct tuff_submit submit = { .commands = part->commands, .cost = part->cost };
    TUFF_TRY(tuff_queue_submit(recording->device, &submit, &part->ticket));
    recording->device->dispatch_count += part->kernel_count;
    return TUFF_OK;
}

static tuff_status wait_for_part(struct tuff_recording *recording, struct tuff_part *part,
                                 uint64_t timeout_ns, bool *out_is_done) {
    bool was_pending = part->ticket.is_pending;
    TUFF_TRY(tuff_queue_wait(recording->device, &part->ticket, timeout_ns, out_is_done));
    if (was_pending && *out_is_done && part->timer)
        return tuff_timer_collect(recording->device, part->timer);
    return TUFF_OK;
}

static tuff_status check_ended(const struct tuff_recording *recording) {
    if (!recording->is_ended)
        return tuff_fail(TUFF_ARGUMENT, "the recording has not ended and cannot run");
    return TUFF_OK;
}

tuff_status tuff_recording_submit(struct tuff_recording *recording) {
    TUFF_TRY(check_ended(recording));
    TUFF_TRY(tuff_recording_wait(recording, UINT64_MAX));
    for (size_t i = 0; i < recording->count; i++)
        TUFF_TRY(submit_part(recording, &recording->parts[i]));
    return TUFF_OK;
}

bool tuff_recording_is_done(const struct tuff_recording *recording) {
    for (size_t i = 0; i < recording->count; i++)
        if (recording->parts[i].ticket.is_pending)
            return false;
    return true;
}

tuff_status tuff_recording_wait(struct tuff_recording *recording, uint64_t timeout_ns) {
    bool is_done = true;
    uint64_t start = tuff_clock_ns();
    for (size_t i = 0; i < recording->count && is_done; i++) {
        uint64_t gone = tuff_clock_ns() - start;
        uint64_t left = timeout_ns == UINT64_MAX ? UINT64_MAX : timeout_ns > gone ? timeout_ns - gone : 0;
        TUFF_TRY(wait_for_part(recording, &recording->parts[i], left, &is_done));
    }
    return TUFF_OK;
}

tuff_status tuff_recording_run(struct tuff_recording *recording, bool (*keep_going)(void *user), void *user) {
    bool is_done = false;
    if (!keep_going && !recording->device->is_paced) {
        TUFF_TRY(tuff_recording_submit(recording));
        return tuff_recording_wait(recording, UINT64_MAX);
    }
    TUFF_TRY(check_ended(recording));
    TUFF_TRY(tuff_recording_wait(recording, UINT64_MAX));
    for (size_t i = 0; i < recording->count; i++) {
        if (keep_going && !keep_going(user))
            return tuff_fail(TUFF_CANCELLED, "cancelled after %zu of %zu parts", i, recording->count);
        TUFF_TRY(submit_part(recording, &recording->parts[i]));
        TUFF_TRY(wait_for_part(recording, &recording->parts[i], UINT64_MAX, &is_done));
    }
    return TUFF_OK;
}

tuff_status tuff_recording_finish(struct tuff_recording *recording, tuff_status status) {
    if (status == TUFF_OK)
        status = tuff_recording_end(recording);
    if (status == TUFF_OK)
        status = tuff_recording_run(recording, NULL, NULL);
    tuff_recording_destroy(recording);
    return status;
}
