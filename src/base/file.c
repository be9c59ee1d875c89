/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/system.h"

static tuff_status fail_errno(const char *path, const char *what) {
    return tuff_fail(TUFF_IO, "%s: %s: %s", path, what, strerror(errno));
}

/* Opens a regular file; folders, pipes and devices are refused, so that nothing blocks or lies about its size. */
static tuff_status open_regular(const char *path, int *out_descriptor, size_t *out_size) {
    int descriptor = tuff_system_open(path, TUFF_SYSTEM_READ);
    if (descriptor < 0)
        return fail_errno(path, "cannot be opened");
    if (!tuff_system_regular_size(descriptor, out_size)) {
        tuff_system_close(descriptor);
        return tuff_fail(TUFF_IO, "%s: is not a regular file", path);
    }
    *out_descriptor = descriptor;
    return TUFF_OK;
}

tuff_status tuff_file_map(const char *path, struct tuff_mapping *out_mapping) {
    int descriptor = -1;
    *out_mapping = (struct tuff_mapping){ 0 };
    size_t size = 0;
    TUFF_TRY(open_regular(path, &descriptor, &size));
    const void *data = size > 0 ? tuff_system_map(descriptor, size) : NULL;
    tuff_status status = size > 0 && !data ? fail_errno(path, "cannot be mapped") : TUFF_OK;
    tuff_system_close(descriptor);
    if (status == TUFF_OK)
        *out_mapping = (struct tuff_mapping){ .data = data, .size = size };
    return status;
}

void tuff_file_unmap(struct tuff_mapping *mapping) {
    if (mapping->data)
        tuff_system_unmap(mapping->data, mapping->size);
    *mapping = (struct tuff_mapping){ 0 };
}

void tuff_file_release_pages(const struct tuff_mapping *mapping, size_t offset, size_t size) {
    size_t page = tuff_system_page_size();
    size_t first = (offset + page - 1) / page * page;
    size_t end = (offset + size) / page * page;
    if (mapping->data && end > first && end <= mapping->size)
        tuff_system_release(mapping->data + first, end - first);
}

static tuff_status read_all(const char *path, int descriptor, char *data, size_t size) {
    size_t done = 0;
    while (done < size) {
        ptrdiff_t got = tuff_system_read(descriptor, data + done, size - done);
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

tuff_status tuff_file_read(const char *path, size_t limit, char **out_data, size_t *out_size) {
    int descriptor = -1;
    size_t size = 0;
    char *data = NULL;
    *out_data = NULL;
    TUFF_TRY(open_regular(path, &descriptor, &size));
    tuff_status status = TUFF_OK;
    if (size > limit)
        status = tuff_fail(TUFF_FORMAT, "%s: has %zu bytes, more than the %zu expected at most", path, size,
                           limit);
    if (status == TUFF_OK)
        status = tuff_alloc(size + 1, 1, &data);
    if (status == TUFF_OK)
        status = read_all(path, descriptor, data, size);
    tuff_system_close(descriptor);
    if (status != TUFF_OK) {
        tuff_free(data);
        return status;
    }
    *out_data = data;
    *out_size = size;
    return TUFF_OK;
}

static tuff_status write_all(const char *path, int descriptor, const struct tuff_file_part *part) {
    const unsigned char *data = part->data;
    size_t done = 0;
    while (done < part->size) {
        ptrdiff_t put = tuff_system_write(descriptor, data + done, part->size - done);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return fail_errno(path, "cannot be written");
        done += (size_t)put;
    }
    return TUFF_OK;
}

tuff_status tuff_file_replace(const char *path, const void *data, size_t size) {
    return tuff_file_replace_parts(path, &(struct tuff_file_part){ data, size }, 1);
}

/* Opens `path`, writes all parts and closes it. */
static tuff_status write_parts(const char *path, enum tuff_system_access access,
                               const struct tuff_file_part *parts, size_t count) {
    tuff_status status = TUFF_OK;
    int descriptor = tuff_system_open(path, access);
    if (descriptor < 0)
        return fail_errno(path, "cannot be created");
    for (size_t i = 0; i < count && status == TUFF_OK; i++)
        status = write_all(path, descriptor, &parts[i]);
    if (status == TUFF_OK && !tuff_system_flush(descriptor))
        status = fail_errno(path, "cannot be written to disk");
    if (!tuff_system_close(descriptor) && status == TUFF_OK)
        status = fail_errno(path, "cannot be closed");
    return status;
}

/* The process whose name for the new `target` this is; 0 where it is another file's name. */
static uint32_t writer_of(const char *name, const char *target) {
    const size_t length = strlen(target);
    uint64_t process = 0;
    if (strncmp(name, target, length) != 0 || name[length] != '.')
        return 0;
    const char *at = name + length + 1;
    for (; *at >= '0' && *at <= '9' && process <= UINT32_MAX; at++)
        process = process * 10 + (uint64_t)(*at - '0');
    return strcmp(at, ".tmp") == 0 && process <= UINT32_MAX ? (uint32_t)process : 0;
}

/* A file that is about to be replaced, and what killed processes left of attempts to. */
struct leavings {
    const char *folder, *target;
};

static void remove_leaving(void *user, const char *name) {
    const struct leavings *leavings = user;
    const uint32_t process = writer_of(name, leavings->target);
    char *path = NULL;
    if (process == 0 || tuff_system_process_runs(process))
        return;
    if (tuff_path_join(leavings->folder, name, &path) == TUFF_OK)
        tuff_system_remove(path);
    tuff_free(path);
}

/* Large files would pile up: a process that was killed cannot take its own away. */
static tuff_status remove_leavings(const char *target) {
    const char *slash = strrchr(target, '/');
    char *folder = NULL;
    TUFF_TRY(slash ? tuff_copy_text(target, (size_t)(slash - target) + 1, &folder)
                   : tuff_copy_text(".", 1, &folder));
    struct leavings leavings = { .folder = folder, .target = slash ? slash + 1 : target };
    tuff_system_list(folder, remove_leaving, &leavings);
    tuff_free(folder);
    return TUFF_OK;
}

tuff_status tuff_file_replace_parts(const char *path, const struct tuff_file_part *parts, size_t count) {
    const enum tuff_system_kind kind = tuff_system_kind(path);
    char *aside = NULL;
    /* A pipe or a device must not make way for a file. */
    if (kind != TUFF_SYSTEM_NOTHING && kind != TUFF_SYSTEM_REGULAR)
        return write_parts(path, TUFF_SYSTEM_WRITE, parts, count);
    char *real = tuff_system_real_path(path); /* a link stays one */
    const char *target = real ? real : path;
    tuff_status status = remove_leavings(target);
    if (status == TUFF_OK)
        status = tuff_format(&aside, "%s.%u.tmp", target, tuff_system_process());
    if (status == TUFF_OK) {
        status = write_parts(aside, TUFF_SYSTEM_REPLACE, parts, count);
        if (status == TUFF_OK && !tuff_system_rename(aside, target))
            status = fail_errno(path, "cannot be replaced");
        if (status != TUFF_OK)
            tuff_system_remove(aside);
    }
    tuff_free(aside);
    free(real);
    return status;
}

tuff_status tuff_file_append(const char *path, const void *data, size_t size) {
    return write_parts(path, TUFF_SYSTEM_APPEND, &(struct tuff_file_part){ data, size }, 1);
}

bool tuff_file_is_lfs_pointer(const void *data, size_t size) {
    static const char start[] = "version https://git-lfs";
    return size >= sizeof start - 1 && memcmp(data, start, sizeof start - 1) == 0;
}

bool tuff_file_exists(const char *path) {
    return tuff_system_kind(path) != TUFF_SYSTEM_NOTHING;
}

bool tuff_file_is_folder(const char *path) {
    return tuff_system_kind(path) == TUFF_SYSTEM_FOLDER;
}

tuff_status tuff_file_make_folders(const char *path) {
    char *copy = NULL;
    TUFF_TRY(tuff_copy_text(path, strlen(path), &copy));
    tuff_status status = TUFF_OK;
    for (char *at = copy + 1; status == TUFF_OK; at++) {
        if (*at != '/' && *at != '\0')
            continue;
        char end = *at;
        *at = '\0';
        if (!tuff_system_make_folder(copy) && !tuff_file_is_folder(copy))
            status = fail_errno(copy, "cannot be created");
        *at = end;
        if (end == '\0')
            break;
    }
    tuff_free(copy);
    return status;
}

tuff_status tuff_path_join(const char *folder, const char *name, char **out_path) {
    size_t length = strlen(folder);
    bool has_slash = length > 0 && folder[length - 1] == '/';
    return tuff_format(out_path, "%s%s%s", folder, has_slash ? "" : "/", name);
}
