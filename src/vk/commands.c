/* SPDX-License-Identifier: Apache-2.0 */
#include "vk/recording.h"

#include <string.h>

#include "base/memory.h"
#include "vk/buffer.h"

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
static tuff_status order(struct tuff_recording *recording, struct tuff_part *part,
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
    struct tuff_part *part = NULL;
    TUFF_TRY(tuff_recording_part(recording, cost, &part));
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

static tuff_status note(struct tuff_recording *recording, const struct tuff_pipeline_key *key) {
    TUFF_TRY(tuff_reserve(&recording->keys, &recording->key_capacity, recording->key_count + 1,
                          sizeof *recording->keys));
    recording->keys[recording->key_count++] = *key;
    return TUFF_OK;
}

tuff_status tuff_record_kernel(struct tuff_recording *recording, const struct tuff_kernel *kernel,
                               uint32_t variant, struct tuff_grid grid, const struct tuff_slice *slices,
                               const void *push, const uint32_t *specs) {
    struct tuff_pipeline_key key = { .kernel = kernel, .variant = variant };
    struct run run = { .kernel = kernel, .variant = variant, .push = push };
    const uint32_t base[3] = { 0, 0, 0 };
    const uint32_t count[3] = { grid.x, grid.y, grid.z };
    TUFF_TRY(tuff_recording_check_open(recording));
    if (grid.x == 0 || grid.y == 0 || grid.z == 0)
        return TUFF_OK;
    memcpy(key.specs, specs, kernel->spec_count * sizeof *specs);
    if (recording->is_survey)
        return note(recording, &key);
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

/* Bytes that one copy or fill may move. */
static uint64_t piece_size(const struct tuff_device *device) {
    return device->dispatch_cost < (1ull << 40) ? device->dispatch_cost * 4 : 1ull << 42;
}

tuff_status tuff_record_copy(struct tuff_recording *recording, struct tuff_slice to, struct tuff_slice from) {
    const struct tuff_access accesses[] = {
        access_of(&from, false, VK_PIPELINE_STAGE_TRANSFER_BIT),
        access_of(&to, true, VK_PIPELINE_STAGE_TRANSFER_BIT),
    };
    const uint64_t most = piece_size(recording->device);
    struct tuff_part *part = NULL;
    TUFF_TRY(tuff_recording_check_open(recording));
    TUFF_TRY(check_transfer(&from));
    TUFF_TRY(check_transfer(&to));
    if (to.size < from.size)
        return tuff_fail(TUFF_ARGUMENT, "a copy of %llu bytes to a slice of %llu",
                         (unsigned long long)from.size, (unsigned long long)to.size);
    if (to.buffer == from.buffer && to.offset < from.offset + from.size &&
        from.offset < to.offset + from.size)
        return tuff_fail(TUFF_ARGUMENT, "a copy of %llu bytes onto itself", (unsigned long long)from.size);
    if (recording->is_survey)
        return TUFF_OK;
    for (uint64_t done = 0; done < from.size; done += most) {
        const VkBufferCopy region = { .srcOffset = from.offset + done,
                                      .dstOffset = to.offset + done,
                                      .size = from.size - done < most ? from.size - done : most };
        TUFF_TRY(tuff_recording_part(recording, region.size / 4, &part));
        if (done == 0)
            TUFF_TRY(order(recording, part, accesses, 2));
        recording->device->table.vkCmdCopyBuffer(part->commands, from.buffer->handle, to.buffer->handle, 1,
                                                 &region);
    }
    return TUFF_OK;
}

tuff_status tuff_record_fill(struct tuff_recording *recording, struct tuff_slice to, uint32_t word) {
    const struct tuff_access access = access_of(&to, true, VK_PIPELINE_STAGE_TRANSFER_BIT);
    const uint64_t most = piece_size(recording->device);
    struct tuff_part *part = NULL;
    TUFF_TRY(tuff_recording_check_open(recording));
    TUFF_TRY(check_transfer(&to));
    if (recording->is_survey)
        return TUFF_OK;
    for (uint64_t done = 0; done < to.size; done += most) {
        uint64_t now = to.size - done < most ? to.size - done : most;
        TUFF_TRY(tuff_recording_part(recording, now / 4, &part));
        if (done == 0)
            TUFF_TRY(order(recording, part, &access, 1));
        recording->device->table.vkCmdFillBuffer(part->commands, to.buffer->handle, to.offset + done, now,
                                                 word);
    }
    return TUFF_OK;
}
