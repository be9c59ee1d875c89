/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "failure/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct file_fault file_fault;

/* Declared here, since the linker makes them. */
int __real_open(const char *path, int flags, ...);
int __real_fstat(int descriptor, struct stat *info);
void *__real_mmap(void *address, size_t size, int protection, int flags, int descriptor, off_t offset);
ssize_t __real_read(int descriptor, void *data, size_t size);
ssize_t __real_write(int descriptor, const void *data, size_t size);
int __real_fsync(int descriptor);
int __real_close(int descriptor);
int __real_rename(const char *from, const char *to);
int __real_mkdir(const char *path, mode_t mode);
int __wrap_open(const char *path, int flags, ...);
int __wrap_fstat(int descriptor, struct stat *info);
void *__wrap_mmap(void *address, size_t size, int protection, int flags, int descriptor, off_t offset);
ssize_t __wrap_read(int descriptor, void *data, size_t size);
ssize_t __wrap_write(int descriptor, const void *data, size_t size);
int __wrap_fsync(int descriptor);
int __wrap_close(int descriptor);
int __wrap_rename(const char *from, const char *to);
int __wrap_mkdir(const char *path, mode_t mode);

static bool must_fail(enum file_call call) {
    if (call != file_fault.call || file_fault.at == 0 || ++file_fault.calls != file_fault.at)
        return false;
    file_fault.failures++;
    errno = file_fault.error;
    return true;
}

int __wrap_open(const char *path, int flags, ...) {
    va_list args;
    va_start(args, flags);
    mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
    va_end(args);
    return must_fail(CALL_OPEN) ? -1 : __real_open(path, flags, mode);
}

int __wrap_fstat(int descriptor, struct stat *info) {
    return must_fail(CALL_FSTAT) ? -1 : __real_fstat(descriptor, info);
}

void *__wrap_mmap(void *address, size_t size, int protection, int flags, int descriptor, off_t offset) {
    return must_fail(CALL_MMAP) ? MAP_FAILED
                                : __real_mmap(address, size, protection, flags, descriptor, offset);
}

ssize_t __wrap_read(int descriptor, void *data, size_t size) {
    if (!must_fail(CALL_READ))
        return __real_read(descriptor, data, size);
    return file_fault.error == SHORT_COUNT ? __real_read(descriptor, data, 1) : file_fault.error ? -1 : 0;
}

ssize_t __wrap_write(int descriptor, const void *data, size_t size) {
    if (!must_fail(CALL_WRITE))
        return __real_write(descriptor, data, size);
    return file_fault.error == SHORT_COUNT ? __real_write(descriptor, data, 1) : -1;
}

int __wrap_fsync(int descriptor) {
    return must_fail(CALL_FSYNC) ? -1 : __real_fsync(descriptor);
}

/* The descriptor is gone whatever close says. */
int __wrap_close(int descriptor) {
    int result = __real_close(descriptor);
    return must_fail(CALL_CLOSE) ? -1 : result;
}

int __wrap_rename(const char *from, const char *to) {
    return must_fail(CALL_RENAME) ? -1 : __real_rename(from, to);
}

int __wrap_mkdir(const char *path, mode_t mode) {
    return must_fail(CALL_MKDIR) ? -1 : __real_mkdir(path, mode);
}
