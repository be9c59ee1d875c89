/* SPDX-License-Identifier: Apache-2.0 */
#include "input.h"
#include "memory.h"
#include "session.h"
#include "system.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_SIZE = 1 << 16 };

struct input {
    int descriptor;
    char *name;
    char *buffer; /* holds bytes [start, end) that were read and not yet given out */
    size_t capacity;
    size_t start;
    size_t end;
    size_t line_number;
    bool is_at_end;
};

struct input *input_open(const char *path) {
    bool is_standard = !path || strcmp(path, "-") == 0;
    int descriptor = is_standard ? STANDARD_INPUT : system_open(path);
    if (descriptor < 0 || (!is_standard && system_is_folder_open(descriptor))) {
        complain("%s: cannot be read: %s", path, descriptor < 0 ? strerror(errno) : "it is a folder");
        if (descriptor >= 0)
            system_close(descriptor);
        return NULL;
    }
    struct input *input = allocate(1, sizeof(*input));
    *input = (struct input){ .descriptor = descriptor };
    input->buffer = grow(NULL, &input->capacity, CHUNK_SIZE, 1);
    input->name = is_standard ? copy_text("standard input", 14) : copy_text(path, strlen(path));
    return input;
}

void input_close(struct input *input) {
    if (!input)
        return;
    if (input->descriptor != STANDARD_INPUT)
        system_close(input->descriptor);
    free(input->buffer);
    free(input->name);
    free(input);
}

const char *input_name(const struct input *input) {
    return input->name;
}

bool input_is_terminal(const struct input *input) {
    return system_is_terminal(input->descriptor);
}

size_t input_line_number(const struct input *input) {
    return input->line_number;
}

/* Puts more bytes behind `end`; false at the end of the input (or of the user's patience). */
static bool fill(struct input *input, bool *out_failed) {
    if (input->start > 0) {
        memmove(input->buffer, input->buffer + input->start, input->end - input->start);
        input->end -= input->start;
        input->start = 0;
    }
    input->buffer = grow(input->buffer, &input->capacity, input->end + CHUNK_SIZE, 1);
    ptrdiff_t count = 0;
    do
        count = system_read(input->descriptor, input->buffer + input->end, CHUNK_SIZE);
    while (count < 0 && errno == EINTR && !session_is_interrupted());
    if (count < 0 && !session_is_interrupted()) {
        complain("%s: cannot be read: %s", input->name, strerror(errno));
        *out_failed = true;
    }
    if (count > 0)
        input->end += (size_t)count;
    input->is_at_end = count <= 0;
    return count > 0;
}

/* Finds the end of the line at `start`, reading on as needed. What is beyond the longest line is dropped as
 * it comes; *out_length counts it all the same. False at the end of the input. */
static bool find_end(struct input *input, size_t *out_length, size_t *out_dropped, bool *out_failed) {
    size_t searched = 0;
    *out_dropped = 0;
    for (;;) {
        const char *line = input->buffer + input->start;
        size_t held = input->end - input->start;
        const char *newline = memchr(line + searched, '\n', held - searched);
        *out_length = newline ? (size_t)(newline - line) : held;
        if (newline)
            return true;
        searched = held;
        if (held > INPUT_LONGEST_LINE) {
            *out_dropped += held;
            input->start = input->end;
            searched = 0;
        }
        if (input->is_at_end || !fill(input, out_failed))
            return false;
    }
}

static tuff_text without_return(const char *line, size_t length) {
    if (length > 0 && line[length - 1] == '\r')
        length--;
    return (tuff_text){ line, length };
}

enum input_result input_read_line(struct input *input, tuff_text *out_line) {
    size_t length = 0;
    size_t dropped = 0;
    bool has_failed = false;
    bool has_newline = find_end(input, &length, &dropped, &has_failed);
    if (has_failed)
        return INPUT_FAILED;
    if (session_is_interrupted() || (!has_newline && length + dropped == 0))
        return INPUT_END;
    *out_line = without_return(input->buffer + input->start, length);
    input->start += length + has_newline;
    input->line_number++;
    if (input->line_number == 1 && out_line->length >= 3 && memcmp(out_line->data, "\xEF\xBB\xBF", 3) == 0)
        *out_line = (tuff_text){ out_line->data + 3, out_line->length - 3 };
    return length + dropped > INPUT_LONGEST_LINE ? INPUT_TOO_LONG : INPUT_LINE;
}
