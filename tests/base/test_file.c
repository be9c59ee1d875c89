/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "support/temporary.h"

static char folder[TEST_PATH_SIZE];

static void make_folder(void) {
    test_folder_make(folder);
}

static void remove_folder(void) {
    test_folder_remove(folder);
}

TestSuite(base_file, .init = make_folder, .fini = remove_folder);

static char *path_of(const char *name) {
    char *path = NULL;
    cr_assert_eq(tuff_path_join(folder, name, &path), TUFF_OK);
    return path;
}

Test(base_file, what_is_replaced_can_be_read_and_mapped) {
    char *path = path_of("data");
    char *data = NULL;
    size_t size = 0;
    struct tuff_mapping mapping;
    cr_assert_eq(tuff_file_replace(path, "old", 3), TUFF_OK);
    cr_assert_eq(tuff_file_replace(path, "new\0text", 8), TUFF_OK);
    cr_assert_eq(tuff_file_read(path, 100, &data, &size), TUFF_OK);
    cr_assert_eq(size, 8);
    cr_assert_arr_eq(data, "new\0text", 9);
    cr_assert_eq(tuff_file_map(path, &mapping), TUFF_OK);
    cr_assert_eq(mapping.size, 8);
    cr_assert_arr_eq(mapping.data, "new\0text", 8);
    tuff_file_release_pages(&mapping, 0, mapping.size);
    tuff_file_unmap(&mapping);
    tuff_free(data);
    tuff_free(path);
}

Test(base_file, an_empty_file_maps_to_nothing) {
    char *path = path_of("empty");
    struct tuff_mapping mapping;
    cr_assert_eq(tuff_file_replace(path, "", 0), TUFF_OK);
    cr_assert_eq(tuff_file_map(path, &mapping), TUFF_OK);
    cr_assert_null(mapping.data);
    tuff_file_unmap(&mapping);
    tuff_free(path);
}

Test(base_file, failures_name_the_file) {
    char *path = path_of("absent");
    char *data = NULL;
    size_t size = 0;
    cr_assert_eq(tuff_file_read(path, 10, &data, &size), TUFF_IO);
    cr_assert_not_null(strstr(tuff_error_message(), path));
    cr_assert_eq(tuff_file_read(folder, 10, &data, &size), TUFF_IO);
    cr_assert_not_null(strstr(tuff_error_message(), "not a regular file"));
    cr_assert_eq(tuff_file_replace("/nowhere/at/all", "x", 1), TUFF_IO);
    tuff_free(path);
}

Test(base_file, a_file_above_the_limit_is_refused) {
    char *path = path_of("large");
    char *data = NULL;
    size_t size = 0;
    cr_assert_eq(tuff_file_replace(path, "0123456789", 10), TUFF_OK);
    cr_assert_eq(tuff_file_read(path, 9, &data, &size), TUFF_FORMAT);
    cr_assert_null(data);
    tuff_free(path);
}

Test(base_file, folders_are_made_with_their_parents) {
    char *path = path_of("a/b/c");
    cr_assert_eq(tuff_file_make_folders(path), TUFF_OK);
    cr_assert(tuff_file_is_folder(path));
    cr_assert_eq(tuff_file_make_folders(path), TUFF_OK);
    tuff_free(path);
}

/* /dev/full is a device that has no room: it refuses, and is still a device afterwards. */
static void put(const char *name) {
    char *path = path_of(name);
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fputs("half", file);
    fclose(file);
    tuff_free(path);
}

static bool is_there(const char *format, unsigned process) {
    char name[64];
    snprintf(name, sizeof name, format, process);
    char *path = path_of(name);
    const bool exists = tuff_file_exists(path);
    tuff_free(path);
    return exists;
}

/* What a killed writer left goes with the next replacement of the same file; what others write or own stays. */
Test(base_file, temporaries_of_dead_writers_are_removed) {
    char name[64];
    char *path = path_of("state");
    pid_t dead = fork();
    if (dead == 0)
        _exit(0);
    cr_assert_eq(waitpid(dead, NULL, 0), dead);
    static const char *const formats[] = { "state.%u.tmp", "state.%u.tmp.old", "state.%u", "other.%u.tmp",
                                           "state.x%u.tmp" };
    const size_t count = sizeof formats / sizeof formats[0];
    for (size_t i = 0; i < count; i++) {
        snprintf(name, sizeof name, formats[i], (unsigned)dead);
        put(name);
    }
    snprintf(name, sizeof name, "state.%u.tmp", (unsigned)getppid());
    put(name);
    cr_assert_eq(tuff_file_replace(path, "whole", 5), TUFF_OK);
    cr_assert(!is_there("state.%u.tmp", (unsigned)dead), "what a dead process left is still there");
    for (size_t i = 1; i < count; i++)
        cr_assert(is_there(formats[i], (unsigned)dead), "%s was removed", formats[i]);
    cr_assert(is_there("state.%u.tmp", (unsigned)getppid()), "what a living process writes was removed");
    tuff_free(path);
}

Test(base_file, devices_and_links_stay_what_they_are) {
    char *path = path_of("data");
    char *link = path_of("link");
    struct stat info;
    cr_assert_eq(tuff_file_replace("/dev/null", "text", 4), TUFF_OK);
    cr_assert(stat("/dev/null", &info) == 0 && S_ISCHR(info.st_mode));
    cr_assert_eq(symlink("/dev/full", link), 0);
    cr_assert_eq(tuff_file_replace(link, "text", 4), TUFF_IO);
    cr_assert(stat("/dev/full", &info) == 0 && S_ISCHR(info.st_mode));
    cr_assert_eq(unlink(link), 0);
    cr_assert_eq(tuff_file_replace(path, "old", 3), TUFF_OK);
    cr_assert_eq(symlink("data", link), 0);
    cr_assert_eq(tuff_file_replace(link, "newer", 5), TUFF_OK);
    cr_assert(lstat(link, &info) == 0 && S_ISLNK(info.st_mode));
    cr_assert(stat(path, &info) == 0 && info.st_size == 5);
    tuff_free(link);
    tuff_free(path);
}
