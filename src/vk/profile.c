/* SPDX-License-Identifier: Apache-2.0 */
#include "vk/profile.h"

#include "base/memory.h"

struct tuff_profile {
    struct tuff_mutex lock;
    struct tuff_profile_row *rows;
    size_t count;
    size_t capacity;
};

tuff_status tuff_profile_create(struct tuff_device *device, bool is_wanted,
                                struct tuff_profile **out_profile) {
    struct tuff_profile *profile = NULL;
    if (is_wanted && device->limits.timestamp_period <= 0)
        return tuff_fail(TUFF_UNSUPPORTED, "%s: its queue has no timestamps, so kernels cannot be timed",
                         device->info.name);
    TUFF_TRY(tuff_alloc(1, sizeof *profile, &profile));
    tuff_status status = tuff_mutex_init(&profile->lock);
    if (status != TUFF_OK) {
        tuff_free(profile);
        return status;
    }
    device->is_profiling = is_wanted;
    *out_profile = profile;
    return TUFF_OK;
}

void tuff_profile_destroy(struct tuff_profile *profile) {
    if (!profile)
        return;
    tuff_mutex_destroy(&profile->lock);
    tuff_free(profile->rows);
    tuff_free(profile);
}

size_t tuff_profile_read(struct tuff_device *device, struct tuff_profile_row *rows, size_t capacity) {
    struct tuff_profile *profile = device->profile;
    tuff_mutex_lock(&profile->lock);
    size_t count = profile->count;
    for (size_t i = 0; i < count && i < capacity; i++)
        rows[i] = profile->rows[i];
    tuff_mutex_unlock(&profile->lock);
    return count;
}

void tuff_profile_reset(struct tuff_device *device) {
    tuff_mutex_lock(&device->profile->lock);
    device->profile->count = 0;
    tuff_mutex_unlock(&device->profile->lock);
}

/* The caller holds the lock. */
static tuff_status row_for(struct tuff_profile *profile, const struct tuff_kernel *kernel, uint32_t variant,
                           struct tuff_profile_row **out_row) {
    for (size_t i = 0; i < profile->count; i++) {
        *out_row = &profile->rows[i];
        if ((*out_row)->kernel == kernel && (*out_row)->variant == variant)
            return TUFF_OK;
    }
    TUFF_TRY(tuff_reserve(&profile->rows, &profile->capacity, profile->count + 1, sizeof *profile->rows));
    *out_row = &profile->rows[profile->count++];
    **out_row = (struct tuff_profile_row){ .kernel = kernel, .variant = variant };
    return TUFF_OK;
}

tuff_status tuff_timer_begin(struct tuff_device *device, VkCommandBuffer commands, struct tuff_timer *timer) {
    const VkQueryPoolCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO,
        .queryType = VK_QUERY_TYPE_TIMESTAMP,
        .queryCount = 2 * TUFF_TIMER_CAPACITY,
    };
    VkResult result = device->table.vkCreateQueryPool(device->handle, &info, NULL, &timer->pool);
    TUFF_TRY(tuff_device_result(device, result, "timestamps"));
    device->table.vkCmdResetQueryPool(commands, timer->pool, 0, 2 * TUFF_TIMER_CAPACITY);
    return TUFF_OK;
}

void tuff_timer_start(struct tuff_device *device, VkCommandBuffer commands, struct tuff_timer *timer,
                      const struct tuff_kernel *kernel, uint32_t variant, bool is_first) {
    timer->spans[timer->count].kernel = kernel;
    timer->spans[timer->count].variant = variant;
    timer->spans[timer->count].is_first = is_first;
    /* The barrier before each timed dispatch lets this stamp wait for the one before. */
    device->table.vkCmdWriteTimestamp(commands, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT, timer->pool,
                                      2 * timer->count);
}

void tuff_timer_stop(struct tuff_device *device, VkCommandBuffer commands, struct tuff_timer *timer) {
    device->table.vkCmdWriteTimestamp(commands, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT, timer->pool,
                                      2 * timer->count + 1);
    timer->count++;
}

tuff_status tuff_timer_collect(struct tuff_device *device, const struct tuff_timer *timer) {
    uint64_t stamps[2 * TUFF_TIMER_CAPACITY];
    tuff_status status = TUFF_OK;
    if (timer->count == 0)
        return TUFF_OK;
    VkResult result = device->table.vkGetQueryPoolResults(device->handle, timer->pool, 0, 2 * timer->count,
                                                          sizeof stamps, stamps, sizeof stamps[0],
                                                          VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WAIT_BIT);
    TUFF_TRY(tuff_device_result(device, result, "timestamps"));
    tuff_mutex_lock(&device->profile->lock);
    for (uint32_t i = 0; i < timer->count && status == TUFF_OK; i++) {
        struct tuff_profile_row *row = NULL;
        status = row_for(device->profile, timer->spans[i].kernel, timer->spans[i].variant, &row);
        if (status != TUFF_OK)
            break;
        row->ns += (double)(stamps[2 * i + 1] - stamps[2 * i]) * (double)device->limits.timestamp_period;
        row->count += timer->spans[i].is_first;
    }
    tuff_mutex_unlock(&device->profile->lock);
    return status;
}

void tuff_timer_free(struct tuff_device *device, struct tuff_timer *timer) {
    device->table.vkDestroyQueryPool(device->handle, timer->pool, NULL);
    timer->pool = VK_NULL_HANDLE;
}
