/* SPDX-License-Identifier: Apache-2.0 */
#include "parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The cell at *position, which moves behind it; false where the line has no more. */
static bool next_cell(tuff_text line, size_t *position, tuff_text *out_cell) {
    if (*position > line.length)
        return false;
    const char *start = line.data + *position;
    size_t left = line.length - *position;
    const char *tab = left ? memchr(start, '\t', left) : NULL;
    size_t length = tab ? (size_t)(tab - start) : left;
    *out_cell = (tuff_text){ start, length };
    *position += length + 1;
    return true;
}

/* A column by its number from 1. */
static long read_number(const char *name) {
    char *end = NULL;
    long number = name[0] >= '1' && name[0] <= '9' ? strtol(name, &end, 10) : 0;
    return number != 0 && *end == '\0' ? number - 1 : NO_COLUMN;
}

static long find(const struct record_source *source, tuff_text header, const char *name) {
    if (source->has_no_header)
        return read_number(name);
    tuff_text cell;
    size_t position = 0;
    for (long column = 0; next_cell(header, &position, &cell); column++)
        if (cell.length == strlen(name) && memcmp(cell.data, name, cell.length) == 0)
            return column;
    return NO_COLUMN;
}

/* "endings" and a number, or "endings" alone. */
static bool is_of_list(tuff_text cell, const char *name) {
    const size_t length = strlen(name);
    if (cell.length < length || memcmp(cell.data, name, length) != 0)
        return false;
    for (size_t i = length; i < cell.length; i++)
        if (cell.data[i] < '0' || cell.data[i] > '9')
            return false;
    return true;
}

/* Returns the first of the columns, or NO_COLUMN. */
static long find_list(tuff_text header, const char *name, struct columns *columns) {
    tuff_text cell;
    size_t position = 0;
    for (long column = 0; next_cell(header, &position, &cell); column++)
        if (is_of_list(cell, name) && columns->list_count < MAX_LIST_COLUMNS)
            columns->list[columns->list_count++] = column;
    return columns->list_count > 0 ? columns->list[0] : NO_COLUMN;
}

static bool miss(const struct record_source *source, tuff_text header, const char *name, char *reason) {
    if (source->has_no_header)
        snprintf(reason, REASON_SIZE, "without a header a column is called by its number from 1, not '%s'",
                 name);
    else
        snprintf(reason, REASON_SIZE, "there is no column '%s' in '%.*s'", name,
                 header.length > 200 ? 200 : (int)header.length, header.data);
    return false;
}

bool columns_find(const struct record_source *source, tuff_text header, struct columns *out_columns,
                  char reason[REASON_SIZE]) {
    *out_columns = (struct columns){ 0 };
    tuff_text cell;
    for (size_t position = 0; !source->has_no_header && next_cell(header, &position, &cell);)
        out_columns->count++;
    for (size_t i = 0; i < source->field_count; i++) {
        const bool is_list = source->fields[i].is_list && !source->has_no_header;
        out_columns->fields[i] = is_list ? find_list(header, source->fields[i].name, out_columns)
                                         : find(source, header, source->fields[i].name);
        if (out_columns->fields[i] == NO_COLUMN && source->fields[i].is_required)
            return miss(source, header, source->fields[i].name, reason);
        if (out_columns->fields[i] != NO_COLUMN && source->fields[i].refusal) {
            snprintf(reason, REASON_SIZE, "there is a column '%s'; %s", source->fields[i].name,
                     source->fields[i].refusal);
            return false;
        }
    }
    out_columns->id = find(source, header, source->id_name ? source->id_name : "id");
    if (out_columns->id == NO_COLUMN && source->id_name)
        return miss(source, header, source->id_name, reason);
    return true;
}

/* The cells of the list's columns, which stand in the order of the header. */
static void take_list(const struct columns *columns, tuff_text line, struct arena *arena,
                      struct field_value *out_value) {
    tuff_text cell;
    size_t position = 0;
    size_t count = 0;
    tuff_text *texts = arena_allocate(arena, columns->list_count * sizeof(*texts));
    for (long column = 0; count < columns->list_count && next_cell(line, &position, &cell); column++)
        if (column == columns->list[count])
            texts[count++] = (tuff_text){ arena_copy(arena, cell.data, cell.length), cell.length };
    *out_value = (struct field_value){ texts, count };
}

bool parse_tsv(const struct record_source *source, const struct columns *columns, tuff_text line,
               struct arena *arena, struct record *record, char reason[REASON_SIZE]) {
    tuff_text cell;
    size_t position = 0;
    size_t count = 0;
    for (; next_cell(line, &position, &cell); count++) {
        for (size_t i = 0; i < source->field_count; i++)
            if (columns->fields[i] == (long)count)
                record_set(record, i, cell.data, cell.length, arena);
        if (columns->id == (long)count)
            record->id.text = (tuff_text){ arena_copy(arena, cell.data, cell.length), cell.length };
    }
    if (columns->count != 0 && count != columns->count) {
        snprintf(reason, REASON_SIZE, "it has %zu columns where the first line has %zu", count,
                 columns->count);
        return false;
    }
    for (size_t i = 0; i < source->field_count && columns->list_count > 0; i++)
        if (source->fields[i].is_list)
            take_list(columns, line, arena, &record->values[i]);
    for (size_t i = 0; i < source->field_count; i++)
        if (source->fields[i].is_required && record->values[i].count == 0) {
            snprintf(reason, REASON_SIZE, "it has %zu columns, column %s is missing", count,
                     source->fields[i].name);
            return false;
        }
    return true;
}
