/* SPDX-License-Identifier: Apache-2.0 */
/* What a new thread brings along from the one that starts it: the allocator. */
#include "base/system.h"

#include "base/memory.h"

struct start {
    void (*body)(void *user);
    void *user;
    const struct tuff_allocator *allocator;
};

void tuff_thread_run(void *argument) {
    struct start start = *(struct start *)argument;
    tuff_free(argument);
    tuff_memory_use(start.allocator);
    start.body(start.user);
}

tuff_status tuff_thread_start(struct tuff_thread *thread, void (*body)(void *user), void *user) {
    struct start *start = NULL;
    TUFF_TRY(tuff_alloc(1, sizeof *start, &start));
    const struct tuff_allocator *allocator = tuff_memory_use(NULL);
    tuff_memory_use(allocator);
    *start = (struct start){ .body = body, .user = user, .allocator = allocator };
    if (tuff_system_start_thread(thread, start))
        return TUFF_OK;
    tuff_free(start);
    return tuff_fail(TUFF_HOST_MEMORY, "a thread cannot be started");
}
