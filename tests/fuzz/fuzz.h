/* SPDX-License-Identifier: Apache-2.0 */
/* Hands the fuzzer's bytes over as a file. */
#ifndef TUFF_TESTS_FUZZ_H
#define TUFF_TESTS_FUZZ_H

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#ifndef FUZZ_FOLDER
#define FUZZ_FOLDER "fuzz_files" /* in the current folder; holds the one file */
#endif

/* Writes the file and gives its path. */
static inline const char *fuzz_file(const char *name, const uint8_t *data, size_t size) {
    static char path[128];
    snprintf(path, sizeof path, FUZZ_FOLDER "/%s", name);
    mkdir(FUZZ_FOLDER, 0700);
    int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (descriptor < 0 || write(descriptor, data, size) != (ssize_t)size)
        abort();
    close(descriptor);
    return path;
}

#endif
