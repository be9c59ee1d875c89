/* SPDX-License-Identifier: Apache-2.0 */
/* Labelled files to examples. Formats, each in a file of its own:
 *
 *     dataset_table.c  TSV (a header, no quoting) and CSV (a header, RFC 4180)
 *     dataset_json.c   JSON Lines
 *     dataset_conll.c  a word a line, columns between tabs or spaces, an empty line between sentences
 *     dataset_squad.c  SQuAD v1.1 and v2.0
 *
 * What is wrong with a file as a whole is always refused: a column that is missing or stands twice, no
 * example in it, a JSON document that is malformed, a quote that never ends. What is wrong with one record is
 * refused with its line, or passed over and counted where `skips_bad` is set: a malformed line, too few or
 * too many cells, bytes that are not UTF-8, a label that the model does not know, an empty or a non-finite
 * number, a span that lies outside its context or is not the text that stands there. Empty lines of tables
 * are passed over. */
#ifndef TUFF_TASK_DATASET_H
#define TUFF_TASK_DATASET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/blocks.h"
#include "base/file.h"

/* What an example holds; see struct tuff_example. */
enum tuff_dataset_kind {
    TUFF_DATASET_CLASS,     /* a text, or a pair where the file has one, and its class */
    TUFF_DATASET_NUMBER,    /* the same and a number */
    TUFF_DATASET_LABELS,    /* the same and any number of labels */
    TUFF_DATASET_TAGS,      /* words and a tag for each */
    TUFF_DATASET_ANSWERS,   /* question, context, answers */
    TUFF_DATASET_CHOICES,   /* a context, choices, which of them is right */
    TUFF_DATASET_RELEVANCE, /* query, passage, a number from 0 to 1 */
    TUFF_DATASET_SIMILAR    /* two texts that mean the same */
};

enum tuff_dataset_format {
    TUFF_DATASET_AUTO, /* by the name: .tsv, .csv, .jsonl or .ndjson, .json (SQuAD), .conll or .txt */
    TUFF_DATASET_TSV,
    TUFF_DATASET_CSV,
    TUFF_DATASET_JSONL,
    TUFF_DATASET_CONLL,
    TUFF_DATASET_SQUAD
};

/* Names of classes or tags, in the order of the model's outputs. Zeroed: not known yet. */
struct tuff_label_names {
    char **items;
    uint32_t count;
};

/* A name a line; empty lines at the end are passed over. TUFF_FORMAT for a name that is empty or comes twice.
 */
tuff_status tuff_label_names_read(const char *path, struct tuff_label_names *out_names);
void tuff_label_names_free(struct tuff_label_names *names);
/* The label's index: by its name, else where it is a number below the count; -1 for others. */
int32_t tuff_label_names_find(const struct tuff_label_names *names, tuff_text label);

struct tuff_dataset_options {
    enum tuff_dataset_kind kind;
    enum tuff_dataset_format format;
    /* Columns or keys; NULL: the first of the usual names that the file has (dataset_columns.c). CoNLL's are
     * numbers from 1: the words are the first column and the tags the last unless given. The choices' pair
     * column may be several, with commas between them. */
    const char *text_column;
    const char *pair_column;
    const char *label_column;
    const char *id_column;
    const struct tuff_label_names *labels; /* NULL: those that the file has, in order */
    double label_scale, label_offset;      /* a number is (label - offset) / scale; a scale of 0 means 1 */
    size_t limit;                          /* examples that are read; 0: all */
    bool skips_bad;
    bool needs_pair;    /* of CLASS, NUMBER and LABELS: a single text will not do */
    bool is_unlabelled; /* labels and answers may be missing */
};

struct tuff_dataset_answer {
    tuff_text text;
    uint32_t start, end; /* code points of the context */
};

struct tuff_example {
    size_t line;  /* in the file from 1; of SQuAD the question's number */
    tuff_text id; /* data is NULL where there is none */
    /* text; text, pair; words; question, context; context, choices...; query, passage */
    const tuff_text *texts;
    uint32_t text_count;
    /* Indices of labels: the class, the right choice, a tag for each word, or the labels that hold. A count
     * of 0 where there is none. */
    int32_t *labels;
    uint32_t label_count;
    double number;
    bool has_number;
    const struct tuff_dataset_answer *answers; /* of a question that has none: count 0 */
    uint32_t answer_count;
};

struct tuff_dataset {
    enum tuff_dataset_kind kind;
    struct tuff_example *examples;
    size_t count;
    struct tuff_label_names labels; /* for kinds that have labels */
    size_t skipped;                 /* records */
    char *first_problem;            /* of those, for a warning; NULL: none */
    bool is_squad_2;                /* there may be questions without answer */

    struct tuff_blocks blocks; /* what the examples point to */
    struct tuff_mapping file;
    size_t capacity;
};

/* Free with tuff_dataset_free, which a zeroed one may meet too. Messages name file and line. */
tuff_status tuff_dataset_read(const char *path, const struct tuff_dataset_options *options,
                              struct tuff_dataset *out_dataset);
void tuff_dataset_free(struct tuff_dataset *dataset);

#endif
