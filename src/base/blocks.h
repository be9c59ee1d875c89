/* SPDX-License-Identifier: Apache-2.0 */
/* Many small blocks that are let go together. Blocks stay where they are. */
#ifndef TUFF_BASE_BLOCKS_H
#define TUFF_BASE_BLOCKS_H

#include <stddef.h>

#include "base/status.h"

/* Zeroed: empty. */
struct tuff_blocks {
    struct tuff_blocks_chunk *last;
    size_t used, size; /* of the last chunk */
};

/* Zeroed memory for count * size bytes, 16-byte aligned; 0 bytes give a valid block. */
tuff_status tuff_blocks_allocate(struct tuff_blocks *blocks, size_t count, size_t size, void *out_pointer);
/* A copy of the bytes with a NUL behind them. */
tuff_status tuff_blocks_copy(struct tuff_blocks *blocks, const void *data, size_t size, tuff_text *out_copy);
/* Empty ones are fine. */
void tuff_blocks_free(struct tuff_blocks *blocks);

#endif
