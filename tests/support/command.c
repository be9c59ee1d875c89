/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "support/command.h"

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* What is handed out lives as long as the process: held here, it is no leak to a sanitizer. */
struct kept {
    struct kept *next;
    char bytes[];
};

static struct kept *all_kept;

static char *keep(size_t size) {
    struct kept *kept = malloc(sizeof *kept + size);
    cr_assert(kept != NULL);
    kept->next = all_kept;
    all_kept = kept;
    return kept->bytes;
}

char *test_read(const char *path, size_t *out_size) {
    FILE *file = fopen(path, "rb");
    cr_assert(file != NULL, "%s", path);
    cr_assert_eq(fseek(file, 0, SEEK_END), 0);
    size_t size = (size_t)ftell(file);
    rewind(file);
    char *bytes = keep(size + 1);
    cr_assert_eq(fread(bytes, 1, size, file), size);
    bytes[size] = '\0';
    fclose(file);
    if (out_size)
        *out_size = size;
    return bytes;
}

bool test_are_equal(const char *left, const char *right) {
    size_t left_size = 0, right_size = 0;
    const char *a = test_read(left, &left_size);
    const char *b = test_read(right, &right_size);
    return left_size == right_size && memcmp(a, b, left_size) == 0;
}

static char *take(int number, const char *suffix, size_t *out_size) {
    char path[64];
    snprintf(path, sizeof(path), "/tmp/tuff_test_%d_%d.%s", (int)getpid(), number, suffix);
    char *bytes = test_read(path, out_size);
    unlink(path);
    return bytes;
}

/* Ends what hangs, and nothing that works on: not an instrumented build on a busy machine, nor a training of minutes. */
enum { LONGEST_S = 1800 };

struct test_command test_command(const char *format, ...) {
    static int number;
    static const char shell[] = "PATH='" TUFF_BINARY_DIR "':\"$PATH\"; export PATH\n"
                                "exec >/tmp/tuff_test_%d_%d.out 2>/tmp/tuff_test_%d_%d.err\n%s";
    char *line = NULL;
    char *script = NULL;
    va_list arguments;
    va_start(arguments, format);
    cr_assert(vasprintf(&line, format, arguments) >= 0);
    va_end(arguments);
    int id = (int)getpid();
    number++;
    cr_assert(asprintf(&script, shell, id, number, id, number, line) >= 0);
    alarm(LONGEST_S);
    int status = system(script);
    alarm(0);
    struct test_command result = { 0 };
    result.out = take(number, "out", &result.out_size);
    result.err = take(number, "err", NULL);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) <= 130, "%s: %s%s", line,
              WIFEXITED(status) ? "" : "signal; ", result.err);
    result.code = WEXITSTATUS(status);
    free(script);
    free(line);
    return result;
}
