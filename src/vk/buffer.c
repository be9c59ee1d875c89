/* SPDX-License-Identifier: Apache-2.0 */
#include "vk/buffer.h"

#include <stdatomic.h>

#include "base/memory.h"

enum {
    LOCAL = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT,
    VISIBLE = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT,
    COHERENT = VK_MEMORY_PROPERTY_HOST_COHERENT_BIT,
    CACHED = VK_MEMORY_PROPERTY_HOST_CACHED_BIT,
};

/* A wish for a memory type: bits it must have and bits it must not have. */
struct wish {
    VkMemoryPropertyFlags with;
    VkMemoryPropertyFlags without;
};

enum { WISH_COUNT = 4 };

/* Best first. The last wish of each row is met by every device. Memory of the host serves as device memory
 * where the device's own is full: slow, but right. */
static const struct wish mapped_wishes[WISH_COUNT] = {
    { LOCAL | VISIBLE | COHERENT | CACHED, 0 }, { LOCAL | VISIBLE, 0 }, { LOCAL, 0 }, { 0, LOCAL }
};
static const struct wish device_wishes[WISH_COUNT] = {
    { LOCAL, VISIBLE }, { LOCAL, 0 }, { VISIBLE, LOCAL }, { 0, LOCAL }
};
static const struct wish upload_wishes[WISH_COUNT] = { { VISIBLE | COHERENT, LOCAL | CACHED },
                                                       { VISIBLE | COHERENT, LOCAL },
                                                       { VISIBLE | COHERENT, 0 },
                                                       { VISIBLE, 0 } };
static const struct wish download_wishes[WISH_COUNT] = {
    { VISIBLE | COHERENT | CACHED, LOCAL }, { VISIBLE | CACHED, 0 }, { VISIBLE | COHERENT, 0 }, { VISIBLE, 0 }
};

static const struct wish *wishes_for(const struct tuff_device *device, enum tuff_memory_kind kind) {
    if (kind == TUFF_MEMORY_UPLOAD)
        return upload_wishes;
    if (kind == TUFF_MEMORY_DOWNLOAD)
        return download_wishes;
    return device->features.mapped_memory ? mapped_wishes : device_wishes;
}

/* Bytes that the heap may still give. */
static uint64_t room_in_heap(const struct tuff_device *device, uint32_t heap) {
    VkPhysicalDeviceMemoryBudgetPropertiesEXT budget = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT,
    };
    VkPhysicalDeviceMemoryProperties2 memory = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2,
        .pNext = &budget,
    };
    uint64_t limit = device->memory.memoryHeaps[heap].size;
    uint64_t used = device->heap_used[heap];
    /* A driver for the CPU takes host memory, and some name a heap of a fixed size that means nothing. */
    uint64_t most_of_host = tuff_host_memory_size() / 4 * 3;
    if (device->info.type == TUFF_DEVICE_CPU && most_of_host > limit)
        limit = most_of_host;
    if (device->features.memory_budget) {
        device->instance->vkGetPhysicalDeviceMemoryProperties2(device->physical, &memory);
        limit = budget.heapBudget[heap];
        /* A driver for the CPU counts pages that were touched, and no more. */
        if (budget.heapUsage[heap] > used)
            used = budget.heapUsage[heap];
    }
    uint64_t room = limit > used ? limit - used : 0;
    uint64_t granted =
        device->memory_limit > device->memory_used ? device->memory_limit - device->memory_used : 0;
    return room < granted ? room : granted;
}

uint64_t tuff_memory_room(const struct tuff_device *device) {
    uint64_t most = 0;
    for (uint32_t heap = 0; heap < device->memory.memoryHeapCount; heap++) {
        uint64_t room = room_in_heap(device, heap);
        most = room > most ? room : most;
    }
    return most;
}

/* Counts the bytes as used unless that is more than the caller allows; threads may ask at once. */
static bool claim(struct tuff_device *device, uint64_t size) {
    uint64_t used = atomic_fetch_add(&device->memory_used, size);
    if (used <= device->memory_limit && size <= device->memory_limit - used)
        return true;
    device->memory_used -= size;
    return false;
}

static VkResult allocate(struct tuff_buffer *buffer, enum tuff_memory_kind kind, uint32_t type) {
    struct tuff_device *device = buffer->device;
    const VkMemoryAllocateFlagsInfo with_address = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_FLAGS_INFO,
        .flags = VK_MEMORY_ALLOCATE_DEVICE_ADDRESS_BIT,
    };
    const VkMemoryAllocateInfo info = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
        .pNext = device->features.buffer_address ? &with_address : NULL,
        .allocationSize = buffer->memory_size,
        .memoryTypeIndex = type,
    };
    VkMemoryPropertyFlags flags = device->memory.memoryTypes[type].propertyFlags;
    if (!claim(device, buffer->memory_size))
        return VK_ERROR_OUT_OF_DEVICE_MEMORY;
    VkResult result = device->table.vkAllocateMemory(device->handle, &info, NULL, &buffer->memory);
    if (result != VK_SUCCESS) {
        buffer->memory = VK_NULL_HANDLE;
        device->memory_used -= buffer->memory_size;
        return result;
    }
    buffer->heap = device->memory.memoryTypes[type].heapIndex;
    buffer->is_visible = (flags & VISIBLE) != 0;
    buffer->is_coherent = (flags & COHERENT) != 0;
    buffer->is_cached = (flags & CACHED) != 0 || kind == TUFF_MEMORY_DOWNLOAD;
    device->heap_used[buffer->heap] += buffer->memory_size;
    return VK_SUCCESS;
}

static bool is_granted(VkMemoryPropertyFlags flags, const struct wish *wish) {
    return (flags & wish->with) == wish->with && (flags & wish->without) == 0;
}

/* Tries each type once, in the order of the wishes. */
static VkResult allocate_best(struct tuff_buffer *buffer, enum tuff_memory_kind kind, uint32_t type_bits,
                              uint64_t *out_room) {
    struct tuff_device *device = buffer->device;
    const struct wish *wishes = wishes_for(device, kind);
    VkResult result = VK_ERROR_OUT_OF_DEVICE_MEMORY;
    uint32_t tried = 0;
    for (size_t w = 0; w < WISH_COUNT; w++) {
        for (uint32_t type = 0; type < device->memory.memoryTypeCount; type++) {
            uint32_t bit = 1u << type;
            uint32_t heap = device->memory.memoryTypes[type].heapIndex;
            if (!(type_bits & bit) || (tried & bit) ||
                !is_granted(device->memory.memoryTypes[type].propertyFlags, &wishes[w]))
                continue;
            tried |= bit;
            uint64_t room = room_in_heap(device, heap);
            *out_room = room > *out_room ? room : *out_room;
            if (buffer->memory_size > room)
                continue;
            result = allocate(buffer, kind, type);
            if (result != VK_ERROR_OUT_OF_DEVICE_MEMORY && result != VK_ERROR_OUT_OF_HOST_MEMORY)
                return result;
        }
    }
    return result;
}

static tuff_status back_with_memory(struct tuff_buffer *buffer, enum tuff_memory_kind kind,
                                    const char *purpose) {
    const double mib = 1024.0 * 1024.0;
    struct tuff_device *device = buffer->device;
    VkMemoryRequirements needs;
    uint64_t room = 0;
    device->table.vkGetBufferMemoryRequirements(device->handle, buffer->handle, &needs);
    buffer->memory_size = needs.size;
    VkResult result = allocate_best(buffer, kind, needs.memoryTypeBits, &room);
    if (result == VK_ERROR_OUT_OF_DEVICE_MEMORY)
        return tuff_fail(
            TUFF_DEVICE_MEMORY,
            "%s: %.1f MiB of device memory cannot be had; %.1f MiB are in use and the budget leaves %.1f",
            purpose, (double)needs.size / mib, (double)device->memory_used / mib, (double)room / mib);
    TUFF_TRY(tuff_device_result(device, result, purpose));
    TUFF_TRY(tuff_device_result(
        device, device->table.vkBindBufferMemory(device->handle, buffer->handle, buffer->memory, 0),
        purpose));
    return TUFF_OK;
}

/* With the feature off, device memory stays unmapped even where it happens to be host-visible. */
static tuff_status map(struct tuff_buffer *buffer, enum tuff_memory_kind kind, const char *purpose) {
    struct tuff_device *device = buffer->device;
    bool is_wanted = kind != TUFF_MEMORY_DEVICE || device->features.mapped_memory;
    if (!buffer->is_visible || !is_wanted)
        return TUFF_OK;
    VkResult result =
        device->table.vkMapMemory(device->handle, buffer->memory, 0, VK_WHOLE_SIZE, 0, &buffer->map);
    return tuff_device_result(device, result, purpose);
}

static uint64_t address_of(const struct tuff_buffer *buffer) {
    struct tuff_device *device = buffer->device;
    const VkBufferDeviceAddressInfo info = {
        .sType = VK_STRUCTURE_TYPE_BUFFER_DEVICE_ADDRESS_INFO,
        .buffer = buffer->handle,
    };
    if (!device->features.buffer_address)
        return 0;
    if (device->table.vkGetBufferDeviceAddress)
        return device->table.vkGetBufferDeviceAddress(device->handle, &info);
    return device->table.vkGetBufferDeviceAddressKHR(device->handle, &info);
}

tuff_status tuff_buffer_create(struct tuff_device *device, enum tuff_memory_kind kind, const char *purpose,
                               uint64_t size, struct tuff_buffer **out_buffer) {
    struct tuff_buffer *buffer = NULL;
    tuff_status status = TUFF_OK;
    const VkBufferCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
        .size = size,
        .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_TRANSFER_SRC_BIT |
                 VK_BUFFER_USAGE_TRANSFER_DST_BIT |
                 (device->features.buffer_address ? VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT : 0),
        .sharingMode = VK_SHARING_MODE_EXCLUSIVE,
    };
    *out_buffer = NULL;
    if (device->is_lost)
        return tuff_device_result(device, VK_ERROR_DEVICE_LOST, purpose);
    TUFF_TRY(tuff_alloc(1, sizeof *buffer, &buffer));
    buffer->device = device;
    buffer->size = size;
    VkResult result = device->table.vkCreateBuffer(device->handle, &info, NULL, &buffer->handle);
    TUFF_TRY_GOTO(tuff_device_result(device, result, purpose));
    TUFF_TRY_GOTO(back_with_memory(buffer, kind, purpose));
    TUFF_TRY_GOTO(map(buffer, kind, purpose));
    buffer->address = address_of(buffer);
    *out_buffer = buffer;
    return TUFF_OK;
done:
    tuff_buffer_destroy(buffer);
    return status;
}

void tuff_buffer_destroy(struct tuff_buffer *buffer) {
    if (!buffer)
        return;
    struct tuff_device *device = buffer->device;
    device->table.vkDestroyBuffer(device->handle, buffer->handle, NULL);
    if (buffer->memory) {
        device->table.vkFreeMemory(device->handle, buffer->memory, NULL);
        device->heap_used[buffer->heap] -= buffer->memory_size;
        device->memory_used -= buffer->memory_size;
    }
    tuff_free(buffer);
}
