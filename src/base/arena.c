/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <string.h>

#include "base/memory.h"

enum { ALIGNMENT = 16, CHUNK_SIZE = 1 << 16 };

/* Blocks lie behind it. */
struct tuff_arena_chunk {
    struct tuff_arena_chunk *before;
    char padding[ALIGNMENT - sizeof(void *)];
};

static tuff_status add_chunk(struct tuff_arena *arena, size_t size) {
    struct tuff_arena_chunk *chunk = NULL;
    size_t whole = 0;
    if (!tuff_add(size, sizeof *chunk, &whole))
        return tuff_fail(TUFF_HOST_MEMORY, "a block of %zu bytes is too large", size);
    TUFF_TRY(tuff_alloc(whole, 1, &chunk));
    chunk->before = arena->last;
    *arena = (struct tuff_arena){ .last = chunk, .size = size };
    return TUFF_OK;
}

tuff_status tuff_arena_allocate(struct tuff_arena *arena, size_t count, size_t size, void *out_pointer) {
    size_t bytes = 0;
    if (!tuff_multiply(count, size, &bytes) || !tuff_add(bytes, ALIGNMENT - 1, &bytes))
        return tuff_fail(TUFF_HOST_MEMORY, "%zu blocks of %zu bytes are too large", count, size);
    bytes &= ~(size_t)(ALIGNMENT - 1);
    if (!arena->last || arena->size - arena->used < bytes)
        TUFF_TRY(add_chunk(arena, bytes > CHUNK_SIZE ? bytes : CHUNK_SIZE));
    void *block = (char *)(arena->last + 1) + arena->used;
    arena->used += bytes;
    memcpy(out_pointer, &block, sizeof block);
    return TUFF_OK;
}

tuff_status tuff_arena_copy(struct tuff_arena *arena, const void *data, size_t size, tuff_text *out_copy) {
    char *copy = NULL;
    size_t whole = 0;
    if (!tuff_add(size, 1, &whole))
        return tuff_fail(TUFF_HOST_MEMORY, "a text of %zu bytes is too large", size);
    TUFF_TRY(tuff_arena_allocate(arena, whole, 1, &copy));
    if (size > 0)
        memcpy(copy, data, size);
    *out_copy = (tuff_text){ copy, size };
    return TUFF_OK;
}

void tuff_arena_free(struct tuff_arena *arena) {
    while (arena->last) {
        struct tuff_arena_chunk *before = arena->last->before;
        tuff_free(arena->last);
        arena->last = before;
    }
    *arena = (struct tuff_arena){ 0 };
}
