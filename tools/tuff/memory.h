/* SPDX-License-Identifier: Apache-2.0 */
/* Memory and sentences for a program that ends when it has no more memory: the allocating functions return or
 * exit with a message, so that no command checks for NULL. */
#ifndef TUFF_TOOL_MEMORY_H
#define TUFF_TOOL_MEMORY_H

#include <stddef.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* count * size bytes, not cleared; freed with free(). */
void *allocate(size_t count, size_t size);

/* Grows or moves an array made by allocate (or NULL) to count * size bytes. */
void *reallocate(void *pointer, size_t count, size_t size);

/* Room for at least `needed` elements; `*capacity` at least doubles when the array must move. */
void *grow(void *pointer, size_t *capacity, size_t needed, size_t size);

/* A NUL-terminated copy of `length` bytes. */
char *copy_text(const char *text, size_t length);

/* printf into fresh memory. */
#ifdef __GNUC__
__attribute__((format(printf, 1, 2)))
#endif
char *
print_text(const char *format, ...);

/* Prints "tuff: SENTENCE" with a newline on stderr, after wiping a progress bar. */
#ifdef __GNUC__
__attribute__((format(printf, 1, 2)))
#endif
void complain(const char *format, ...);

#endif
