/* SPDX-License-Identifier: Apache-2.0 */
#include "records.h"
#include "arena.h"
#include "input.h"
#include "parse.h"
#include "session.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A window ends at either number: the library sorts within it, memory and delay grow with it. */
enum { WINDOW_RECORDS = 4096, WINDOW_BYTES = 4 << 20, SHOWN_BAD_RECORDS = 10 };

struct records {
    const struct record_source *source;
    const struct arguments *arguments;
    struct input *input; /* NULL: the arguments are the records */
    enum record_format format;
    struct columns columns; /* of a TSV */
    struct arena arena;     /* what the window's records point to */
    struct record *window;
    size_t capacity;
    size_t limit; /* records in a window */
    size_t next;  /* index of the next record */
    size_t next_argument;
    size_t bad_count;
};

/* ---------------------------------------------------------------- records */

void record_set(struct record *record, size_t field, const char *text, size_t length, struct arena *arena) {
    tuff_text *kept = arena_allocate(arena, sizeof(*kept));
    *kept = (tuff_text){ arena_copy(arena, text, length), length };
    record->values[field] = (struct field_value){ kept, 1 };
}

void record_print_json_head(struct output *output, const struct record *record) {
    output_print(output, "{\"index\":%zu", record->index);
    record_print_json_id(output, &record->id);
}

void record_print_id(struct output *output, const struct record *record) {
    if (!record->id.text.data)
        return;
    output_readable(output, record->id.text.data, record->id.text.length);
    output_text(output, "  ");
}

void record_print_json_id(struct output *output, const struct record_id *id) {
    if (!id->text.data)
        return;
    output_text(output, ",\"id\":");
    if (id->is_json)
        output_bytes(output, id->text.data, id->text.length);
    else
        output_json_string(output, id->text.data, id->text.length);
}

static void say_reason(const struct records *records, size_t line, const char *reason) {
    if (records->input)
        complain("%s: line %zu: %s", input_name(records->input), line, reason);
    else
        complain("text %zu: %s", line, reason);
}

int records_reject(struct records *records, size_t line, const char *format, ...) {
    const struct record_source *source = records->source;
    records->bad_count++;
    if (!source->skips_bad || (!source->is_quiet && records->bad_count <= SHOWN_BAD_RECORDS)) {
        char reason[REASON_SIZE];
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(reason, sizeof(reason), format, arguments);
        va_end(arguments);
        say_reason(records, line, reason);
    }
    return source->skips_bad ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* ---------------------------------------------------------------- opening */

static bool ends_with(const char *name, const char *ending) {
    size_t length = strlen(name);
    size_t size = strlen(ending);
    return length >= size && strcmp(name + length - size, ending) == 0;
}

static enum record_format choose_format(const struct record_source *source) {
    if (source->format != FORMAT_AUTO)
        return (enum record_format)source->format;
    if (!source->file)
        return FORMAT_LINES;
    if (ends_with(source->file, ".tsv"))
        return FORMAT_TSV;
    return ends_with(source->file, ".jsonl") || ends_with(source->file, ".ndjson") ? FORMAT_JSONL
                                                                                   : FORMAT_LINES;
}

static bool open_columns(struct records *records) {
    tuff_text header = { "", 0 };
    if (!records->source->has_no_header) {
        enum input_result result = input_read_line(records->input, &header);
        if (result == INPUT_TOO_LONG || result == INPUT_END)
            complain("%s: its first line must name the columns", input_name(records->input));
        if (result != INPUT_LINE)
            return false;
    }
    char reason[REASON_SIZE];
    if (columns_find(records->source, header, &records->columns, reason))
        return true;
    complain("%s: %s", input_name(records->input), reason);
    return false;
}

/* A line is one text. */
static bool fits_lines(const struct records *records) {
    const struct record_source *source = records->source;
    if (source->field_count < 2 || !source->fields[1].is_required)
        return true;
    complain("%s: a record has \"%s\" and \"%s\", which a plain line cannot hold; give --format tsv or "
             "--format jsonl",
             input_name(records->input), source->fields[0].name, source->fields[1].name);
    return false;
}

/* Arguments must come out even. */
static bool fit_arguments(const struct record_source *source, size_t count) {
    if (source->arguments == ARGUMENTS_PAIRS && count % 2 != 0)
        complain("arguments are taken by twos, %s and %s, but there are %zu", source->fields[0].name,
                 source->fields[1].name, count);
    else if (source->arguments == ARGUMENTS_ONE && count < 2)
        complain("behind the %s, %s are missing", source->fields[0].name, source->fields[1].name);
    else
        return true;
    return false;
}

static bool open_input(struct records *records) {
    const struct record_source *source = records->source;
    records->input = input_open(source->file);
    if (!records->input)
        return false;
    records->format = choose_format(source);
    if (records->format == FORMAT_LINES && !fits_lines(records))
        return false;
    bool is_typed = input_is_terminal(records->input);
    records->limit = is_typed ? 1 : WINDOW_RECORDS;
    if (is_typed && !source->is_quiet)
        complain("reading what you type, line by line; Ctrl-D ends");
    return records->format != FORMAT_TSV || open_columns(records);
}

struct records *records_open(const struct record_source *source, const struct arguments *arguments) {
    struct records *records = allocate(1, sizeof(*records));
    *records = (struct records){ .source = source, .arguments = arguments, .limit = WINDOW_RECORDS };
    session_watch_interrupt();
    bool has_arguments = arguments && arguments->count > 0;
    if (has_arguments && source->file)
        complain("texts come from the command line or from --file %s, not from both", source->file);
    if (has_arguments ? !source->file && fit_arguments(source, arguments->count) : open_input(records))
        return records;
    records_close(records, EXIT_FAILURE);
    return NULL;
}

/* ---------------------------------------------------------------- reading */

static struct record *add_record(struct records *records, size_t *count, size_t line) {
    records->window = grow(records->window, &records->capacity, *count + 1, sizeof(*records->window));
    struct record *record = &records->window[(*count)++];
    *record = (struct record){ .index = records->next++, .line = line };
    return record;
}

/* White space alone. */
static bool is_empty(tuff_text line) {
    for (size_t i = 0; i < line.length; i++)
        if (line.data[i] != ' ' && line.data[i] != '\t' && line.data[i] != '\r')
            return false;
    return true;
}

static bool parse(struct records *records, tuff_text line, struct record *record, char *reason) {
    switch (records->format) {
    case FORMAT_TSV:
        return parse_tsv(records->source, &records->columns, line, &records->arena, record, reason);
    case FORMAT_JSONL:
        return parse_json(records->source, line, &records->arena, record, reason);
    default:
        record_set(record, 0, line.data, line.length, &records->arena);
        return true;
    }
}

/* Reads one line; *out_code other than EXIT_SUCCESS ends the work. False at the end of the input. */
static bool read_line(struct records *records, size_t *count, int *out_code) {
    tuff_text line = { 0 };
    enum input_result result = input_read_line(records->input, &line);
    if (result == INPUT_END || result == INPUT_FAILED) {
        *out_code = result == INPUT_FAILED ? EXIT_FAILURE : EXIT_SUCCESS;
        return false;
    }
    bool is_optional = records->format != FORMAT_LINES || records->source->skips_empty;
    if (result == INPUT_LINE && is_optional && is_empty(line))
        return true;
    char reason[REASON_SIZE] = "it is longer than 16 MiB";
    struct record *record = add_record(records, count, input_line_number(records->input));
    if (result == INPUT_LINE && parse(records, line, record, reason))
        return true;
    (*count)--;
    *out_code = records_reject(records, record->line, "%s", reason);
    return *out_code == EXIT_SUCCESS;
}

/* The next record of the arguments, of which there are enough. */
static void take_arguments(struct records *records, struct record *record) {
    const struct record_source *source = records->source;
    char **values = records->arguments->values + records->next_argument;
    const size_t left = records->arguments->count - records->next_argument;
    record_set(record, 0, values[0], strlen(values[0]), &records->arena);
    records->next_argument += source->arguments == ARGUMENTS_EACH    ? 1
                              : source->arguments == ARGUMENTS_PAIRS ? 2
                                                                     : left;
    if (source->arguments == ARGUMENTS_PAIRS)
        record_set(record, 1, values[1], strlen(values[1]), &records->arena);
    if (source->arguments != ARGUMENTS_ONE)
        return;
    tuff_text *texts = arena_allocate(&records->arena, (left - 1) * sizeof(*texts));
    for (size_t i = 1; i < left; i++)
        texts[i - 1] = (tuff_text){ values[i], strlen(values[i]) };
    record->values[1] = (struct field_value){ texts, left - 1 };
}

static size_t read_arguments(struct records *records) {
    size_t count = 0;
    while (records->next_argument < records->arguments->count && count < records->limit)
        take_arguments(records, add_record(records, &count, records->next + 1));
    return count;
}

int records_read(struct records *records, struct window *out_window) {
    arena_reset(&records->arena);
    size_t count = 0;
    int code = EXIT_SUCCESS;
    if (!records->input)
        count = read_arguments(records);
    else
        while (count < records->limit && records->arena.size < WINDOW_BYTES &&
               read_line(records, &count, &code))
            continue;
    if (session_is_interrupted())
        code = EXIT_INTERRUPTED;
    *out_window = (struct window){ records->window, code == EXIT_SUCCESS ? count : 0 };
    return code;
}

int records_close(struct records *records, int code) {
    if (records->source->skips_bad && records->bad_count > 0) {
        complain("%zu of %zu records could not be used", records->bad_count, records->next);
        if (code == EXIT_SUCCESS)
            code = EXIT_FAILURE;
    }
    input_close(records->input);
    arena_free(&records->arena);
    free(records->window);
    free(records);
    return code;
}
