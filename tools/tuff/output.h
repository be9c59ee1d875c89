/* SPDX-License-Identifier: Apache-2.0 */
/* Where results go: standard output, or a file that appears under its name when all of it is written. A
 * failure to write is kept; loops ask output_failed and stop, output_close says it once. A reader that has
 * left (`head`) counts as enough written. */
#ifndef TUFF_OUTPUT_H
#define TUFF_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct output;

/* `path` of NULL: standard output. NULL after a sentence on stderr. */
struct output *output_open(const char *path);

/* True once nothing more can be written. */
bool output_failed(const struct output *output);

/* True where a person reads along. */
bool output_is_terminal(const struct output *output);

void output_bytes(struct output *output, const void *bytes, size_t size);
void output_text(struct output *output, const char *text);
#ifdef __GNUC__
__attribute__((format(printf, 2, 3)))
#endif
void output_print(struct output *output, const char *format, ...);

/* The bytes as a JSON string with its quotes. UTF-8 stays as it is, NUL and other controls are escaped, each
 * wrong byte becomes U+FFFD. */
void output_json_string(struct output *output, const char *text, size_t length);

/* For readable text: controls become spaces and wrong bytes U+FFFD, so that no input drives the terminal. */
void output_readable(struct output *output, const char *text, size_t length);

/* The shortest decimal number that reads back as the same float; null where it is not finite. */
void output_float(struct output *output, float number);

/* True where what was written can be overwritten later: a file, not a pipe. */
bool output_can_seek(const struct output *output);
void output_overwrite(struct output *output, long position, const void *bytes, size_t size);

/* Hands on what is buffered, where results should appear as they come. */
void output_flush(struct output *output);

/* Takes away a file that is not finished; may be called from a signal handler. */
void output_abandon(void);

/* Finishes the output and frees it. With a `code` other than 0 a file is discarded and its old content kept.
 * Returns `code`, or EXIT_FAILURE after a sentence where writing failed. */
int output_close(struct output *output, int code);

#endif
