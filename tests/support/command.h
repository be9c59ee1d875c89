/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the command `tuff` as a user does: a shell line, its two outputs and its exit code. */
#ifndef TUFF_TESTS_SUPPORT_COMMAND_H
#define TUFF_TESTS_SUPPORT_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

struct test_command {
    int code;
    char *out; /* with a NUL behind it; both live as long as the test's process */
    size_t out_size;
    char *err;
};

/* printf for a line that /bin/sh runs with `tuff` in its path, in the folder that the test is in. Fails the
 * test where the program ends by a signal or takes more than two minutes (half an hour in long tests). */
__attribute__((format(printf, 1, 2))) struct test_command test_command(const char *format, ...);

/* A file's bytes with a NUL behind them; fails the test where it is absent. */
char *test_read(const char *path, size_t *out_size);
/* Whether two files have the same bytes. */
bool test_are_equal(const char *left, const char *right);

#endif
