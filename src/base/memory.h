/* SPDX-License-Identifier: Apache-2.0 */
/* The only caller of malloc. Each block remembers the allocator it came from, so that any thread may free
 * it. Which allocator serves a new block is a property of the calling thread: public entry points set it
 * from their handle (tuff_memory_use) and put the old one back; worker threads set their owner's. */
#ifndef TUFF_BASE_MEMORY_H
#define TUFF_BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/* NULL stands for the C library's. Returns the allocator used so far by this thread. */
const struct tuff_allocator *tuff_memory_use(const struct tuff_allocator *allocator);

/* Zeroed memory for count * size bytes, 16-byte aligned; 0 bytes give a valid block.
 * TUFF_HOST_MEMORY if it cannot be had or if the product overflows. */
tuff_status tuff_alloc(size_t count, size_t size, void *out_pointer);

/* Grows or shrinks the block at *pointer (which may be NULL); new bytes are not zeroed.
 * On failure the old block stays. */
tuff_status tuff_resize(void *inout_pointer, size_t count, size_t size);

/* Makes room for `needed` elements in a growing array, doubling its capacity. */
tuff_status tuff_reserve(void *inout_pointer, size_t *inout_capacity, size_t needed, size_t size);

/* NULL is fine. */
void tuff_free(void *pointer);

/* A copy of length bytes with a NUL behind them. */
tuff_status tuff_copy_text(const char *text, size_t length, char **out_copy);

/* A printf into a block of its own. */
tuff_status tuff_format(char **out_text, const char *format, ...) TUFF_PRINTF(2, 3);

/* Bytes of memory that the machine has; 0 where that cannot be told. */
uint64_t tuff_host_memory_size(void);

/* *out = a * b or a + b; false if that overflows. */
bool tuff_multiply(size_t a, size_t b, size_t *out);
bool tuff_add(size_t a, size_t b, size_t *out);

#endif
