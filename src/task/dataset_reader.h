/* SPDX-License-Identifier: Apache-2.0 */
/* Between the formats and the examples: a format pushes records, dataset.c makes examples of them. */
#ifndef TUFF_TASK_DATASET_READER_H
#define TUFF_TASK_DATASET_READER_H

#include "base/json.h"
#include "task/dataset.h"

enum tuff_field { TUFF_FIELD_TEXT, TUFF_FIELD_PAIR, TUFF_FIELD_LABEL, TUFF_FIELD_ID, TUFF_FIELD_COUNT };

/* Zero or more texts; they live as long as the dataset. */
struct tuff_field_value {
    const tuff_text *texts;
    size_t count;
    bool is_there;
    bool is_list; /* of JSON: labels need no splitting */
};

struct tuff_record {
    size_t line;
    struct tuff_field_value fields[TUFF_FIELD_COUNT];
    const struct tuff_dataset_answer *answers;
    uint32_t answer_count;
};

struct tuff_dataset_reader {
    const char *path;
    const struct tuff_dataset_options *options;
    struct tuff_dataset *dataset;
    tuff_text text; /* the file's, behind a byte order mark */
    size_t record_count;
    /* The labels' texts of every example, until all are known. */
    const tuff_text **label_texts;
    size_t label_capacity;
};

/* dataset_table.c, dataset_json.c, dataset_conll.c, dataset_squad.c */
tuff_status tuff_dataset_read_tsv(struct tuff_dataset_reader *reader);
tuff_status tuff_dataset_read_csv(struct tuff_dataset_reader *reader);
tuff_status tuff_dataset_read_jsonl(struct tuff_dataset_reader *reader);
tuff_status tuff_dataset_read_conll(struct tuff_dataset_reader *reader);
tuff_status tuff_dataset_read_squad(struct tuff_dataset_reader *reader);

/* Makes an example of a record. dataset_examples.c. */
tuff_status tuff_dataset_push(struct tuff_dataset_reader *reader, const struct tuff_record *record);
/* Whether labels are texts of a list; the choices' are places. */
bool tuff_dataset_has_names(enum tuff_dataset_kind kind);
/* The limit is reached. */
bool tuff_dataset_is_full(const struct tuff_dataset_reader *reader);
/* For a record that cannot be used: TUFF_OK where it is passed over, else TUFF_FORMAT with file and line. */
tuff_status tuff_dataset_reject(struct tuff_dataset_reader *reader, size_t line, const char *format, ...)
    TUFF_PRINTF(3, 4);

/* dataset_columns.c. Names that stand for a field where none is asked for, ending with NULL; the first that a
 * file has is taken. */
const char *const *tuff_dataset_usual_names(enum tuff_dataset_kind kind, enum tuff_field field);
const char *tuff_dataset_asked_name(const struct tuff_dataset_options *options, enum tuff_field field);
/* Whether a file of this kind cannot do without the field. */
bool tuff_dataset_needs(const struct tuff_dataset_options *options, enum tuff_field field);

/* dataset_labels.c. The labels of all examples, in order, become the dataset's; or the options' do. */
tuff_status tuff_dataset_collect_labels(struct tuff_dataset_reader *reader);
tuff_status tuff_dataset_copy_labels(struct tuff_dataset_reader *reader);

/* The next line without its end ("\n" or "\r\n"); false at the end of the text. */
bool tuff_dataset_next_line(tuff_text text, size_t *inout_at, tuff_text *out_line);

#endif
