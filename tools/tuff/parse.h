/* SPDX-License-Identifier: Apache-2.0 */
/* One line to one record: columns of TSV (without quoting, as data sets have it) or keys of a JSON object.
 * What the record points to is copied into the arena. False with a reason where the line cannot be used. */
#ifndef TUFF_PARSE_H
#define TUFF_PARSE_H

#include "arena.h"
#include "records.h"

enum { REASON_SIZE = 512, NO_COLUMN = -1, MAX_LIST_COLUMNS = 64 };

/* Where a TSV's fields stand. */
struct columns {
    size_t count;                   /* that each line must have; 0: unknown, there is no header */
    long fields[RECORD_MAX_FIELDS]; /* of a list the first one */
    long id;
    long list[MAX_LIST_COLUMNS]; /* of the one field that is a list: columns of its name and a number */
    size_t list_count;
};

/* `header` is not read where the source says that there is none. */
bool columns_find(const struct record_source *source, tuff_text header, struct columns *out_columns,
                  char reason[REASON_SIZE]);

bool parse_tsv(const struct record_source *source, const struct columns *columns, tuff_text line,
               struct arena *arena, struct record *record, char reason[REASON_SIZE]);

bool parse_json(const struct record_source *source, tuff_text line, struct arena *arena,
                struct record *record, char reason[REASON_SIZE]);

/* A field with one text. */
void record_set(struct record *record, size_t field, const char *text, size_t length, struct arena *arena);

#endif
