/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/system.h"

/* Stands before each block. Its size keeps the block aligned for every type. */
struct header {
    _Alignas(16) struct tuff_allocator allocator; /* all NULL: the C library's */
    size_t size;
};

static _Thread_local const struct tuff_allocator *current;

const struct tuff_allocator *tuff_memory_use(const struct tuff_allocator *allocator) {
    const struct tuff_allocator *before = current;
    current = allocator;
    return before;
}

static void *raw_alloc(const struct tuff_allocator *allocator, size_t size) {
    return allocator->allocate ? allocator->allocate(allocator->user, size) : malloc(size);
}

static void raw_free(const struct tuff_allocator *allocator, void *pointer) {
    if (allocator->release)
        allocator->release(allocator->user, pointer);
    else
        free(pointer);
}

static tuff_status out_of_memory(size_t size) {
    return tuff_fail(TUFF_HOST_MEMORY, "out of host memory: %zu bytes cannot be had", size);
}

uint64_t tuff_host_memory_size(void) {
    return tuff_system_memory_size();
}

bool tuff_multiply(size_t a, size_t b, size_t *out) {
    *out = a * b;
    return b == 0 || a <= SIZE_MAX / b;
}

bool tuff_add(size_t a, size_t b, size_t *out) {
    *out = a + b;
    return *out >= a;
}

tuff_status tuff_alloc(size_t count, size_t size, void *out_pointer) {
    void **out = out_pointer;
    size_t bytes = 0;
    size_t total = 0;
    *out = NULL;
    if (!tuff_multiply(count, size, &bytes) || !tuff_add(bytes, sizeof(struct header), &total))
        return tuff_fail(TUFF_HOST_MEMORY, "out of host memory: %zu elements of %zu bytes", count, size);
    struct tuff_allocator allocator = current ? *current : (struct tuff_allocator){ 0 };
    struct header *block = raw_alloc(&allocator, total);
    if (!block)
        return out_of_memory(bytes);
    block->allocator = allocator;
    block->size = bytes;
    *out = memset(block + 1, 0, bytes);
    return TUFF_OK;
}

tuff_status tuff_resize(void *inout_pointer, size_t count, size_t size) {
    void **inout = inout_pointer;
    void *fresh = NULL;
    TUFF_TRY(tuff_alloc(count, size, &fresh));
    if (*inout) {
        const struct header *old = (const struct header *)*inout - 1;
        size_t keep = count * size < old->size ? count * size : old->size;
        memcpy(fresh, *inout, keep);
        tuff_free(*inout);
    }
    *inout = fresh;
    return TUFF_OK;
}

tuff_status tuff_reserve(void *inout_pointer, size_t *inout_capacity, size_t needed, size_t size) {
    if (needed <= *inout_capacity)
        return TUFF_OK;
    size_t capacity = *inout_capacity < 8 ? 8 : *inout_capacity;
    while (capacity < needed)
        capacity = capacity > SIZE_MAX / 2 ? needed : capacity * 2;
    TUFF_TRY(tuff_resize(inout_pointer, capacity, size));
    *inout_capacity = capacity;
    return TUFF_OK;
}

void tuff_free(void *pointer) {
    if (!pointer)
        return;
    struct header *block = (struct header *)pointer - 1;
    struct tuff_allocator allocator = block->allocator;
    raw_free(&allocator, block);
}

tuff_status tuff_copy_text(const char *text, size_t length, char **out_copy) {
    size_t total = 0;
    *out_copy = NULL;
    if (!tuff_add(length, 1, &total))
        return out_of_memory(length);
    TUFF_TRY(tuff_alloc(total, 1, out_copy));
    if (length > 0)
        memcpy(*out_copy, text, length);
    return TUFF_OK;
}

tuff_status tuff_format(char **out_text, const char *format, ...) {
    va_list args;
    va_list again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    tuff_status status = length < 0 ? tuff_fail(TUFF_ARGUMENT, "a text cannot be formatted") : TUFF_OK;
    if (status == TUFF_OK)
        status = tuff_alloc((size_t)length + 1, 1, out_text);
    if (status == TUFF_OK)
        vsnprintf(*out_text, (size_t)length + 1, format, again);
    va_end(again);
    return status;
}
