/* SPDX-License-Identifier: Apache-2.0 */
/* What the command asks of the system beyond C: system_posix.c and system_windows.c. Paths and arguments are
 * UTF-8; what fails leaves errno behind. */
#ifndef TUFF_SYSTEM_H
#define TUFF_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { STANDARD_INPUT, STANDARD_OUTPUT, STANDARD_ERROR };

/* Once, before anything is opened or printed. */
void system_start(void);

/* Calls handler(number) for Ctrl-C and for what asks the program to end; a read that waits comes back. */
void system_on_interrupt(void (*handler)(int number));

/* A descriptor for reading, -1 on failure. */
int system_open(const char *path);
void system_close(int descriptor);
/* Bytes that came, 0 at the end, -1 on failure. */
ptrdiff_t system_read(int descriptor, void *data, size_t size);
bool system_is_folder_open(int descriptor);
bool system_is_terminal(int descriptor);

/* A file that was not there before, for writing; NULL on failure. */
FILE *system_create(const char *path);
int system_descriptor(FILE *stream);

bool system_is_folder(const char *path);
/* A regular file, or a name that is free: no pipe and no device, which are written as they are. */
bool system_is_replaceable(const char *path);
/* The path without links, freed with free(); NULL where there is none. */
char *system_real_path(const char *path);
/* Takes the place of the file `to` in one step. */
bool system_rename(const char *from, const char *to);
void system_remove(const char *path);

unsigned system_process(void);
/* Seconds that only go on. */
double system_seconds(void);

#endif
