/* SPDX-License-Identifier: Apache-2.0 */
#include "curves.h"
#include "memory.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_CURVES = 256, MAX_DEPTH = 8 };

/* What tells when, not how well. */
static const char *const times[] = { "step", "epoch", "time", "seconds", "elapsed", "time_left", "eta" };

static bool is_time(const char *name) {
    for (size_t i = 0; i < COUNT(times); i++)
        if (strcmp(name, times[i]) == 0)
            return true;
    return false;
}

/* NULL where there are too many. */
static struct curve *find(struct curves *curves, const char *name) {
    for (size_t i = 0; i < curves->count; i++)
        if (strcmp(curves->items[i].name, name) == 0)
            return &curves->items[i];
    if (curves->count == MAX_CURVES)
        return NULL;
    curves->items = grow(curves->items, &curves->capacity, curves->count + 1, sizeof *curves->items);
    struct curve *curve = &curves->items[curves->count++];
    *curve = (struct curve){ .name = copy_text(name, strlen(name)) };
    return curve;
}

static void add_point(struct curves *curves, const char *name, double x, double y) {
    struct curve *curve = isfinite(x) && isfinite(y) ? find(curves, name) : NULL;
    if (!curve)
        return;
    curve->points = grow(curve->points, &curve->capacity, curve->count + 1, sizeof *curve->points);
    curve->points[curve->count++] = (struct point){ x, y };
}

static void add_object(struct curves *curves, json_t *object, const char *prefix, double x, int depth) {
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value) {
        char *name = print_text("%s%s%s", prefix, *prefix ? "." : "", key);
        if (json_is_number(value) && !is_time(key))
            add_point(curves, name, x, json_number_value(value));
        else if (json_is_object(value) && depth < MAX_DEPTH)
            add_object(curves, value, name, x, depth + 1);
        free(name);
    }
}

static bool add_line(struct curves *curves, const char *path, size_t line, const char *text, size_t length) {
    json_error_t error;
    json_t *record = json_loadb(text, length, 0, &error);
    const json_t *step = json_object_get(record, "step");
    const bool is_whole = length > 0 && text[length - 1] == '\n';
    if (!json_is_object(record) && is_whole)
        complain("%s: line %zu: %s", path, line, record ? "is not an object" : error.text);
    else if (json_is_object(record))
        add_object(curves, record, "", json_is_number(step) ? json_number_value(step) : (double)line, 0);
    const bool is_good = json_is_object(record) || !is_whole;
    json_decref(record);
    return is_good;
}

/* Bytes of the next line, its newline among them and a NUL behind; 0 at the end. */
static size_t read_line(FILE *file, char **inout_text, size_t *inout_capacity) {
    size_t length = 0;
    for (int byte = 0; byte != '\n' && (byte = getc(file)) != EOF;) {
        *inout_text = grow(*inout_text, inout_capacity, length + 2, 1);
        (*inout_text)[length++] = (char)byte;
        (*inout_text)[length] = '\0';
    }
    return length;
}

bool curves_read(const char *path, struct curves *out_curves) {
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    size_t capacity = 0, line = 0;
    bool is_good = true;
    *out_curves = (struct curves){ 0 };
    if (!file) {
        complain("%s: cannot be opened: %s", path, strerror(errno));
        return false;
    }
    for (size_t length; is_good && (length = read_line(file, &text, &capacity)) > 0;) {
        line++;
        if (strspn(text, " \t\r\n") < length)
            is_good = add_line(out_curves, path, line, text, length);
    }
    if (is_good && ferror(file)) {
        complain("%s: cannot be read: %s", path, strerror(errno));
        is_good = false;
    }
    free(text);
    fclose(file);
    if (!is_good)
        curves_free(out_curves);
    return is_good;
}

void curves_free(struct curves *curves) {
    for (size_t i = 0; i < curves->count; i++) {
        free(curves->items[i].name);
        free(curves->items[i].points);
    }
    free(curves->items);
    *curves = (struct curves){ 0 };
}
