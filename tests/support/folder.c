/* SPDX-License-Identifier: Apache-2.0 */
#include "support/folder.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"

void test_write_classes(void) {
    test_write(".", "classes.tsv",
               "sentence\tlabel\na good film\tgood\na bad film\tbad\nvery good\tgood\nso bad\tbad\n"
               "good and fine\tgood\nbad and dull\tbad\n");
}

const char *test_path(const char *folder, const char *name) {
    static char texts[4][TEST_PATH_SIZE];
    static int next;
    char *text = texts[next++ % 4];
    snprintf(text, TEST_PATH_SIZE, "%s/%s", folder, name);
    return text;
}

void test_write_bytes(const char *folder, const char *name, const void *data, size_t size) {
    char path[TEST_PATH_SIZE];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    char *slash = strrchr(path, '/');
    *slash = '\0';
    cr_assert_eq(tuff_file_make_folders(path), TUFF_OK);
    *slash = '/';
    FILE *file = fopen(path, "wb");
    cr_assert(file, "%s cannot be written", path);
    cr_assert_eq(fwrite(data, 1, size, file), size);
    fclose(file);
}

void test_write(const char *folder, const char *name, const char *text) {
    test_write_bytes(folder, name, text, strlen(text));
}

void test_folder_copy(const char *from, const char *to) {
    DIR *folder = opendir(from);
    cr_assert(folder, "%s cannot be opened", from);
    for (const struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        char *data = NULL;
        size_t size = 0;
        if (tuff_file_is_folder(test_path(from, entry->d_name)))
            continue;
        cr_assert_eq(tuff_file_read(test_path(from, entry->d_name), SIZE_MAX - 1, &data, &size), TUFF_OK);
        test_write_bytes(to, entry->d_name, data, size);
        tuff_free(data);
    }
    closedir(folder);
}

int test_open_files(void) {
    int count = 0;
    DIR *folder = opendir("/proc/self/fd");
    cr_assert_not_null(folder);
    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

const char *test_oracle(const char *name) {
    const char *oracle = getenv("TUFF_ORACLE");
    if (oracle && strcmp(oracle, "none") == 0)
        cr_skip_test("%s of the oracle", name);
#ifdef TUFF_SOURCE_DIR
    const char *path = test_path(oracle ? oracle : TUFF_SOURCE_DIR "/../shared/oracle", name);
#else
    const char *path = test_path(oracle ? oracle : "../shared/oracle", name);
#endif
    cr_assert(tuff_file_exists(path), "%s is absent: set TUFF_ORACLE to the oracle's folder", path);
    return path;
}
