/* SPDX-License-Identifier: Apache-2.0 */
#include "task/dataset.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "task/dataset_reader.h"

/* ---------------------------------------------------------------- what formats use */

bool tuff_dataset_next_line(tuff_text text, size_t *inout_at, tuff_text *out_line) {
    if (*inout_at >= text.length)
        return false;
    const char *start = text.data + *inout_at;
    const size_t rest = text.length - *inout_at;
    const char *end = memchr(start, '\n', rest);
    size_t length = end ? (size_t)(end - start) : rest;
    *inout_at += end ? length + 1 : rest;
    if (length > 0 && start[length - 1] == '\r')
        length--;
    *out_line = (tuff_text){ start, length };
    return true;
}

bool tuff_dataset_has_names(enum tuff_dataset_kind kind) {
    return kind == TUFF_DATASET_CLASS || kind == TUFF_DATASET_LABELS || kind == TUFF_DATASET_TAGS;
}

bool tuff_dataset_is_full(const struct tuff_dataset_reader *reader) {
    return reader->options->limit > 0 && reader->dataset->count >= reader->options->limit;
}

tuff_status tuff_dataset_reject(struct tuff_dataset_reader *reader, size_t line, const char *format, ...) {
    struct tuff_dataset *dataset = reader->dataset;
    const char *what = reader->options->format == TUFF_DATASET_SQUAD ? "question" : "line";
    char reason[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    if (!reader->options->skips_bad)
        return tuff_fail(TUFF_FORMAT, "%s: %s %zu: %s", reader->path, what, line, reason);
    dataset->skipped++;
    if (dataset->first_problem)
        return TUFF_OK;
    return tuff_format(&dataset->first_problem, "%s: %s %zu: %s", reader->path, what, line, reason);
}

/* ---------------------------------------------------------------- a file */

static bool ends_with(const char *name, const char *ending) {
    const size_t length = strlen(name), size = strlen(ending);
    return length >= size && strcmp(name + length - size, ending) == 0;
}

static enum tuff_dataset_format format_of(const char *path, enum tuff_dataset_kind kind) {
    static const struct {
        const char *ending;
        enum tuff_dataset_format format;
    } endings[] = {
        { ".tsv", TUFF_DATASET_TSV },      { ".csv", TUFF_DATASET_CSV },    { ".jsonl", TUFF_DATASET_JSONL },
        { ".ndjson", TUFF_DATASET_JSONL }, { ".json", TUFF_DATASET_SQUAD }, { ".conll", TUFF_DATASET_CONLL },
    };
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (ends_with(path, endings[i].ending))
            return endings[i].format;
    if (kind == TUFF_DATASET_TAGS)
        return TUFF_DATASET_CONLL;
    return kind == TUFF_DATASET_ANSWERS ? TUFF_DATASET_SQUAD : TUFF_DATASET_AUTO;
}

static tuff_status check_fit(const char *path, enum tuff_dataset_kind kind, enum tuff_dataset_format format) {
    if (format == TUFF_DATASET_AUTO)
        return tuff_fail(TUFF_ARGUMENT, "%s: its name tells no format; say which: tsv, csv or jsonl", path);
    if ((kind == TUFF_DATASET_ANSWERS) != (format == TUFF_DATASET_SQUAD))
        return tuff_fail(TUFF_ARGUMENT, "%s: %s", path,
                         kind == TUFF_DATASET_ANSWERS ? "questions with answers are read from SQuAD's JSON"
                                                      : "SQuAD's JSON holds questions with answers only");
    if ((format == TUFF_DATASET_CONLL && kind != TUFF_DATASET_TAGS) ||
        (kind == TUFF_DATASET_TAGS && format != TUFF_DATASET_CONLL && format != TUFF_DATASET_JSONL))
        return tuff_fail(TUFF_ARGUMENT, "%s: %s", path,
                         kind == TUFF_DATASET_TAGS
                             ? "words with tags are read from CoNLL columns or JSON Lines"
                             : "CoNLL columns hold words with tags only");
    return TUFF_OK;
}

static tuff_status read_format(struct tuff_dataset_reader *reader) {
    switch (reader->options->format) {
    case TUFF_DATASET_TSV:
        return tuff_dataset_read_tsv(reader);
    case TUFF_DATASET_CSV:
        return tuff_dataset_read_csv(reader);
    case TUFF_DATASET_JSONL:
        return tuff_dataset_read_jsonl(reader);
    case TUFF_DATASET_CONLL:
        return tuff_dataset_read_conll(reader);
    default:
        return tuff_dataset_read_squad(reader);
    }
}

static tuff_status check_result(const struct tuff_dataset_reader *reader) {
    const struct tuff_dataset *dataset = reader->dataset;
    if (dataset->count > 0)
        return TUFF_OK;
    if (dataset->skipped > 0)
        return tuff_fail(TUFF_FORMAT, "%s: none of its %zu records can be used; the first: %s", reader->path,
                         dataset->skipped, dataset->first_problem);
    return tuff_fail(TUFF_FORMAT, "%s: has no example", reader->path);
}

tuff_status tuff_dataset_read(const char *path, const struct tuff_dataset_options *options,
                              struct tuff_dataset *out_dataset) {
    struct tuff_dataset_options settled = *options;
    struct tuff_dataset_reader reader = { .path = path, .options = &settled, .dataset = out_dataset };
    tuff_status status = TUFF_OK;
    *out_dataset = (struct tuff_dataset){ .kind = options->kind };
    if (settled.format == TUFF_DATASET_AUTO)
        settled.format = format_of(path, settled.kind);
    TUFF_TRY_GOTO(check_fit(path, settled.kind, settled.format));
    TUFF_TRY_GOTO(tuff_file_map(path, &out_dataset->file));
    reader.text = (tuff_text){ (const char *)out_dataset->file.data, out_dataset->file.size };
    if (reader.text.length >= 3 && memcmp(reader.text.data, "\xef\xbb\xbf", 3) == 0)
        reader.text = (tuff_text){ reader.text.data + 3, reader.text.length - 3 };
    TUFF_TRY_GOTO(read_format(&reader));
    TUFF_TRY_GOTO(check_result(&reader));
    if (tuff_dataset_has_names(settled.kind))
        TUFF_TRY_GOTO(settled.labels ? tuff_dataset_copy_labels(&reader)
                                     : tuff_dataset_collect_labels(&reader));
done:
    tuff_free(reader.label_texts);
    if (status != TUFF_OK)
        tuff_dataset_free(out_dataset);
    return status;
}

void tuff_dataset_free(struct tuff_dataset *dataset) {
    tuff_free(dataset->examples);
    tuff_free(dataset->first_problem);
    tuff_label_names_free(&dataset->labels);
    tuff_blocks_free(&dataset->blocks);
    tuff_file_unmap(&dataset->file);
    *dataset = (struct tuff_dataset){ 0 };
}
