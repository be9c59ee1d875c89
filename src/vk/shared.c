/* SPDX-License-Identifier: Apache-2.0 */
/* Buffers in memory that comes from elsewhere as a file descriptor. */
#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "base/system.h"
#include "vk/context.h"

struct tuff_shared_buffer {
    struct tuff_device *device;
    VkBuffer handle;
    VkDeviceMemory memory;
};

static tuff_status create_buffer(struct tuff_shared_buffer *buffer, uint64_t length) {
    const VkExternalMemoryBufferCreateInfo external = {
        .sType = VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_BUFFER_CREATE_INFO,
        .handleTypes = VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD_BIT,
    };
    const VkBufferCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
        .pNext = &external,
        .size = length,
        .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_TRANSFER_SRC_BIT |
                 VK_BUFFER_USAGE_TRANSFER_DST_BIT,
    };
    struct tuff_device *device = buffer->device;
    return tuff_device_result(device,
                              device->table.vkCreateBuffer(device->handle, &info, NULL, &buffer->handle),
                              "a shared buffer");
}

/* The driver is given a descriptor of its own: what comes after this may fail, and the program's is still the program's then. */
static tuff_status import(struct tuff_shared_buffer *buffer, int fd, uint64_t memory_size,
                          uint32_t memory_type) {
    struct tuff_device *device = buffer->device;
    VkImportMemoryFdInfoKHR from = {
        .sType = VK_STRUCTURE_TYPE_IMPORT_MEMORY_FD_INFO_KHR,
        .handleType = VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD_BIT,
    };
    const VkMemoryAllocateInfo info = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
        .pNext = &from,
        .allocationSize = memory_size,
        .memoryTypeIndex = memory_type,
    };
    VkMemoryRequirements needs;
    device->table.vkGetBufferMemoryRequirements(device->handle, buffer->handle, &needs);
    if (memory_type >= device->memory.memoryTypeCount || !(needs.memoryTypeBits >> memory_type & 1) ||
        needs.size > memory_size)
        return tuff_fail(TUFF_ARGUMENT,
                         "a shared buffer needs %llu bytes; there are %llu of memory type %u, which %s",
                         (unsigned long long)needs.size, (unsigned long long)memory_size, memory_type,
                         needs.size > memory_size ? "is too little" : "holds no such buffers");
    from.fd = tuff_system_copy(fd);
    if (from.fd < 0)
        return tuff_fail(TUFF_IO, "descriptor %d of a shared buffer: %s", fd, strerror(errno));
    tuff_status status = tuff_device_result(
        device, device->table.vkAllocateMemory(device->handle, &info, NULL, &buffer->memory),
        "the memory of a shared buffer");
    if (status != TUFF_OK)
        tuff_system_close(from.fd);
    return status;
}

static tuff_status open_shared(struct tuff_shared_buffer *buffer, int fd, uint64_t memory_size,
                               uint32_t memory_type, uint64_t length) {
    struct tuff_device *device = buffer->device;
    TUFF_TRY(create_buffer(buffer, length));
    TUFF_TRY(import(buffer, fd, memory_size, memory_type));
    return tuff_device_result(
        device, device->table.vkBindBufferMemory(device->handle, buffer->handle, buffer->memory, 0),
        "a shared buffer");
}

tuff_status tuff_shared_buffer_open(tuff_context *context, int fd, uint64_t memory_size, uint32_t memory_type,
                                    uint64_t length, tuff_shared_buffer **out_buffer) {
    struct tuff_shared_buffer *buffer = NULL;
    if (!context || !out_buffer || fd < 0 || length == 0)
        return tuff_fail(TUFF_ARGUMENT,
                         "tuff_shared_buffer_open: a context, a descriptor, a length and a place are needed");
    *out_buffer = NULL;
    struct tuff_device *device = context->device;
    if (device->is_lost)
        return tuff_device_result(device, VK_ERROR_DEVICE_LOST, "a shared buffer");
    if (!device->features.external_memory_fd)
        return tuff_fail(TUFF_UNSUPPORTED, "%s takes no memory by file descriptor", device->info.name);
    const struct tuff_allocator *before =
        tuff_memory_use(context->allocator.allocate ? &context->allocator : NULL);
    tuff_status status = tuff_alloc(1, sizeof *buffer, &buffer);
    tuff_memory_use(before);
    TUFF_TRY(status);
    buffer->device = device;
    status = open_shared(buffer, fd, memory_size, memory_type, length);
    if (status != TUFF_OK) {
        tuff_shared_buffer_close(buffer);
        return status;
    }
    tuff_system_close(fd);
    *out_buffer = buffer;
    return TUFF_OK;
}

void *tuff_shared_buffer_handle(const tuff_shared_buffer *buffer) {
    return buffer->handle;
}

void tuff_shared_buffer_close(tuff_shared_buffer *buffer) {
    if (!buffer)
        return;
    const struct VolkDeviceTable *table = &buffer->device->table;
    table->vkDestroyBuffer(buffer->device->handle, buffer->handle, NULL);
    table->vkFreeMemory(buffer->device->handle, buffer->memory, NULL);
    tuff_free(buffer);
}
