/* SPDX-License-Identifier: Apache-2.0 */
#include "vk/commands.h"

#include <string.h>

#include "base/memory.h"
#include "vk/buffer.h"
#include "vk/descriptors.h"
#include "vk/hazards.h"
#include "vk/pipeline.h"
#include "vk/profile.h"
#include "vk/queue.h"

/* One command buffer, one submit. */
struct part {
    VkCommandBuffer commands;
    struct tuff_ticket ticket;
    struct tuff_timer *timer; /* NULL: not profiling */
    uint64_t cost;
    uint32_t kernel_count;
};

struct tuff_recording {
    struct tuff_device *device;
    VkCommandPool pool;
    struct part *parts;
    size_t count;
    size_t capacity;
    struct tuff_hazards hazards;
    struct tuff_descriptors descriptors;
    bool is_open; /* the last part takes commands */
    bool is_ended;
};

static const VkPipelineStageFlags work_stages =
    VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT;

tuff_status tuff_recording_create(struct tuff_device *device, struct tuff_recording **out_recording) {
    struct tuff_recording *recording = NULL;
    const VkCommandPoolCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
        .queueFamilyIndex = device->queue_family,
    };
    *out_recording = NULL;
    if (device->is_lost)
        return tuff_device_result(device, VK_ERROR_DEVICE_LOST, "a recording");
    TUFF_TRY(tuff_alloc(1, sizeof *recording, &recording));
    recording->device = device;
    VkResult result = device->table.vkCreateCommandPool(device->handle, &info, NULL, &recording->pool);
    tuff_status status = tuff_device_result(device, result, "a command pool");
    if (status != TUFF_OK) {
        tuff_free(recording);
        return status;
    }
    *out_recording = recording;
    return TUFF_OK;
}

void tuff_recording_destroy(struct tuff_recording *recording) {
    if (!recording)
        return;
    struct tuff_device *device = recording->device;
    bool is_done = false;
    for (size_t i = 0; i < recording->count; i++) {
        struct part *part = &recording->parts[i];
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
    struct part part = { 0 };
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

/* The part that the next command goes to: a new one where the cost would exceed what a submit may hold. */
static tuff_status part_for(struct tuff_recording *recording, uint64_t cost, struct part **out_part) {
    struct part *part = recording->is_open ? &recording->parts[recording->count - 1] : NULL;
    bool is_full = part && part->cost > 0 && part->cost + cost > recording->device->submit_cost;
    bool is_timer_full = part && part->timer && part->timer->count == TUFF_TIMER_CAPACITY;
    if (is_full || is_timer_full)
        TUFF_TRY(close_part(recording));
    if (!recording->is_open)
        TUFF_TRY(open_part(recording));
    *out_part = &recording->parts[recording->count - 1];
    (*out_part)->cost += cost;
    return TUFF_OK;
}

static struct tuff_access access_of(const struct tuff_slice *slice, bool is_write,
                                    VkPipelineStageFlags stage) {
    return (struct tuff_access){
        .buffer = slice->buffer->handle,
        .start = slice->offset,
        .end = slice->offset + slice->size,
        .is_write = is_write,
        .stage = stage,
    };
}

/* Puts a barrier before a command with these accesses if it needs one, and remembers them. */
static tuff_status order(struct tuff_recording *recording, struct part *part,
                         const struct tuff_access *accesses, size_t count) {
    /* Kernels that overlap cannot be timed one by one. */
    bool is_met = recording->device->is_profiling;
    for (size_t i = 0; i < count; i++)
        is_met = is_met || tuff_hazards_meet(&recording->hazards, &accesses[i]);
    if (is_met)
        TUFF_TRY(tuff_hazards_settle(&recording->hazards, recording->device, part->commands));
    for (size_t i = 0; i < count; i++)
        TUFF_TRY(tuff_hazards_add(&recording->hazards, &accesses[i]));
    return TUFF_OK;
}

static tuff_status check_open(const struct tuff_recording *recording) {
    if (recording->is_ended)
        return tuff_fail(TUFF_ARGUMENT, "the recording has ended and takes no more");
    if (recording->device->is_lost)
        return tuff_device_result(recording->device, VK_ERROR_DEVICE_LOST, "a recording");
    return TUFF_OK;
}

static tuff_status check_slices(const struct tuff_device *device, const struct tuff_kernel *kernel,
                                const struct tuff_slice *slices) {
    for (uint32_t i = 0; i < kernel->binding_count; i++) {
        const struct tuff_slice *slice = &slices[i];
        if (!slice->buffer || slice->size == 0 || slice->offset % device->limits.storage_alignment != 0 ||
            slice->offset + slice->size > slice->buffer->size ||
            slice->size > device->limits.max_storage_range)
            return tuff_fail(TUFF_ARGUMENT, "%s: %s is a slice of %llu bytes at %llu that cannot be bound",
                             kernel->name, kernel->binding_names[i], (unsigned long long)slice->size,
                             (unsigned long long)slice->offset);
    }
    return TUFF_OK;
}

static tuff_status check_grid(const struct tuff_device *device, const struct tuff_kernel *kernel,
                              const uint32_t count[3]) {
    const uint32_t *most = device->limits.max_workgroup_count;
    for (size_t i = 0; i < 3; i++)
        if (count[i] > most[i])
            return tuff_fail(TUFF_UNSUPPORTED,
                             "%s: %u x %u x %u workgroups; the device runs %u x %u x %u at most",
                             kernel->name, count[0], count[1], count[2], most[0], most[1], most[2]);
    return TUFF_OK;
}

/* One kernel while it is recorded. */
struct run {
    const struct tuff_kernel *kernel;
    uint32_t variant;
    const struct tuff_pipeline *pipeline;
    struct tuff_binding binding;
    struct tuff_access accesses[TUFF_MAX_BINDINGS];
    const void *push;
    bool is_started; /* a piece of it has been recorded */
};

static tuff_status record_piece(struct tuff_recording *recording, struct run *run, const uint32_t base[3],
                                const uint32_t count[3], uint64_t cost) {
    struct tuff_device *device = recording->device;
    const struct VolkDeviceTable *table = &device->table;
    struct part *part = NULL;
    TUFF_TRY(part_for(recording, cost, &part));
    if (!run->is_started) {
        TUFF_TRY(order(recording, part, run->accesses, run->kernel->binding_count));
        part->kernel_count++;
    }
    table->vkCmdBindPipeline(part->commands, VK_PIPELINE_BIND_POINT_COMPUTE, run->pipeline->handle);
    tuff_descriptors_bind(&run->binding, device, part->commands, run->pipeline->layout);
    if (run->kernel->push_size > 0)
        table->vkCmdPushConstants(part->commands, run->pipeline->layout, VK_SHADER_STAGE_COMPUTE_BIT, 0,
                                  run->kernel->push_size, run->push);
    if (part->timer)
        tuff_timer_start(device, part->commands, part->timer, run->kernel, run->variant, !run->is_started);
    /* Synchronization validation knows the plain call alone. */
    if (base[0] == 0 && base[1] == 0 && base[2] == 0)
        table->vkCmdDispatch(part->commands, count[0], count[1], count[2]);
    else
        table->vkCmdDispatchBase(part->commands, base[0], base[1], base[2], count[0], count[1], count[2]);
    if (part->timer)
        tuff_timer_stop(device, part->commands, part->timer);
    run->is_started = true;
    return TUFF_OK;
}

static size_t longest(const uint32_t count[3]) {
    size_t axis = count[1] > count[0] ? 1 : 0;
    return count[2] > count[axis] ? 2 : axis;
}

/* Halves what costs more than one dispatch may, along its longest side, until the pieces fit or are one
 * workgroup. */
static tuff_status record_grid(struct tuff_recording *recording, struct run *run, const uint32_t base[3],
                               const uint32_t count[3], uint64_t cost) {
    size_t axis = longest(count);
    uint32_t first_base[3] = { base[0], base[1], base[2] };
    uint32_t first[3] = { count[0], count[1], count[2] };
    if (cost <= recording->device->dispatch_cost || count[axis] == 1)
        return record_piece(recording, run, base, count, cost);
    first[axis] = count[axis] / 2;
    uint64_t first_cost = (uint64_t)((double)cost * first[axis] / count[axis]);
    TUFF_TRY(record_grid(recording, run, first_base, first, first_cost));
    first_base[axis] += first[axis];
    first[axis] = count[axis] - first[axis];
    return record_grid(recording, run, first_base, first, cost - first_cost);
}

/* What a grid without a stated cost is taken for: one unit for each invocation. */
static uint64_t cost_of(const struct tuff_grid *grid, const struct tuff_pipeline *pipeline) {
    const uint32_t *size = pipeline->local_size;
    if (grid->cost > 0)
        return grid->cost;
    return (uint64_t)grid->x * grid->y * grid->z * size[0] * size[1] * size[2];
}

tuff_status tuff_record_kernel(struct tuff_recording *recording, const struct tuff_kernel *kernel,
                               uint32_t variant, struct tuff_grid grid, const struct tuff_slice *slices,
                               const void *push, const uint32_t *specs) {
    struct tuff_pipeline_key key = { .kernel = kernel, .variant = variant };
    struct run run = { .kernel = kernel, .variant = variant, .push = push };
    const uint32_t base[3] = { 0, 0, 0 };
    const uint32_t count[3] = { grid.x, grid.y, grid.z };
    TUFF_TRY(check_open(recording));
    if (grid.x == 0 || grid.y == 0 || grid.z == 0)
        return TUFF_OK;
    memcpy(key.specs, specs, kernel->spec_count * sizeof *specs);
    TUFF_TRY(check_grid(recording->device, kernel, count));
    TUFF_TRY(check_slices(recording->device, kernel, slices));
    TUFF_TRY(tuff_pipeline_get(recording->device, &key, &run.pipeline));
    TUFF_TRY(
        tuff_descriptors_prepare(&recording->descriptors, recording->device, kernel, slices, &run.binding));
    for (uint32_t i = 0; i < kernel->binding_count; i++)
        run.accesses[i] =
            access_of(&slices[i], (kernel->write_mask >> i & 1) != 0, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT);
    return record_grid(recording, &run, base, count, cost_of(&grid, run.pipeline));
}

static tuff_status check_transfer(const struct tuff_slice *slice) {
    if (!slice->buffer || slice->size == 0 || slice->offset % 4 != 0 || slice->size % 4 != 0 ||
        slice->offset + slice->size > slice->buffer->size)
        return tuff_fail(TUFF_ARGUMENT, "a slice of %llu bytes at %llu cannot be copied or filled",
                         (unsigned long long)slice->size, (unsigned long long)slice->offset);
    return TUFF_OK;
}

tuff_status tuff_record_copy(struct tuff_recording *recording, struct tuff_slice to, struct tuff_slice from) {
    const struct tuff_access accesses[] = {
        access_of(&from, false, VK_PIPELINE_STAGE_TRANSFER_BIT),
        access_of(&to, true, VK_PIPELINE_STAGE_TRANSFER_BIT),
    };
    const VkBufferCopy region = { .srcOffset = from.offset, .dstOffset = to.offset, .size = from.size };
    struct part *part = NULL;
    TUFF_TRY(check_open(recording));
    TUFF_TRY(check_transfer(&from));
    TUFF_TRY(check_transfer(&to));
    if (to.size < from.size)
        return tuff_fail(TUFF_ARGUMENT, "a copy of %llu bytes to a slice of %llu",
                         (unsigned long long)from.size, (unsigned long long)to.size);
    if (to.buffer == from.buffer && to.offset < from.offset + from.size &&
        from.offset < to.offset + from.size)
        return tuff_fail(TUFF_ARGUMENT, "a copy of %llu bytes onto itself", (unsigned long long)from.size);
    TUFF_TRY(part_for(recording, from.size / 4, &part));
    TUFF_TRY(order(recording, part, accesses, 2));
    recording->device->table.vkCmdCopyBuffer(part->commands, from.buffer->handle, to.buffer->handle, 1,
                                             &region);
    return TUFF_OK;
}

tuff_status tuff_record_fill(struct tuff_recording *recording, struct tuff_slice to, uint32_t word) {
    const struct tuff_access access = access_of(&to, true, VK_PIPELINE_STAGE_TRANSFER_BIT);
    struct part *part = NULL;
    TUFF_TRY(check_open(recording));
    TUFF_TRY(check_transfer(&to));
    TUFF_TRY(part_for(recording, to.size / 4, &part));
    TUFF_TRY(order(recording, part, &access, 1));
    recording->device->table.vkCmdFillBuffer(part->commands, to.buffer->handle, to.offset, to.size, word);
    return TUFF_OK;
}

tuff_status tuff_recording_end(struct tuff_recording *recording) {
    const VkMemoryBarrier barrier = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
        .srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT,
        .dstAccessMask = VK_ACCESS_HOST_READ_BIT,
    };
    TUFF_TRY(check_open(recording));
    if (recording->is_open) {
        recording->device->table.vkCmdPipelineBarrier(recording->parts[recording->count - 1].commands,
                                                      work_stages, VK_PIPELINE_STAGE_HOST_BIT, 0, 1, &barrier,
                                                      0, NULL, 0, NULL);
        TUFF_TRY(close_part(recording));
    }
    recording->is_ended = true;
    return TUFF_OK;
}

static tuff_status submit_part(struct tuff_recording *recording, struct part *part) {
    TUFF_TRY(tuff_queue_submit(recording->device, part->commands, &part->ticket));
    recording->device->dispatch_count += part->kernel_count;
    return TUFF_OK;
}

static tuff_status wait_for_part(struct tuff_recording *recording, struct part *part, uint64_t timeout_ns,
                                 bool *out_is_done) {
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
    if (!keep_going) {
        TUFF_TRY(tuff_recording_submit(recording));
        return tuff_recording_wait(recording, UINT64_MAX);
    }
    TUFF_TRY(check_ended(recording));
    TUFF_TRY(tuff_recording_wait(recording, UINT64_MAX));
    for (size_t i = 0; i < recording->count; i++) {
        if (!keep_going(user))
            return tuff_fail(TUFF_CANCELLED, "cancelled after %zu of %zu parts", i, recording->count);
        TUFF_TRY(submit_part(recording, &recording->parts[i]));
        TUFF_TRY(wait_for_part(recording, &recording->parts[i], UINT64_MAX, &is_done));
    }
    return TUFF_OK;
}
