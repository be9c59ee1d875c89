/* SPDX-License-Identifier: Apache-2.0 */
/* Lines from a file or standard input, read piecewise: any amount of input in bounded memory. Lines may hold
 * NUL; CR LF counts as one end; the last line needs none; a byte order mark in front is dropped. */
#ifndef TUFF_INPUT_H
#define TUFF_INPUT_H

#include "tuff.h"

#include <stdbool.h>
#include <stddef.h>

/* A longer line is refused: what a command holds in memory depends on it. */
enum { INPUT_LONGEST_LINE = 16 << 20 };

struct input;

enum input_result { INPUT_LINE, INPUT_END, INPUT_TOO_LONG, INPUT_FAILED };

/* `path` of NULL or "-": standard input. NULL after a sentence on stderr. */
struct input *input_open(const char *path);
void input_close(struct input *input);

/* What messages call it: the path or "standard input". */
const char *input_name(const struct input *input);

/* True where a person types, who wants each answer at once. */
bool input_is_terminal(const struct input *input);

/* The next line without its end; valid until the next call. INPUT_TOO_LONG: the line was passed over and the
 * next call goes on behind it. INPUT_FAILED after a sentence; Ctrl-C ends the input. */
enum input_result input_read_line(struct input *input, tuff_text *out_line);

/* Number of the line that was read last, from 1. */
size_t input_line_number(const struct input *input);

#endif
