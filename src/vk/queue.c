/* SPDX-License-Identifier: Apache-2.0 */
#include "vk/queue.h"

#include <stdatomic.h>

/* A wait looks up this often, to see a loss that another thread met. */
static const uint64_t slice_ns = 1000000000;

tuff_status tuff_queue_open(struct tuff_device *device) {
    const VkSemaphoreTypeCreateInfo type = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
        .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE,
    };
    const VkSemaphoreCreateInfo info = { .sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO, .pNext = &type };
    TUFF_TRY(tuff_mutex_init(&device->queue_lock));
    device->has_queue = true;
    if (!device->is_lent)
        device->table.vkGetDeviceQueue(device->handle, device->queue_family, 0, &device->queue);
    if (!device->features.timeline_semaphore)
        return TUFF_OK;
    /* A driver of Vulkan 1.1 has the function under its extension's name alone. */
    if (!device->table.vkWaitSemaphores)
        device->table.vkWaitSemaphores = device->table.vkWaitSemaphoresKHR;
    return tuff_device_result(device,
                              device->table.vkCreateSemaphore(device->handle, &info, NULL, &device->timeline),
                              "a timeline semaphore");
}

void tuff_queue_close(struct tuff_device *device) {
    if (!device->has_queue)
        return;
    device->table.vkDestroySemaphore(device->handle, device->timeline, NULL);
    tuff_mutex_destroy(&device->queue_lock);
}

static tuff_status lost(void) {
    return tuff_fail(TUFF_DEVICE_LOST,
                     "the device was lost; close everything made from it and open it again");
}

static void lock(struct tuff_device *device) {
    tuff_mutex_lock(&device->queue_lock);
    if (device->guard.lock)
        device->guard.lock(device->guard.user);
}

static void unlock(struct tuff_device *device) {
    if (device->guard.unlock)
        device->guard.unlock(device->guard.user);
    tuff_mutex_unlock(&device->queue_lock);
}

static VkResult prepare_fence(struct tuff_device *device, struct tuff_ticket *ticket) {
    const VkFenceCreateInfo info = { .sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO };
    if (device->timeline)
        return VK_SUCCESS;
    if (ticket->fence)
        return device->table.vkResetFences(device->handle, 1, &ticket->fence);
    return device->table.vkCreateFence(device->handle, &info, NULL, &ticket->fence);
}

static void raise_to(_Atomic uint64_t *largest, uint64_t value) {
    uint64_t seen = *largest;
    while (value > seen && !atomic_compare_exchange_weak(largest, &seen, value)) {
    }
}

/* The caller's lock is held. */
static VkResult submit_now(struct tuff_device *device, const struct tuff_submit *submit, uint64_t value,
                           VkFence fence) {
    const VkPipelineStageFlags stage = VK_PIPELINE_STAGE_TRANSFER_BIT;
    VkSemaphore signals[2] = { device->timeline };
    uint64_t values[2] = { value };
    uint32_t count = device->timeline ? 1 : 0;
    if (submit->signal.handle) {
        signals[count] = submit->signal.handle;
        values[count++] = submit->signal.value;
    }
    const VkTimelineSemaphoreSubmitInfo timeline = {
        .sType = VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
        .waitSemaphoreValueCount = submit->wait.handle ? 1 : 0,
        .pWaitSemaphoreValues = &submit->wait.value,
        .signalSemaphoreValueCount = count,
        .pSignalSemaphoreValues = values,
    };
    const VkSubmitInfo info = {
        .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
        .pNext = device->timeline ? &timeline : NULL,
        .waitSemaphoreCount = submit->wait.handle ? 1 : 0,
        .pWaitSemaphores = &submit->wait.handle,
        .pWaitDstStageMask = &stage,
        .commandBufferCount = submit->commands ? 1 : 0,
        .pCommandBuffers = &submit->commands,
        .signalSemaphoreCount = count,
        .pSignalSemaphores = signals,
    };
    return device->table.vkQueueSubmit(device->queue, 1, &info, fence);
}

tuff_status tuff_queue_submit(struct tuff_device *device, const struct tuff_submit *submit,
                              struct tuff_ticket *ticket) {
    if (device->pace.submit && submit->commands)
        device->pace.submit(device->pace.user, submit->cost);
    if (device->is_lost)
        return lost();
    ticket->start_ns = device->is_paced ? tuff_clock_ns() : 0;
    TUFF_TRY(tuff_device_result(device, prepare_fence(device, ticket), "a fence"));
    lock(device);
    uint64_t value = device->timeline_value + 1;
    VkResult result = submit_now(device, submit, value, ticket->fence);
    if (result == VK_SUCCESS)
        device->timeline_value = value;
    unlock(device);
    TUFF_TRY(tuff_device_result(device, result, "a submit"));
    device->submit_count += submit->commands ? 1 : 0;
    raise_to(&device->largest_cost, submit->cost);
    ticket->value = value;
    ticket->is_pending = true;
    return TUFF_OK;
}

static VkResult ask(struct tuff_device *device, const struct tuff_ticket *ticket, uint64_t timeout_ns) {
    const VkSemaphoreWaitInfo info = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO,
        .semaphoreCount = 1,
        .pSemaphores = &device->timeline,
        .pValues = &ticket->value,
    };
    if (device->timeline)
        return device->table.vkWaitSemaphores(device->handle, &info, timeout_ns);
    return device->table.vkWaitForFences(device->handle, 1, &ticket->fence, VK_TRUE, timeout_ns);
}

/* What the device still uses may not be freed, so a wait that the driver cannot do now is tried again. */
static VkResult wait_once(struct tuff_device *device, const struct tuff_ticket *ticket, uint64_t timeout_ns) {
    enum { TRIES = 8 };
    VkResult result = ask(device, ticket, timeout_ns);
    for (int i = 1; i < TRIES && result < VK_SUCCESS && result != VK_ERROR_DEVICE_LOST; i++)
        result = ask(device, ticket, timeout_ns);
    return result;
}

tuff_status tuff_queue_wait(struct tuff_device *device, struct tuff_ticket *ticket, uint64_t timeout_ns,
                            bool *out_is_done) {
    VkResult result = VK_TIMEOUT;
    *out_is_done = !ticket->is_pending;
    while (!*out_is_done && result == VK_TIMEOUT) {
        if (device->is_lost)
            return lost();
        uint64_t now = timeout_ns < slice_ns ? timeout_ns : slice_ns;
        result = wait_once(device, ticket, now);
        *out_is_done = result == VK_SUCCESS;
        if (result == VK_TIMEOUT && timeout_ns != UINT64_MAX && (timeout_ns -= now) == 0)
            return TUFF_OK;
    }
    if (ticket->is_pending && *out_is_done && device->is_paced)
        raise_to(&device->longest_ns, tuff_clock_ns() - ticket->start_ns);
    ticket->is_pending = ticket->is_pending && !*out_is_done;
    return tuff_device_result(device, result == VK_TIMEOUT ? VK_SUCCESS : result, "a wait for the device");
}

void tuff_ticket_free(struct tuff_device *device, struct tuff_ticket *ticket) {
    device->table.vkDestroyFence(device->handle, ticket->fence, NULL);
    *ticket = (struct tuff_ticket){ 0 };
}
