/* SPDX-License-Identifier: Apache-2.0 */
/* Folders of tests and what is in them, and the oracle's. Every failure here fails the test. */
#ifndef TUFF_TESTS_SUPPORT_FOLDER_H
#define TUFF_TESTS_SUPPORT_FOLDER_H

#include <stddef.h>

#include "support/temporary.h"

/* classes.tsv of six sentences, good or bad, where the test stands. */
void test_write_classes(void);

/* "folder/name", with folders on the way made. The text is overwritten by the fourth call after this one. */
const char *test_path(const char *folder, const char *name);
/* Writes a file of the folder; a text. */
void test_write(const char *folder, const char *name, const char *text);
void test_write_bytes(const char *folder, const char *name, const void *data, size_t size);
/* Copies every file of a folder, not of those inside it. */
void test_folder_copy(const char *from, const char *to);

/* How many descriptors this process has. */
int test_open_files(void);

/* The oracle (TUFF_ORACLE, else ../shared/oracle beside the checkout); fails the test where it is absent, and skips
 * it where TUFF_ORACLE is "none". */
const char *test_oracle(const char *name);

#endif
