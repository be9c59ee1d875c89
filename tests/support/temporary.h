/* SPDX-License-Identifier: Apache-2.0 */
/* Temporary folders. Every failure here fails the test. */
#ifndef TUFF_TESTS_SUPPORT_TEMPORARY_H
#define TUFF_TESTS_SUPPORT_TEMPORARY_H

enum { TEST_PATH_SIZE = 1024 };

/* A new empty folder; removed with test_folder_remove. */
void test_folder_make(char path[TEST_PATH_SIZE]);
/* With everything in it. */
void test_folder_remove(const char *path);

/* Makes a folder, goes there, and back out of it and removes it: a suite's init and fini. */
void test_folder_enter(void);
void test_folder_leave(void);

#endif
