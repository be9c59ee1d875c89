/* SPDX-License-Identifier: Apache-2.0 */
/* What each system does in its own way, below file.c, memory.c, thread.c and the folders: system_posix.c and
 * thread_posix.c, or system_windows.c and thread_windows.c. Paths are UTF-8. What fails leaves errno behind. */
#ifndef TUFF_BASE_SYSTEM_H
#define TUFF_BASE_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/thread.h"

enum tuff_system_access {
    TUFF_SYSTEM_READ,
    TUFF_SYSTEM_WRITE,   /* what is there: a pipe, a device */
    TUFF_SYSTEM_REPLACE, /* made, or made empty */
    TUFF_SYSTEM_APPEND,  /* made where it is missing */
};

enum tuff_system_kind {
    TUFF_SYSTEM_NOTHING,
    TUFF_SYSTEM_REGULAR,
    TUFF_SYSTEM_FOLDER,
    TUFF_SYSTEM_OTHER,
};

/* A descriptor that programs started later do not get, -1 on failure. Never waits for the other end of a pipe
 * when reading. */
int tuff_system_open(const char *path, enum tuff_system_access access);
/* A second descriptor of the same file, -1 on failure. */
int tuff_system_copy(int descriptor);
bool tuff_system_close(int descriptor);
/* False where the descriptor is no regular file, or nothing can be told. */
bool tuff_system_regular_size(int descriptor, size_t *out_size);
/* Bytes that were moved, which may be fewer than asked for; 0 at the end of a file, -1 on failure. */
ptrdiff_t tuff_system_read(int descriptor, void *data, size_t size);
ptrdiff_t tuff_system_write(int descriptor, const void *data, size_t size);
/* Has the disk hold what was written; true where there is no disk. */
bool tuff_system_flush(int descriptor);

/* The whole file for reading; NULL on failure. */
const void *tuff_system_map(int descriptor, size_t size);
void tuff_system_unmap(const void *data, size_t size);
/* [data, data + size) are whole pages of tuff_system_page_size() bytes. */
void tuff_system_release(const void *data, size_t size);
size_t tuff_system_page_size(void);

enum tuff_system_kind tuff_system_kind(const char *path);
bool tuff_system_make_folder(const char *path);
/* Takes the place of the file `to` in one step. */
bool tuff_system_rename(const char *from, const char *to);
void tuff_system_remove(const char *path);
/* Calls `take` with each name in a folder, in any order; with none where it cannot be read. */
void tuff_system_list(const char *folder, void (*take)(void *user, const char *name), void *user);
/* The path without links, freed with free(); NULL where there is none, or where the system has no use for it. */
char *tuff_system_real_path(const char *path);

/* The variable's value in a block of tuff_alloc, *out_value NULL where it is not set or empty. */
tuff_status tuff_system_variable(const char *name, char **out_value);
/* The variable that names the user's own folder, and one that names the place for caches in there. */
extern const char tuff_system_home[];
extern const char tuff_system_cache_home[];
/* Whether a path means the same in every folder. */
bool tuff_system_is_absolute(const char *path);

uint32_t tuff_system_process(void);
/* True where that cannot be told. */
bool tuff_system_process_runs(uint32_t process);
uint64_t tuff_system_memory_size(void); /* bytes that the machine has, 0: unknown */

/* Runs tuff_thread_run(start) on a thread of its own. */
bool tuff_system_start_thread(struct tuff_thread *thread, void *start);
void tuff_thread_run(void *start);

#endif
