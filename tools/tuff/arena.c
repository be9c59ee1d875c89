/* SPDX-License-Identifier: Apache-2.0 */
#include "arena.h"
#include "memory.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK_SIZE = 1 << 18 };

struct arena_block {
    struct arena_block *next;
    size_t capacity;
    size_t used;
    max_align_t bytes[];
};

static struct arena_block *add_block(struct arena *arena, size_t size) {
    size_t capacity = size > BLOCK_SIZE ? size : BLOCK_SIZE;
    struct arena_block *block = allocate(1, sizeof(*block) + capacity);
    *block = (struct arena_block){ .next = arena->block, .capacity = capacity };
    arena->block = block;
    return block;
}

void *arena_allocate(struct arena *arena, size_t size) {
    size_t rounded = (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
    struct arena_block *block = arena->block;
    if (!block || block->capacity - block->used < rounded)
        block = add_block(arena, rounded);
    void *start = (char *)block->bytes + block->used;
    block->used += rounded;
    arena->size += rounded;
    return start;
}

char *arena_copy(struct arena *arena, const char *text, size_t length) {
    char *copy = arena_allocate(arena, length + 1);
    if (length)
        memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

void arena_reset(struct arena *arena) {
    struct arena_block *kept = NULL;
    while (arena->block) {
        struct arena_block *block = arena->block;
        arena->block = block->next;
        if (!kept && block->capacity == BLOCK_SIZE)
            kept = block;
        else
            free(block);
    }
    if (kept)
        *kept = (struct arena_block){ .capacity = kept->capacity };
    *arena = (struct arena){ .block = kept };
}

void arena_free(struct arena *arena) {
    arena_reset(arena);
    free(arena->block);
    *arena = (struct arena){ 0 };
}
