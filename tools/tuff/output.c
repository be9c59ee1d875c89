/* SPDX-License-Identifier: Apache-2.0 */
#include "output.h"
#include "decimal.h"
#include "memory.h"
#include "system.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct output {
    FILE *stream;
    char *path;  /* as the user knows it; NULL for standard output */
    char *aside; /* what is written until all is there; NULL where the bytes go to their place directly */
    int error;   /* the first errno; 0 while all is well */
};

/* The file aside that an exit in the middle must take away. One command has one. */
static char *volatile unfinished;

static void remove_unfinished(void) {
    output_abandon();
}

void output_abandon(void) {
    if (unfinished)
        system_remove(unfinished);
    unfinished = NULL;
}

/* ---------------------------------------------------------------- opening */

static FILE *open_aside(struct output *output) {
    static bool is_registered;
    if (!is_registered)
        atexit(remove_unfinished);
    is_registered = true;
    output->aside = print_text("%s.%u.part", output->path, system_process());
    FILE *stream = system_create(output->aside);
    if (stream)
        unfinished = output->aside;
    return stream;
}

struct output *output_open(const char *path) {
    struct output *output = allocate(1, sizeof(*output));
    *output = (struct output){ .stream = stdout };
    if (!path)
        return output;
    char *real = system_real_path(path); /* so that a link stays one */
    output->path = real ? real : copy_text(path, strlen(path));
    output->stream = system_is_replaceable(output->path) ? open_aside(output) : fopen(output->path, "wb");
    if (output->stream)
        return output;
    complain("%s: cannot be written: %s", path, strerror(errno));
    free(output->aside);
    free(output->path);
    free(output);
    return NULL;
}

/* ---------------------------------------------------------------- writing */

static void keep_error(struct output *output) {
    if (output->error == 0)
        output->error = errno ? errno : EIO;
}

bool output_failed(const struct output *output) {
    return output->error != 0;
}

bool output_is_terminal(const struct output *output) {
    return system_is_terminal(system_descriptor(output->stream));
}

void output_bytes(struct output *output, const void *bytes, size_t size) {
    if (output->error == 0 && size != 0 && fwrite(bytes, 1, size, output->stream) != size)
        keep_error(output);
}

void output_text(struct output *output, const char *text) {
    output_bytes(output, text, strlen(text));
}

void output_print(struct output *output, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    if (output->error == 0 && vfprintf(output->stream, format, arguments) < 0)
        keep_error(output);
    va_end(arguments);
}

/* Bytes of the well-formed UTF-8 character at `text`, 0 where there is none. */
static size_t character_length(const unsigned char *text, size_t length) {
    unsigned char first = text[0];
    if (first < 0x80)
        return 1;
    size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || size > length)
        return 0;
    for (size_t i = 1; i < size; i++)
        if ((text[i] & 0xC0) != 0x80)
            return 0;
    /* Overlong forms, surrogates and what lies beyond U+10FFFF show in the second byte. */
    unsigned char second = text[1];
    bool is_wrong = (first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ||
                    (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F);
    return is_wrong ? 0 : size;
}

static void write_escape(struct output *output, unsigned char byte) {
    static const char letters[] = "\b\f\n\r\t\"\\";
    static const char names[] = "bfnrt\"\\";
    const char *found = byte ? strchr(letters, byte) : NULL;
    if (found)
        output_bytes(output, (const char[]){ '\\', names[found - letters] }, 2);
    else
        output_print(output, "\\u%04x", (unsigned)byte);
}

void output_json_string(struct output *output, const char *text, size_t length) {
    const unsigned char *bytes = (const unsigned char *)text;
    size_t start = 0; /* of what is to be written as it is */
    size_t i = 0;
    output_bytes(output, "\"", 1);
    while (i < length) {
        size_t size = character_length(bytes + i, length - i);
        if (size > 1 || (size == 1 && bytes[i] >= 0x20 && bytes[i] != '"' && bytes[i] != '\\')) {
            i += size;
            continue;
        }
        output_bytes(output, text + start, i - start);
        if (size == 1)
            write_escape(output, bytes[i]);
        else
            output_text(output, "\xEF\xBF\xBD");
        start = ++i;
    }
    output_bytes(output, text + start, i - start);
    output_bytes(output, "\"", 1);
}

/* C0, DEL and C1: what a terminal may take for an order. */
static bool is_control(const unsigned char *bytes, size_t size) {
    return (size == 1 && (bytes[0] < 0x20 || bytes[0] == 0x7F)) ||
           (size == 2 && bytes[0] == 0xC2 && bytes[1] < 0xA0);
}

void output_readable(struct output *output, const char *text, size_t length) {
    const unsigned char *bytes = (const unsigned char *)text;
    for (size_t i = 0; i < length;) {
        size_t size = character_length(bytes + i, length - i);
        if (size == 0)
            output_text(output, "\xEF\xBF\xBD");
        else if (is_control(bytes + i, size))
            output_bytes(output, " ", 1);
        else
            output_bytes(output, text + i, size);
        i += size ? size : 1;
    }
}

void output_float(struct output *output, float number) {
    char text[DECIMAL_SIZE];
    if (!isfinite(number)) {
        output_text(output, "null");
        return;
    }
    size_t length = decimal_print(number, text);
    output_bytes(output, text, length);
}

bool output_can_seek(const struct output *output) {
    return output->aside != NULL;
}

void output_overwrite(struct output *output, long position, const void *bytes, size_t size) {
    if (output->error == 0 && fseek(output->stream, position, SEEK_SET) != 0)
        keep_error(output);
    output_bytes(output, bytes, size);
    if (output->error == 0 && fseek(output->stream, 0, SEEK_END) != 0)
        keep_error(output);
}

void output_flush(struct output *output) {
    if (output->error == 0 && fflush(output->stream) != 0)
        keep_error(output);
}

/* ---------------------------------------------------------------- closing */

static void put_in_place(struct output *output, bool is_wanted) {
    if (is_wanted && output->error == 0 && !system_rename(output->aside, output->path))
        keep_error(output);
    if (!is_wanted || output->error != 0)
        system_remove(output->aside);
    unfinished = NULL;
}

int output_close(struct output *output, int code) {
    output_flush(output);
    if (output->path && fclose(output->stream) != 0)
        keep_error(output);
    if (output->aside)
        put_in_place(output, code == EXIT_SUCCESS);
    if (output->error != 0 && output->error != EPIPE) {
        complain("%s: cannot be written: %s", output->path ? output->path : "standard output",
                 strerror(output->error));
        code = EXIT_FAILURE;
    }
    if (!output->path)
        clearerr(stdout); /* said by now: main.c asks again, with another errno */
    free(output->aside);
    free(output->path);
    free(output);
    return code;
}
