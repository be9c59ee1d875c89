/* SPDX-License-Identifier: Apache-2.0 */
#include "base/blocks.h"

#include <string.h>

#include "base/memory.h"

enum { ALIGNMENT = 16, CHUNK_SIZE = 1 << 16 };

/* Blocks lie behind it. */
struct tuff_blocks_chunk {
    struct tuff_blocks_chunk *before;
    char padding[ALIGNMENT - sizeof(void *)];
};

static tuff_status add_chunk(struct tuff_blocks *blocks, size_t size) {
    struct tuff_blocks_chunk *chunk = NULL;
    size_t whole = 0;
    if (!tuff_add(size, sizeof *chunk, &whole))
        return tuff_fail(TUFF_HOST_MEMORY, "a block of %zu bytes is too large", size);
    TUFF_TRY(tuff_alloc(whole, 1, &chunk));
    chunk->before = blocks->last;
    *blocks = (struct tuff_blocks){ .last = chunk, .size = size };
    return TUFF_OK;
}

tuff_status tuff_blocks_allocate(struct tuff_blocks *blocks, size_t count, size_t size, void *out_pointer) {
    size_t bytes = 0;
    if (!tuff_multiply(count, size, &bytes) || !tuff_add(bytes, ALIGNMENT - 1, &bytes))
        return tuff_fail(TUFF_HOST_MEMORY, "%zu blocks of %zu bytes are too large", count, size);
    bytes &= ~(size_t)(ALIGNMENT - 1);
    if (!blocks->last || blocks->size - blocks->used < bytes)
        TUFF_TRY(add_chunk(blocks, bytes > CHUNK_SIZE ? bytes : CHUNK_SIZE));
    void *block = (char *)(blocks->last + 1) + blocks->used;
    blocks->used += bytes;
    memcpy(out_pointer, &block, sizeof block);
    return TUFF_OK;
}

tuff_status tuff_blocks_copy(struct tuff_blocks *blocks, const void *data, size_t size, tuff_text *out_copy) {
    char *copy = NULL;
    size_t whole = 0;
    if (!tuff_add(size, 1, &whole))
        return tuff_fail(TUFF_HOST_MEMORY, "a text of %zu bytes is too large", size);
    TUFF_TRY(tuff_blocks_allocate(blocks, whole, 1, &copy));
    if (size > 0)
        memcpy(copy, data, size);
    *out_copy = (tuff_text){ copy, size };
    return TUFF_OK;
}

void tuff_blocks_free(struct tuff_blocks *blocks) {
    while (blocks->last) {
        struct tuff_blocks_chunk *before = blocks->last->before;
        tuff_free(blocks->last);
        blocks->last = before;
    }
    *blocks = (struct tuff_blocks){ 0 };
}
