/* SPDX-License-Identifier: Apache-2.0 */
/* Every file that the library opens, maps or writes. Paths are UTF-8. Errors name the file. */
#ifndef TUFF_BASE_FILE_H
#define TUFF_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

/* A file mapped for reading; data is NULL where size is 0. */
struct tuff_mapping {
    const unsigned char *data;
    size_t size;
};

tuff_status tuff_file_map(const char *path, struct tuff_mapping *out_mapping);
void tuff_file_unmap(struct tuff_mapping *mapping);
/* Tells the system that the pages of [offset, offset + size) are not needed again; they leave resident memory. */
void tuff_file_release_pages(const struct tuff_mapping *mapping, size_t offset, size_t size);

/* The whole file, with a NUL behind it that *out_size does not count. TUFF_FORMAT above `limit` bytes. */
tuff_status tuff_file_read(const char *path, size_t limit, char **out_data, size_t *out_size);

/* Writes aside, fsyncs and renames, so that readers see the old file or the new one, never a part. A link stays
 * one; pipes and devices are written as they are. */
tuff_status tuff_file_replace(const char *path, const void *data, size_t size);

/* The same for a file that is `count` parts behind each other. */
struct tuff_file_part {
    const void *data;
    size_t size;
};
tuff_status tuff_file_replace_parts(const char *path, const struct tuff_file_part *parts, size_t count);

/* Adds to the end of a file, which is made where there is none. */
tuff_status tuff_file_append(const char *path, const void *data, size_t size);

/* Whether the content is what Git LFS leaves in place of a file that was not fetched. */
bool tuff_file_is_lfs_pointer(const void *data, size_t size);

bool tuff_file_exists(const char *path); /* anything that can be opened, a folder too */
bool tuff_file_is_folder(const char *path);
tuff_status tuff_file_make_folders(const char *path); /* mkdir -p */

/* "folder/name" in a block of its own. */
tuff_status tuff_path_join(const char *folder, const char *name, char **out_path);

#endif
