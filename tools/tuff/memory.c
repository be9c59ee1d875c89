/* SPDX-License-Identifier: Apache-2.0 */
#include "memory.h"
#include "progress.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *require(void *pointer, size_t count, size_t size) {
    if (!pointer) {
        complain("out of memory: %zu times %zu bytes could not be had", count, size);
        exit(EXIT_FAILURE);
    }
    return pointer;
}

void *allocate(size_t count, size_t size) {
    return reallocate(NULL, count, size);
}

void *reallocate(void *pointer, size_t count, size_t size) {
    size_t bytes = size != 0 && count > SIZE_MAX / size ? SIZE_MAX : count * size;
    if (bytes == SIZE_MAX)
        return require(NULL, count, size);
    return require(realloc(pointer, bytes ? bytes : 1), count, size);
}

void *grow(void *pointer, size_t *capacity, size_t needed, size_t size) {
    if (needed <= *capacity)
        return pointer;
    size_t wanted = *capacity > SIZE_MAX / 2 ? needed : *capacity * 2;
    if (wanted < needed)
        wanted = needed;
    if (wanted < 16)
        wanted = 16;
    pointer = reallocate(pointer, wanted, size);
    *capacity = wanted;
    return pointer;
}

char *copy_text(const char *text, size_t length) {
    char *copy = allocate(length + 1, 1);
    if (length)
        memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

char *print_text(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    size_t size = length < 0 ? 1 : (size_t)length + 1;
    char *text = allocate(size, 1);
    text[0] = '\0';
    va_start(arguments, format);
    vsnprintf(text, size, format, arguments);
    va_end(arguments);
    return text;
}

void complain(const char *format, ...) {
    char line[4096];
    progress_wipe();
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    /* One call: what two threads tell stays two lines. */
    fprintf(stderr, "tuff: %s\n", line);
}
