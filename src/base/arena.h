/* SPDX-License-Identifier: Apache-2.0 */
/* Many small blocks that are let go together. Blocks stay where they are. */
#ifndef TUFF_BASE_ARENA_H
#define TUFF_BASE_ARENA_H

#include <stddef.h>

#include "base/status.h"

/* Zeroed: empty. */
struct tuff_arena {
    struct tuff_arena_chunk *last;
    size_t used, size; /* of the last chunk */
};

/* Zeroed memory for count * size bytes, 16-byte aligned; 0 bytes give a valid block. */
tuff_status tuff_arena_allocate(struct tuff_arena *arena, size_t count, size_t size, void *out_pointer);
/* A copy of the bytes with a NUL behind them. */
tuff_status tuff_arena_copy(struct tuff_arena *arena, const void *data, size_t size, tuff_text *out_copy);
/* An empty arena is fine. */
void tuff_arena_free(struct tuff_arena *arena);

#endif
