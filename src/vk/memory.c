/* SPDX-License-Identifier: Apache-2.0 */
#include "vk/memory.h"

#include "base/memory.h"
#include "vk/buffer.h"

/* Small arenas take little; large ones few blocks. */
static const uint64_t smallest_block = 1 << 20;
static const uint64_t usual_block = 64 << 20;

struct block {
    struct tuff_buffer *buffer;
    uint64_t used; /* bytes */
};

struct tuff_arena {
    struct tuff_device *device;
    enum tuff_memory_kind kind;
    const char *purpose;
    struct block *blocks;
    size_t count;
    size_t capacity;
    uint64_t size;
};

tuff_status tuff_arena_create(struct tuff_device *device, enum tuff_memory_kind kind, const char *purpose,
                              struct tuff_arena **out_arena) {
    struct tuff_arena *arena = NULL;
    *out_arena = NULL;
    TUFF_TRY(tuff_alloc(1, sizeof *arena, &arena));
    *arena = (struct tuff_arena){ .device = device, .kind = kind, .purpose = purpose };
    *out_arena = arena;
    return TUFF_OK;
}

void tuff_arena_destroy(struct tuff_arena *arena) {
    if (!arena)
        return;
    for (size_t i = 0; i < arena->count; i++)
        tuff_buffer_destroy(arena->blocks[i].buffer);
    tuff_free(arena->blocks);
    tuff_free(arena);
}

static uint64_t round_up(uint64_t value, uint64_t to) {
    return (value + to - 1) / to * to;
}

static uint64_t smaller(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

static tuff_status add_block(struct tuff_arena *arena, uint64_t size) {
    struct tuff_buffer *buffer = NULL;
    TUFF_TRY(tuff_reserve(&arena->blocks, &arena->capacity, arena->count + 1, sizeof *arena->blocks));
    TUFF_TRY(tuff_buffer_create(arena->device, arena->kind, arena->purpose, size, &buffer));
    arena->blocks[arena->count++] = (struct block){ .buffer = buffer };
    arena->size += size;
    return TUFF_OK;
}

static bool take_from(struct block *block, uint64_t alignment, uint64_t size, struct tuff_slice *out_slice) {
    uint64_t start = round_up(block->used, alignment);
    if (start > block->buffer->size || block->buffer->size - start < size)
        return false;
    *out_slice = (struct tuff_slice){ .buffer = block->buffer, .offset = start, .size = size };
    block->used = start + size;
    return true;
}

/* Doubles what the arena holds, up to the usual block; where that cannot be had, just what is needed. */
static tuff_status grow(struct tuff_arena *arena, uint64_t needed) {
    uint64_t wish = arena->size < smallest_block ? smallest_block : smaller(arena->size, usual_block);
    wish = smaller(wish, arena->device->limits.max_allocation);
    if (wish > needed && add_block(arena, wish) == TUFF_OK)
        return TUFF_OK;
    return add_block(arena, needed);
}

tuff_status tuff_arena_take(struct tuff_arena *arena, uint64_t size, struct tuff_slice *out_slice) {
    const struct tuff_limits *limits = &arena->device->limits;
    uint64_t most = smaller(limits->max_allocation, limits->max_storage_range) / 16 * 16;
    *out_slice = (struct tuff_slice){ 0 };
    if (size > most)
        return tuff_fail(TUFF_UNSUPPORTED, "%s: %llu bytes in one piece; the device binds %llu at most",
                         arena->purpose, (unsigned long long)size, (unsigned long long)most);
    uint64_t rounded = size == 0 ? 16 : round_up(size, 16);
    for (size_t i = 0; i < arena->count; i++)
        if (take_from(&arena->blocks[i], limits->storage_alignment, rounded, out_slice))
            return TUFF_OK;
    TUFF_TRY(grow(arena, rounded));
    take_from(&arena->blocks[arena->count - 1], limits->storage_alignment, rounded, out_slice);
    return TUFF_OK;
}

tuff_status tuff_arena_reserve(struct tuff_arena *arena, uint64_t size) {
    uint64_t most = arena->device->limits.max_allocation / 16 * 16;
    while (size > 0) {
        uint64_t part = smaller(round_up(size, 16), most);
        TUFF_TRY(add_block(arena, part));
        size -= smaller(size, part);
    }
    return TUFF_OK;
}

void tuff_arena_reset(struct tuff_arena *arena) {
    for (size_t i = 0; i < arena->count; i++)
        arena->blocks[i].used = 0;
}

uint64_t tuff_arena_size(const struct tuff_arena *arena) {
    return arena->size;
}

uint64_t tuff_slice_alignment(const struct tuff_device *device) {
    return device->limits.storage_alignment;
}

void *tuff_slice_map(const struct tuff_slice *slice) {
    return slice->buffer->map ? (char *)slice->buffer->map + slice->offset : NULL;
}

uint64_t tuff_slice_address(const struct tuff_slice *slice) {
    return slice->buffer->address ? slice->buffer->address + slice->offset : 0;
}

/* The slice widened to whole atoms, as vkFlushMappedMemoryRanges wants it. */
static VkMappedMemoryRange atoms_of(const struct tuff_slice *slice) {
    uint64_t atom = slice->buffer->device->limits.atom_size;
    uint64_t start = slice->offset / atom * atom;
    uint64_t end = round_up(slice->offset + slice->size, atom);
    return (VkMappedMemoryRange){
        .sType = VK_STRUCTURE_TYPE_MAPPED_MEMORY_RANGE,
        .memory = slice->buffer->memory,
        .offset = start,
        .size = end >= slice->buffer->memory_size ? VK_WHOLE_SIZE : end - start,
    };
}

tuff_status tuff_slice_flush(const struct tuff_slice *slice) {
    struct tuff_device *device = slice->buffer->device;
    if (slice->buffer->is_coherent || !slice->buffer->map)
        return TUFF_OK;
    const VkMappedMemoryRange range = atoms_of(slice);
    return tuff_device_result(device, device->table.vkFlushMappedMemoryRanges(device->handle, 1, &range),
                              "a flush");
}

tuff_status tuff_slice_invalidate(const struct tuff_slice *slice) {
    struct tuff_device *device = slice->buffer->device;
    if (slice->buffer->is_coherent || !slice->buffer->map)
        return TUFF_OK;
    const VkMappedMemoryRange range = atoms_of(slice);
    return tuff_device_result(device, device->table.vkInvalidateMappedMemoryRanges(device->handle, 1, &range),
                              "an invalidation");
}
