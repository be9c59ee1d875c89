/* SPDX-License-Identifier: Apache-2.0 */
/* Records for the commands on text, from arguments, a file or standard input, as lines, TSV or JSON Lines, in
 * windows of bounded size: a window is worked on as a whole (sorted and packed by the library), answered in
 * order, and let go.
 *
 *     struct record_source source = { .fields = { { "text", .is_required = true } }, .field_count = 1 };
 *     const struct option options[] = { ..., RECORD_OPTIONS(source), TEXT_FIELD_OPTION(source) };
 *     struct records *records = records_open(&source, &arguments);   NULL: said already, EXIT_FAILURE
 *     struct window window;
 *     while ((code = records_read(records, &window)) == EXIT_SUCCESS && window.count > 0)
 *         ...
 *     code = records_close(records, code);
 */
#ifndef TUFF_RECORDS_H
#define TUFF_RECORDS_H

#include "options.h"
#include "output.h"

#include "tuff.h"

enum { RECORD_MAX_FIELDS = 4 };

enum record_format { FORMAT_AUTO, FORMAT_LINES, FORMAT_TSV, FORMAT_JSONL };

/* What arguments are. */
enum record_arguments {
    ARGUMENTS_EACH,  /* one record each: its first field */
    ARGUMENTS_PAIRS, /* one record for every two: its first two fields */
    ARGUMENTS_ONE    /* one record together: the first field, and all others as the list of the second */
};

/* A named place in each record. Lines have the first field only. */
struct field {
    const char *name;    /* column or key */
    bool is_required;    /* a record without it is bad */
    bool is_list;        /* JSON Lines: may be a list of strings too */
    const char *refusal; /* where not NULL: a record that has it is bad, for this reason */
};

struct record_source {
    struct field fields[RECORD_MAX_FIELDS];
    size_t field_count;
    enum record_arguments arguments;
    const char *file;    /* NULL: arguments, or standard input where there are none */
    int format;          /* FORMAT_AUTO: by the file's ending .tsv, .jsonl or .ndjson, else lines */
    const char *id_name; /* NULL: "id" where a record has it */
    bool has_no_header;  /* TSV: columns are called 1, 2, ... */
    bool skips_bad;      /* count bad records instead of stopping */
    bool skips_empty;    /* pass over empty lines; otherwise they are empty texts (never for TSV and JSON) */
    bool is_quiet;
};

struct field_value {
    const tuff_text *texts;
    size_t count; /* 0: the record has no such field */
};

struct record_id {
    tuff_text text; /* data is NULL where there is none */
    bool is_json;   /* it is a piece of JSON; otherwise text */
};

struct record {
    size_t index; /* in the input from 0, bad records counted too */
    size_t line;  /* in the input, from 1 */
    struct record_id id;
    struct field_value values[RECORD_MAX_FIELDS];
};

struct window {
    const struct record *records;
    size_t count; /* 0: the input has ended */
};

struct records;

/* NULL after a sentence on stderr. `source` and `arguments` must outlive the records. */
struct records *records_open(const struct record_source *source, const struct arguments *arguments);

/* The next window, valid until the next call. EXIT_FAILURE after a sentence, EXIT_INTERRUPTED on Ctrl-C. */
int records_read(struct records *records, struct window *out_window);

/* For a record that turns out bad later: says so with its line. Returns EXIT_SUCCESS where bad records are
 * skipped, else EXIT_FAILURE. */
#ifdef __GNUC__
__attribute__((format(printf, 3, 4)))
#endif
int records_reject(struct records *records, size_t line, const char *format, ...);

/* Frees the records. Where some were skipped, says how many and turns EXIT_SUCCESS into EXIT_FAILURE. */
int records_close(struct records *records, int code);

/* Prints ,"id":ID where there is one. */
void record_print_json_id(struct output *output, const struct record_id *id);

/* Prints the id and two spaces where there is one, for readable lines. */
void record_print_id(struct output *output, const struct record *record);

/* Prints {"index":N with ,"id":ID behind it where the record has one. */
void record_print_json_head(struct output *output, const struct record *record);

#define RECORD_OPTIONS(source)                                                                               \
    { .name = "file",                                                                                        \
      .type = OPTION_STRING,                                                                                 \
      .value_name = "FILE",                                                                                  \
      .target = &(source).file,                                                                              \
      .help = "read from FILE (- for standard input)" },                                                     \
        { .name = "format",                                                                                  \
          .type = OPTION_CHOICE,                                                                             \
          .choices = "auto|lines|tsv|jsonl",                                                                 \
          .target = &(source).format,                                                                        \
          .help = "of the input (default: by the file's ending, else lines)" },                              \
        { .name = "id-field",                                                                                \
          .type = OPTION_STRING,                                                                             \
          .value_name = "NAME",                                                                              \
          .target = &(source).id_name,                                                                       \
          .help = "column or key that is carried through (default: id, where there is one)" },               \
        { .name = "without-header",                                                                          \
          .type = OPTION_BOOLEAN,                                                                            \
          .target = &(source).has_no_header,                                                                 \
          .help = "TSV: there is no line of names; columns are called 1, 2, ..." },                          \
    {                                                                                                        \
        .name = "skip-bad", .type = OPTION_BOOLEAN, .target = &(source).skips_bad,                           \
        .help = "pass over records that cannot be used, say how many they were, and exit with 1"             \
    }

#define FIELD_OPTION(source, place, option_name, what)                                                       \
    {                                                                                                        \
        .name = option_name, .type = OPTION_STRING, .value_name = "NAME",                                    \
        .target = &(source).fields[place].name, .help = "column or key of " what                             \
    }

#endif
