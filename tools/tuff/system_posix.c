/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "system.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Where the caller has closed one of the three, the next file to be opened would take its place and get what
 * is printed. Something that refuses to be used takes it instead. */
static void fill_standard_places(void) {
    for (int place = STANDARD_INPUT; place <= STANDARD_ERROR; place++)
        if (fcntl(place, F_GETFD) < 0 &&
            open("/dev/null", place == STANDARD_INPUT ? O_WRONLY : O_RDONLY) != place)
            exit(EXIT_FAILURE);
}

/* Mesa's lavapipe reads the width when its driver is loaded and takes 256 bits by default; this program's
 * kernels run about twice as fast on it with 512 where the processor has them. A library must not touch the
 * environment of its process, a command may. */
static void widen_vectors(void) {
#if defined(__x86_64__) && defined(__GNUC__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw"))
        setenv("LP_NATIVE_VECTOR_WIDTH", "512", 0);
#endif
}

void system_start(void) {
    fill_standard_places();
    widen_vectors();
    signal(SIGPIPE, SIG_IGN); /* a reader that leaves early is seen by output.c as EPIPE */
}

void system_on_interrupt(void (*handler)(int number)) {
    /* Without SA_RESTART: a read from a terminal or a pipe must end. */
    struct sigaction action = { .sa_handler = handler };
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

int system_open(const char *path) {
    return open(path, O_RDONLY | O_CLOEXEC);
}

void system_close(int descriptor) {
    close(descriptor);
}

ptrdiff_t system_read(int descriptor, void *data, size_t size) {
    return read(descriptor, data, size);
}

bool system_is_folder_open(int descriptor) {
    struct stat info;
    return fstat(descriptor, &info) == 0 && S_ISDIR(info.st_mode);
}

bool system_is_terminal(int descriptor) {
    return isatty(descriptor);
}

FILE *system_create(const char *path) {
    return fopen(path, "wbx");
}

int system_descriptor(FILE *stream) {
    return fileno(stream);
}

bool system_is_folder(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

bool system_is_replaceable(const char *path) {
    struct stat info;
    return stat(path, &info) != 0 || S_ISREG(info.st_mode);
}

char *system_real_path(const char *path) {
    return realpath(path, NULL);
}

bool system_rename(const char *from, const char *to) {
    return rename(from, to) == 0;
}

void system_remove(const char *path) {
    unlink(path);
}

unsigned system_process(void) {
    return (unsigned)getpid();
}

double system_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}
