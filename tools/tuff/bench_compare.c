/* SPDX-License-Identifier: Apache-2.0 */
#include "bench_compare.h"
#include "memory.h"
#include "output.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *text_of(const json_t *row, const char *key) {
    const char *text = json_string_value(json_object_get(row, key));
    return text ? text : "";
}

/* A row of a file as JSON Lines; NULL at the end, or where a line is none (then *out_is_wrong). */
static json_t *read_row(FILE *file, bool *out_is_wrong) {
    int next = getc(file);
    while (next == '\n')
        next = getc(file);
    if (next == EOF)
        return NULL;
    ungetc(next, file);
    json_t *row = json_loadf(file, JSON_DISABLE_EOF_CHECK, NULL);
    *out_is_wrong = !json_is_object(row) || !json_is_number(json_object_get(row, "ms_median"));
    return row;
}

/* An array of the file's rows; NULL after a sentence. */
static json_t *read_rows(const char *path) {
    FILE *file = fopen(path, "r");
    json_t *rows = json_array();
    bool is_wrong = false;
    if (!file) {
        complain("%s: cannot be read", path);
        json_decref(rows);
        return NULL;
    }
    for (json_t *row = read_row(file, &is_wrong); row && !is_wrong; row = read_row(file, &is_wrong))
        json_array_append_new(rows, row);
    fclose(file);
    if (!is_wrong)
        return rows;
    complain("%s: line %zu is no measurement of tuff bench --json", path, json_array_size(rows) + 1);
    json_decref(rows);
    return NULL;
}

static bool is_same(const json_t *a, const json_t *b) {
    static const char *const keys[] = { "model", "op", "workload", "shape", "dtype" };
    for (size_t i = 0; i < COUNT(keys); i++)
        if (strcmp(text_of(a, keys[i]), text_of(b, keys[i])) != 0)
            return false;
    return true;
}

/* The last of the rows that measures the same; NULL: none. */
static const json_t *find(const json_t *rows, const json_t *wanted) {
    for (size_t i = json_array_size(rows); i > 0; i--)
        if (is_same(json_array_get(rows, i - 1), wanted))
            return json_array_get(rows, i - 1);
    return NULL;
}

static void print_row(struct output *output, const json_t *first, const json_t *second) {
    const char *name = text_of(first, "model");
    double a = json_number_value(json_object_get(first, "ms_median"));
    double b = json_number_value(json_object_get(second, "ms_median"));
    name = name[0] ? name : text_of(first, "op");
    const char *slash = strrchr(name, '/');
    output_print(output, "| %-16.16s | %-8.8s | %-13s | %-5s |", slash && slash[1] ? slash + 1 : name,
                 text_of(first, "workload"), text_of(first, "shape"), text_of(first, "dtype"));
    output_print(output, " %8.3f | %8.3f | %5.2f |\n", a, b, b > 0 ? a / b : 0.0);
}

static void print_rows(struct output *output, const json_t *first, const json_t *second) {
    output_text(output,
                "| what             | workload | shape         | dtype |   1st ms |   2nd ms | times |\n"
                "|------------------|----------|---------------|-------|---------:|---------:|------:|\n");
    for (size_t i = 0; i < json_array_size(first); i++) {
        const json_t *row = json_array_get(first, i);
        const json_t *other = find(second, row);
        if (other && find(first, row) == row)
            print_row(output, row, other);
    }
}

int bench_compare(const char *first, const char *second, const char *out) {
    json_t *a = read_rows(first);
    json_t *b = a ? read_rows(second) : NULL;
    struct output *output = b ? output_open(out) : NULL;
    int code = EXIT_FAILURE;
    if (output) {
        print_rows(output, a, b);
        code = output_close(output, EXIT_SUCCESS);
    }
    json_decref(a);
    json_decref(b);
    return code;
}
