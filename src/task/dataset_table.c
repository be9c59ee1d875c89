/* SPDX-License-Identifier: Apache-2.0 */
/* Tables with a header. TSV: cells between tabs, nothing is quoted. CSV: RFC 4180, cells between commas,
 * those in double quotes may hold commas, line ends and doubled quotes. */
#include <string.h>

#include "base/memory.h"
#include "task/dataset_reader.h"

enum { MAX_COLUMNS = 4096, MAX_PLACES = 64 };

/* The cells of one record. */
struct cells {
    tuff_text *items;
    size_t count, capacity;
};

/* Where a field's cells are. */
struct places {
    uint32_t columns[MAX_PLACES];
    uint32_t count; /* 0: the file has no such field */
};

struct table {
    struct tuff_dataset_reader *reader;
    size_t at;   /* in the text */
    size_t line; /* of what was read last */
    size_t next_line;
    struct cells cells;
    size_t column_count;
    struct places places[TUFF_FIELD_COUNT];
};

static tuff_status add_cell(struct table *table, const char *data, size_t length) {
    struct cells *cells = &table->cells;
    TUFF_TRY(tuff_reserve(&cells->items, &cells->capacity, cells->count + 1, sizeof *cells->items));
    cells->items[cells->count++] = (tuff_text){ data, length };
    return TUFF_OK;
}

/* ---------------------------------------------------------------- the header */

/* *out_column is the count of columns where there is none. */
static tuff_status find_column(const struct table *table, const char *name, size_t length,
                               size_t *out_column) {
    const struct cells *cells = &table->cells;
    *out_column = cells->count;
    for (size_t i = 0; i < cells->count; i++) {
        if (cells->items[i].length != length || memcmp(cells->items[i].data, name, length) != 0)
            continue;
        if (*out_column != cells->count)
            return tuff_fail(TUFF_FORMAT, "%s: two columns are called '%.*s'", table->reader->path,
                             (int)length, name);
        *out_column = i;
    }
    return TUFF_OK;
}

/* One column, or several with commas between them; count 0 where one of them is missing. */
static tuff_status find_columns(const struct table *table, const char *names, struct places *out_places) {
    size_t column = 0;
    out_places->count = 0;
    TUFF_TRY(find_column(table, names, strlen(names), &column));
    if (column < table->cells.count) {
        *out_places = (struct places){ .columns = { (uint32_t)column }, .count = 1 };
        return TUFF_OK;
    }
    if (!strchr(names, ','))
        return TUFF_OK;
    while (*names) {
        const size_t length = strcspn(names, ",");
        TUFF_TRY(find_column(table, names, length, &column));
        if (column == table->cells.count || out_places->count == MAX_PLACES) {
            out_places->count = 0;
            return TUFF_OK;
        }
        out_places->columns[out_places->count++] = (uint32_t)column;
        names += length + (names[length] == ',');
    }
    return TUFF_OK;
}

static tuff_status fail_missing(const struct table *table, const char *name) {
    char list[400];
    size_t length = 0;
    for (size_t i = 0; i < table->cells.count && length < 300; i++) {
        const tuff_text cell = table->cells.items[i];
        const size_t taken = (size_t)(cell.length < 60 ? cell.length : 60);
        memcpy(list + length, i > 0 ? ", " : "", i > 0 ? 2 : 0);
        length += i > 0 ? 2 : 0;
        memcpy(list + length, cell.data, taken);
        length += taken;
    }
    return tuff_fail(TUFF_FORMAT, "%s: has no column '%s'; its columns are: %.*s", table->reader->path, name,
                     (int)length, list);
}

static tuff_status place_field(struct table *table, enum tuff_field field) {
    const struct tuff_dataset_options *options = table->reader->options;
    const char *asked = tuff_dataset_asked_name(options, field);
    const char *const *usual = tuff_dataset_usual_names(options->kind, field);
    struct places *places = &table->places[field];
    if (asked)
        TUFF_TRY(find_columns(table, asked, places));
    for (size_t i = 0; !asked && usual[i] && places->count == 0; i++)
        TUFF_TRY(find_columns(table, usual[i], places));
    if (places->count == 0 && tuff_dataset_needs(options, field))
        return fail_missing(table, asked ? asked : usual[0]);
    return TUFF_OK;
}

static tuff_status read_header(struct table *table) {
    table->column_count = table->cells.count;
    if (table->column_count > MAX_COLUMNS)
        return tuff_fail(TUFF_FORMAT, "%s: has %zu columns; %d are the most", table->reader->path,
                         table->column_count, (int)MAX_COLUMNS);
    for (int field = 0; field < TUFF_FIELD_COUNT; field++)
        TUFF_TRY(place_field(table, (enum tuff_field)field));
    return TUFF_OK;
}

/* ---------------------------------------------------------------- records */

static tuff_status push_cells(struct table *table) {
    struct tuff_dataset_reader *reader = table->reader;
    struct tuff_record record = { .line = table->line };
    const struct cells *cells = &table->cells;
    if (cells->count != table->column_count)
        return tuff_dataset_reject(reader, table->line, "has %zu cells, but the header has %zu", cells->count,
                                   table->column_count);
    for (int field = 0; field < TUFF_FIELD_COUNT; field++) {
        const struct places *places = &table->places[field];
        tuff_text *texts = NULL;
        if (places->count == 0)
            continue;
        TUFF_TRY(tuff_blocks_allocate(&reader->dataset->blocks, places->count, sizeof *texts, &texts));
        for (uint32_t i = 0; i < places->count; i++)
            texts[i] = cells->items[places->columns[i]];
        record.fields[field] = (struct tuff_field_value){ texts, places->count, true, false };
    }
    return tuff_dataset_push(reader, &record);
}

/* Gathers records with `next`, which is false at the end of the text; the first is the header. A `problem` is
 * what is wrong with the record. */
static tuff_status read_table(struct table *table,
                              tuff_status (*next)(struct table *table, bool *out_is_there,
                                                  const char **out_problem)) {
    bool is_there = true, has_header = false;
    tuff_status status = TUFF_OK;
    table->next_line = 1;
    while (status == TUFF_OK && !tuff_dataset_is_full(table->reader)) {
        const char *problem = NULL;
        table->cells.count = 0;
        table->line = table->next_line;
        status = next(table, &is_there, &problem);
        if (status != TUFF_OK || !is_there)
            break;
        const bool is_empty = table->cells.count == 1 && table->cells.items[0].length == 0;
        if (problem && !has_header)
            status = tuff_fail(TUFF_FORMAT, "%s: line %zu: %s", table->reader->path, table->line, problem);
        else if (problem)
            status = tuff_dataset_reject(table->reader, table->line, "%s", problem);
        else if (is_empty)
            continue;
        else if (has_header)
            status = push_cells(table);
        else
            status = read_header(table);
        has_header = true;
    }
    tuff_free(table->cells.items);
    return status;
}

/* ---------------------------------------------------------------- TSV */

static tuff_status next_tsv(struct table *table, bool *out_is_there, const char **out_problem) {
    tuff_text line;
    *out_is_there = tuff_dataset_next_line(table->reader->text, &table->at, &line);
    *out_problem = NULL;
    table->next_line++;
    if (!*out_is_there)
        return TUFF_OK;
    for (;;) {
        const char *tab = memchr(line.data, '\t', line.length);
        const size_t length = tab ? (size_t)(tab - line.data) : line.length;
        TUFF_TRY(add_cell(table, line.data, length));
        if (!tab)
            return TUFF_OK;
        line.data += length + 1;
        line.length -= length + 1;
    }
}

tuff_status tuff_dataset_read_tsv(struct tuff_dataset_reader *reader) {
    return read_table(&(struct table){ .reader = reader }, next_tsv);
}

/* ---------------------------------------------------------------- CSV */

/* The bytes between quotes, of which those that are doubled become single. */
static tuff_status add_quoted(struct table *table, const char *data, size_t length) {
    tuff_text copy;
    size_t kept = 0;
    if (!memchr(data, '"', length))
        return add_cell(table, data, length);
    TUFF_TRY(tuff_blocks_copy(&table->reader->dataset->blocks, data, length, &copy));
    char *bytes = (char *)(uintptr_t)copy.data;
    for (size_t i = 0; i < length; i++) {
        bytes[kept++] = bytes[i];
        i += bytes[i] == '"';
    }
    return add_cell(table, bytes, kept);
}

/* The place of the quote that closes what begins at `start`, or the text's end. Line ends inside are counted.
 */
static size_t closing_quote(struct table *table, size_t start) {
    const tuff_text text = table->reader->text;
    for (size_t i = start; i < text.length; i++) {
        table->next_line += text.data[i] == '\n';
        if (text.data[i] != '"')
            continue;
        if (i + 1 == text.length || text.data[i + 1] != '"')
            return i;
        i++;
    }
    return text.length;
}

static size_t cell_end(tuff_text text, size_t at) {
    while (at < text.length && text.data[at] != ',' && text.data[at] != '\n' &&
           !(text.data[at] == '\r' && (at + 1 == text.length || text.data[at + 1] == '\n')))
        at++;
    return at;
}

static tuff_status next_csv_cell(struct table *table, const char **out_problem) {
    const tuff_text text = table->reader->text;
    const size_t start = table->at;
    if (start == text.length || text.data[start] != '"') {
        table->at = cell_end(text, start);
        if (memchr(text.data + start, '"', table->at - start))
            *out_problem = "has a quote inside a cell that is not quoted";
        return add_cell(table, text.data + start, table->at - start);
    }
    const size_t end = closing_quote(table, start + 1);
    if (end == text.length)
        return tuff_fail(TUFF_FORMAT, "%s: line %zu: a quote opens in this record that never closes",
                         table->reader->path, table->line);
    table->at = cell_end(text, end + 1);
    if (table->at != end + 1)
        *out_problem = "has something between a closing quote and the comma";
    return add_quoted(table, text.data + start + 1, end - start - 1);
}

static tuff_status next_csv(struct table *table, bool *out_is_there, const char **out_problem) {
    const tuff_text text = table->reader->text;
    *out_is_there = table->at < text.length;
    if (!*out_is_there)
        return TUFF_OK;
    for (;;) {
        TUFF_TRY(next_csv_cell(table, out_problem));
        if (table->at == text.length || text.data[table->at] != ',')
            break;
        table->at++;
    }
    table->next_line++;
    if (table->at < text.length && text.data[table->at] == '\r')
        table->at++;
    if (table->at < text.length)
        table->at++;
    return TUFF_OK;
}

tuff_status tuff_dataset_read_csv(struct tuff_dataset_reader *reader) {
    return read_table(&(struct table){ .reader = reader }, next_csv);
}
