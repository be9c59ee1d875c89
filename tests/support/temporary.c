/* SPDX-License-Identifier: Apache-2.0 */
#define _XOPEN_SOURCE 700
#include "support/temporary.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

void test_folder_make(char path[TEST_PATH_SIZE]) {
    const char *place = getenv("TMPDIR");
    snprintf(path, TEST_PATH_SIZE, "%s/tuff-test-XXXXXX", place ? place : "/tmp");
    cr_assert(mkdtemp(path), "%s cannot be made", path);
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *walk) {
    (void)info;
    (void)kind;
    (void)walk;
    return remove(path);
}

void test_folder_remove(const char *path) {
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static char entered[TEST_PATH_SIZE];

void test_folder_enter(void) {
    test_folder_make(entered);
    cr_assert_eq(chdir(entered), 0);
}

void test_folder_leave(void) {
    cr_assert_eq(chdir("/"), 0);
    test_folder_remove(entered);
}
