/* SPDX-License-Identifier: Apache-2.0 */
/* Files, memory and the environment of Linux, macOS and their like. */
#define _GNU_SOURCE
#include "base/system.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

const char tuff_system_home[] = "HOME";
const char tuff_system_cache_home[] = "XDG_CACHE_HOME";

int tuff_system_open(const char *path, enum tuff_system_access access) {
    static const int flags[] = {
        [TUFF_SYSTEM_READ] = O_RDONLY | O_NONBLOCK,
        [TUFF_SYSTEM_WRITE] = O_WRONLY,
        [TUFF_SYSTEM_REPLACE] = O_WRONLY | O_CREAT | O_TRUNC,
        [TUFF_SYSTEM_APPEND] = O_WRONLY | O_CREAT | O_APPEND,
    };
    return open(path, flags[access] | O_CLOEXEC, 0666);
}

int tuff_system_copy(int descriptor) {
    return fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
}

bool tuff_system_close(int descriptor) {
    return close(descriptor) == 0;
}

bool tuff_system_regular_size(int descriptor, size_t *out_size) {
    struct stat info;
    if (fstat(descriptor, &info) != 0 || !S_ISREG(info.st_mode))
        return false;
    *out_size = (size_t)info.st_size;
    return true;
}

ptrdiff_t tuff_system_read(int descriptor, void *data, size_t size) {
    return read(descriptor, data, size);
}

ptrdiff_t tuff_system_write(int descriptor, const void *data, size_t size) {
    return write(descriptor, data, size);
}

bool tuff_system_flush(int descriptor) {
    return fsync(descriptor) == 0 || errno == EINVAL; /* a pipe or a device has no place on a disk */
}

const void *tuff_system_map(int descriptor, size_t size) {
    void *data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    return data == MAP_FAILED ? NULL : data;
}

void tuff_system_unmap(const void *data, size_t size) {
    munmap((void *)(uintptr_t)data, size);
}

void tuff_system_release(const void *data, size_t size) {
    madvise((void *)(uintptr_t)data, size, MADV_DONTNEED);
}

size_t tuff_system_page_size(void) {
    return (size_t)sysconf(_SC_PAGESIZE);
}

enum tuff_system_kind tuff_system_kind(const char *path) {
    struct stat info;
    if (stat(path, &info) != 0)
        return TUFF_SYSTEM_NOTHING;
    return S_ISREG(info.st_mode)   ? TUFF_SYSTEM_REGULAR
           : S_ISDIR(info.st_mode) ? TUFF_SYSTEM_FOLDER
                                   : TUFF_SYSTEM_OTHER;
}

bool tuff_system_make_folder(const char *path) {
    return mkdir(path, 0777) == 0;
}

bool tuff_system_rename(const char *from, const char *to) {
    return rename(from, to) == 0;
}

void tuff_system_remove(const char *path) {
    unlink(path);
}

void tuff_system_list(const char *folder, void (*take)(void *user, const char *name), void *user) {
    DIR *names = opendir(folder);
    const struct dirent *entry;
    if (!names)
        return;
    while ((entry = readdir(names)) != NULL)
        take(user, entry->d_name);
    closedir(names);
}

char *tuff_system_real_path(const char *path) {
    return realpath(path, NULL);
}

tuff_status tuff_system_variable(const char *name, char **out_value) {
    const char *value = getenv(name);
    *out_value = NULL;
    return value && value[0] ? tuff_copy_text(value, strlen(value), out_value) : TUFF_OK;
}

bool tuff_system_is_absolute(const char *path) {
    return path[0] == '/';
}

uint32_t tuff_system_process(void) {
    return (uint32_t)getpid();
}

bool tuff_system_process_runs(uint32_t process) {
    if (process == 0 || process > INT_MAX) /* those mean groups of processes */
        return true;
    return kill((pid_t)process, 0) == 0 || errno != ESRCH;
}

uint64_t tuff_system_memory_size(void) {
    long pages = sysconf(_SC_PHYS_PAGES);
    long page = sysconf(_SC_PAGESIZE);
    return pages > 0 && page > 0 ? (uint64_t)pages * (uint64_t)page : 0;
}
