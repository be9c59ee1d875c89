/* SPDX-License-Identifier: Apache-2.0 */
/* Device memory: few large arenas, handed out as slices. An arena is a row of buffers, each within
 * maxMemoryAllocationSize, maxBufferSize and the memory budget; a slice lies in one buffer and is at most
 * maxStorageBufferRange long, so that it can be bound. */
#ifndef TUFF_VK_MEMORY_H
#define TUFF_VK_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

struct tuff_device;
struct tuff_buffer;
struct tuff_arena;

/* A view of a buffer that owns nothing. Offsets are multiples of the device's storage alignment
 * (tuff_slice_alignment) wherever a slice is bound to a kernel. */
struct tuff_slice {
    struct tuff_buffer *buffer;
    uint64_t offset; /* bytes */
    uint64_t size;   /* bytes */
};

enum tuff_memory_kind {
    TUFF_MEMORY_DEVICE, /* device-local; host-visible as well where the device shares its memory with the host
                         */
    TUFF_MEMORY_UPLOAD, /* host-visible, written by the host in order */
    TUFF_MEMORY_DOWNLOAD, /* host-visible, cached where there is such a type, read by the host */
};

/* Bytes that could be had now, of the heap that has most. */
uint64_t tuff_memory_room(const struct tuff_device *device);

/* `purpose` names the arena in messages ("weights"). */
tuff_status tuff_arena_create(struct tuff_device *device, enum tuff_memory_kind kind, const char *purpose,
                              struct tuff_arena **out_arena);
/* NULL is fine. Nothing in flight may use it. */
void tuff_arena_destroy(struct tuff_arena *arena);
/* A slice of `size` bytes (rounded up to 16), aligned for binding. Memory is taken in blocks as it is needed.
 * TUFF_DEVICE_MEMORY says what was asked, what is in use and what the budget is; TUFF_UNSUPPORTED where size
 * is above what a buffer may bind. Content is undefined. */
tuff_status tuff_arena_take(struct tuff_arena *arena, uint64_t size, struct tuff_slice *out_slice);
/* Takes ahead one block for `size` bytes, so that takes of this sum do not fragment. Optional. */
tuff_status tuff_arena_reserve(struct tuff_arena *arena, uint64_t size);
/* Forgets all slices and keeps the memory for new ones. */
void tuff_arena_reset(struct tuff_arena *arena);
uint64_t tuff_arena_size(const struct tuff_arena *arena); /* bytes of memory held */

uint64_t tuff_slice_alignment(const struct tuff_device *device);
/* The host's address of a slice, NULL where its memory is not host-visible. */
void *tuff_slice_map(const struct tuff_slice *slice);
/* The address of a slice for kernels that take addresses; 0 without the feature buffer_address. Such a kernel
 * binds the slice as well, for the sake of barriers. */
uint64_t tuff_slice_address(const struct tuff_slice *slice);
/* Makes host writes visible to the device, device writes to the host; nothing to do on coherent memory. */
tuff_status tuff_slice_flush(const struct tuff_slice *slice);
tuff_status tuff_slice_invalidate(const struct tuff_slice *slice);

/* Copies to or from device memory outside a recording, at once and waiting: directly where the memory is
 * host-visible, else through a staging ring. For loading and saving. */
tuff_status tuff_upload(struct tuff_device *device, const struct tuff_slice *to, uint64_t offset,
                        const void *data, uint64_t size);
tuff_status tuff_download(struct tuff_device *device, const struct tuff_slice *from, uint64_t offset,
                          void *data, uint64_t size);

#endif
