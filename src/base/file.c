/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

static tuff_status fail_errno(const char *path, const char *what)
{
    return tuff_fail(TUFF_IO, "%s: %s: %s", path, what, strerror(errno));
}

/* Opens a regular file; folders, pipes and devices are refused, so that nothing blocks or lies about its size. */
static tuff_status open_regular(const char *path, int *out_descriptor, size_t *out_size)
{
    struct stat info;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0)
        return fail_errno(path, "cannot be opened");
    if (fstat(descriptor, &info) != 0 || !S_ISREG(info.st_mode)) {
        close(descriptor);
        return tuff_fail(TUFF_IO, "%s: is not a regular file", path);
    }
    *out_descriptor = descriptor;
    *out_size = (size_t)info.st_size;
    return TUFF_OK;
}

tuff_status tuff_file_map(const char *path, struct tuff_mapping *out_mapping)
{
    int descriptor = -1;
    *out_mapping = (struct tuff_mapping){ 0 };
    size_t size = 0;
    TUFF_TRY(open_regular(path, &descriptor, &size));
    void *data = size > 0 ? mmap(NULL, size, PROT_READ, MAP_PRIVATE, descriptor, 0) : NULL;
    tuff_status status = data == MAP_FAILED ? fail_errno(path, "cannot be mapped") : TUFF_OK;
    close(descriptor);
    if (status == TUFF_OK)
        *out_mapping = (struct tuff_mapping){ .data = data, .size = size };
    return status;
}

void tuff_file_unmap(struct tuff_mapping *mapping)
{
    if (mapping->data)
        munmap((void *)(uintptr_t)mapping->data, mapping->size);
    *mapping = (struct tuff_mapping){ 0 };
}

void tuff_file_release_pages(const struct tuff_mapping *mapping, size_t offset, size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t first = (offset + page - 1) / page * page;
    size_t end = (offset + size) / page * page;
    if (mapping->data && end > first && end <= mapping->size)
        madvise((void *)(uintptr_t)(mapping->data + first), end - first, MADV_DONTNEED);
}

static tuff_status read_all(const char *path, int descriptor, char *data, size_t size)
{
    size_t done = 0;
    while (done < size) {
        ssize_t got = read(descriptor, data + done, size - done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail_errno(path, "cannot be read");
        if (got == 0)
            return tuff_fail(TUFF_IO, "%s: ended after %zu of %zu bytes", path, done, size);
        done += (size_t)got;
    }
    return TUFF_OK;
}

tuff_status tuff_file_read(const char *path, size_t limit, char **out_data, size_t *out_size)
{
    int descriptor = -1;
    size_t size = 0;
    char *data = NULL;
    *out_data = NULL;
    TUFF_TRY(open_regular(path, &descriptor, &size));
    tuff_status status = TUFF_OK;
    if (size > limit)
        status = tuff_fail(TUFF_FORMAT, "%s: has %zu bytes, more than the %zu expected at most", path, size, limit);
    if (status == TUFF_OK)
        status = tuff_alloc(size + 1, 1, &data);
    if (status == TUFF_OK)
        status = read_all(path, descriptor, data, size);
    close(descriptor);
    if (status != TUFF_OK) {
        tuff_free(data);
        return status;
    }
    *out_data = data;
    *out_size = size;
    return TUFF_OK;
}

static tuff_status write_all(const char *path, int descriptor, const struct tuff_file_part *part)
{
    const unsigned char *data = part->data;
    size_t done = 0;
    while (done < part->size) {
        ssize_t put = write(descriptor, data + done, part->size - done);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return fail_errno(path, "cannot be written");
        done += (size_t)put;
    }
    return TUFF_OK;
}

tuff_status tuff_file_replace(const char *path, const void *data, size_t size)
{
    return tuff_file_replace_parts(path, &(struct tuff_file_part){ data, size }, 1);
}

/* Opens `path`, writes all parts and closes it. */
static tuff_status write_parts(const char *path, int flags, const struct tuff_file_part *parts, size_t count)
{
    tuff_status status = TUFF_OK;
    int descriptor = open(path, O_WRONLY | O_CLOEXEC | flags, 0666);
    if (descriptor < 0)
        return fail_errno(path, "cannot be created");
    for (size_t i = 0; i < count && status == TUFF_OK; i++)
        status = write_all(path, descriptor, &parts[i]);
    /* What has no place on a disk (a pipe, a device) says EINVAL. */
    if (status == TUFF_OK && fsync(descriptor) != 0 && errno != EINVAL)
        status = fail_errno(path, "cannot be written to disk");
    if (close(descriptor) != 0 && status == TUFF_OK)
        status = fail_errno(path, "cannot be closed");
    return status;
}

tuff_status tuff_file_replace_parts(const char *path, const struct tuff_file_part *parts, size_t count)
{
    struct stat info;
    char *aside = NULL;
    /* A pipe or a device must not make way for a file. */
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode))
        return write_parts(path, 0, parts, count);
    char *real = realpath(path, NULL); /* a link stays one */
    const char *target = real ? real : path;
    tuff_status status = tuff_format(&aside, "%s.%ld.tmp", target, (long)getpid());
    if (status == TUFF_OK) {
        status = write_parts(aside, O_CREAT | O_TRUNC, parts, count);
        if (status == TUFF_OK && rename(aside, target) != 0)
            status = fail_errno(path, "cannot be replaced");
        if (status != TUFF_OK)
            unlink(aside);
    }
    tuff_free(aside);
    free(real);
    return status;
}

tuff_status tuff_file_append(const char *path, const void *data, size_t size) {
    return write_parts(path, O_CREAT | O_APPEND, &(struct tuff_file_part){ data, size }, 1);
}

bool tuff_file_is_lfs_pointer(const void *data, size_t size)
{
    static const char start[] = "version https://git-lfs";
    return size >= sizeof start - 1 && memcmp(data, start, sizeof start - 1) == 0;
}

bool tuff_file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

bool tuff_file_is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

tuff_status tuff_file_make_folders(const char *path)
{
    char *copy = NULL;
    TUFF_TRY(tuff_copy_text(path, strlen(path), &copy));
    tuff_status status = TUFF_OK;
    for (char *at = copy + 1; status == TUFF_OK; at++) {
        if (*at != '/' && *at != '\0')
            continue;
        char end = *at;
        *at = '\0';
        if (mkdir(copy, 0777) != 0 && !tuff_file_is_folder(copy))
            status = fail_errno(copy, "cannot be created");
        *at = end;
        if (end == '\0')
            break;
    }
    tuff_free(copy);
    return status;
}

tuff_status tuff_path_join(const char *folder, const char *name, char **out_path)
{
    size_t length = strlen(folder);
    bool has_slash = length > 0 && folder[length - 1] == '/';
    return tuff_format(out_path, "%s%s%s", folder, has_slash ? "" : "/", name);
}
