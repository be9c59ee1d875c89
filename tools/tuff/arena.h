/* SPDX-License-Identifier: Apache-2.0 */
/* Memory for many small things that are let go together; what it gave out stays where it is until then. */
#ifndef TUFF_ARENA_H
#define TUFF_ARENA_H

#include <stddef.h>

struct arena {
    struct arena_block *block; /* the newest first */
    size_t size;               /* bytes given out since the last reset */
};

/* Aligned for any type, not cleared. */
void *arena_allocate(struct arena *arena, size_t size);

/* A copy with a NUL behind it. */
char *arena_copy(struct arena *arena, const char *text, size_t length);

/* Lets all go but keeps a block of the usual size for what comes next. */
void arena_reset(struct arena *arena);
void arena_free(struct arena *arena);

#endif
