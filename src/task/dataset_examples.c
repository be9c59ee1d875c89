/* SPDX-License-Identifier: Apache-2.0 */
/* Records to examples. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/unicode.h"
#include "task/dataset_reader.h"

/* NULL, or why the record cannot be used. */
static const char *find_bad_text(const struct tuff_record *record) {
    for (int field = 0; field < TUFF_FIELD_COUNT; field++)
        for (size_t i = 0; i < record->fields[field].count; i++) {
            const tuff_text text = record->fields[field].texts[i];
            if (!tuff_utf8_is_valid(text.data, text.length))
                return "is not UTF-8";
            if (text.length > INT32_MAX)
                return "has a text of more than 2 GiB";
        }
    return NULL;
}

static tuff_status join_texts(struct tuff_dataset_reader *reader, const struct tuff_record *record,
                              struct tuff_example *example) {
    const struct tuff_field_value *text = &record->fields[TUFF_FIELD_TEXT];
    const struct tuff_field_value *pair = &record->fields[TUFF_FIELD_PAIR];
    tuff_text *texts = NULL;
    TUFF_TRY(
        tuff_blocks_allocate(&reader->dataset->blocks, text->count + pair->count, sizeof *texts, &texts));
    if (text->count > 0)
        memcpy(texts, text->texts, text->count * sizeof *texts);
    if (pair->count > 0)
        memcpy(texts + text->count, pair->texts, pair->count * sizeof *texts);
    example->texts = texts;
    example->text_count = (uint32_t)(text->count + pair->count);
    return TUFF_OK;
}

static bool read_number(tuff_text text, double *out_number) {
    static const char starts[] = "+-.0123456789";
    char buffer[64], *end = NULL;
    if (text.length == 0 || text.length >= sizeof buffer || !memchr(starts, text.data[0], sizeof starts - 1))
        return false;
    memcpy(buffer, text.data, text.length);
    buffer[text.length] = '\0';
    *out_number = strtod(buffer, &end);
    return end == buffer + text.length && isfinite(*out_number);
}

/* The labels of a cell, as "joy,anger"; an empty cell has none. */
static tuff_status split_labels(struct tuff_dataset_reader *reader, tuff_text cell,
                                const tuff_text **out_labels, size_t *out_count) {
    size_t count = cell.length > 0;
    tuff_text *labels = NULL;
    for (size_t i = 0; i < cell.length; i++)
        count += cell.data[i] == ',';
    TUFF_TRY(tuff_blocks_allocate(&reader->dataset->blocks, count, sizeof *labels, &labels));
    for (size_t i = 0; i < count; i++) {
        const char *comma = memchr(cell.data, ',', cell.length);
        const size_t length = comma ? (size_t)(comma - cell.data) : cell.length;
        labels[i] = (tuff_text){ cell.data, length };
        cell.data += length + (comma != NULL);
        cell.length -= length + (comma != NULL);
    }
    *out_labels = labels;
    *out_count = count;
    return TUFF_OK;
}

/* Looks the labels up where their names are known. *out_unknown is the first that is not there, or NULL. */
static tuff_status set_labels(struct tuff_dataset_reader *reader, const tuff_text *texts, size_t count,
                              struct tuff_example *example, const tuff_text **out_unknown) {
    struct tuff_dataset *dataset = reader->dataset;
    *out_unknown = NULL;
    TUFF_TRY(tuff_blocks_allocate(&dataset->blocks, count, sizeof *example->labels, &example->labels));
    TUFF_TRY(tuff_reserve(&reader->label_texts, &reader->label_capacity, dataset->count + 1,
                          sizeof *reader->label_texts));
    reader->label_texts[dataset->count] = texts;
    example->label_count = (uint32_t)count;
    for (size_t i = 0; i < count && reader->options->labels; i++) {
        example->labels[i] = tuff_label_names_find(reader->options->labels, texts[i]);
        if (example->labels[i] < 0 && !*out_unknown)
            *out_unknown = &texts[i];
    }
    return TUFF_OK;
}

static int shown_length(tuff_text text) {
    return text.length < 100 ? (int)text.length : 100;
}

static tuff_status append(struct tuff_dataset_reader *reader, const struct tuff_example *example) {
    struct tuff_dataset *dataset = reader->dataset;
    TUFF_TRY(
        tuff_reserve(&dataset->examples, &dataset->capacity, dataset->count + 1, sizeof *dataset->examples));
    dataset->examples[dataset->count++] = *example;
    return TUFF_OK;
}

static tuff_status push_named(struct tuff_dataset_reader *reader, const struct tuff_record *record,
                              struct tuff_example *example) {
    const struct tuff_field_value *label = &record->fields[TUFF_FIELD_LABEL];
    const tuff_text *texts = label->texts, *unknown = NULL;
    size_t count = label->count;
    if (reader->options->kind == TUFF_DATASET_TAGS && label->is_there && count != example->text_count)
        return tuff_dataset_reject(reader, record->line, "has %u words, but %zu tags", example->text_count,
                                   count);
    if (reader->options->kind == TUFF_DATASET_CLASS && label->is_there && count != 1)
        return tuff_dataset_reject(reader, record->line, "has %zu labels instead of one", count);
    if (reader->options->kind == TUFF_DATASET_LABELS && count == 1 && !label->is_list)
        TUFF_TRY(split_labels(reader, label->texts[0], &texts, &count));
    for (size_t i = 0; i < count; i++)
        if (texts[i].length == 0 || memchr(texts[i].data, 0, texts[i].length))
            return tuff_dataset_reject(reader, record->line, "has a label that is empty or has a NUL");
    TUFF_TRY(set_labels(reader, texts, count, example, &unknown));
    /* A word's line is counted from its sentence's. */
    const size_t line =
        record->line +
        (unknown && reader->options->format == TUFF_DATASET_CONLL ? (size_t)(unknown - texts) : 0);
    if (unknown)
        return tuff_dataset_reject(reader, line, "the label '%.*s' is none of the model's %u",
                                   shown_length(*unknown), unknown->data, reader->options->labels->count);
    return append(reader, example);
}

static tuff_status push_number(struct tuff_dataset_reader *reader, const struct tuff_record *record,
                               struct tuff_example *example) {
    const struct tuff_field_value *label = &record->fields[TUFF_FIELD_LABEL];
    const double scale = reader->options->label_scale != 0 ? reader->options->label_scale : 1;
    double number = 0;
    if (!label->is_there)
        return append(reader, example);
    if (label->count != 1)
        return tuff_dataset_reject(reader, record->line, "has %zu numbers instead of one", label->count);
    if (!read_number(label->texts[0], &number))
        return tuff_dataset_reject(reader, record->line, "'%.*s' is not a finite number",
                                   shown_length(label->texts[0]), label->texts[0].data);
    if (reader->options->kind == TUFF_DATASET_RELEVANCE && (number < 0 || number > 1))
        return tuff_dataset_reject(reader, record->line, "the relevance %g is not between 0 and 1", number);
    example->number = (number - reader->options->label_offset) / scale;
    example->has_number = true;
    return append(reader, example);
}

static tuff_status push_choice(struct tuff_dataset_reader *reader, const struct tuff_record *record,
                               struct tuff_example *example) {
    const struct tuff_field_value *label = &record->fields[TUFF_FIELD_LABEL];
    const struct tuff_dataset *dataset = reader->dataset;
    const uint32_t count = example->text_count - 1;
    double number = 0;
    if (count < 2)
        return tuff_dataset_reject(reader, record->line, "has %u choices; two are the least", count);
    if (dataset->count > 0 && dataset->examples[0].text_count != example->text_count)
        return tuff_dataset_reject(reader, record->line, "has %u choices, but line %zu has %u", count,
                                   dataset->examples[0].line, dataset->examples[0].text_count - 1);
    if (!label->is_there)
        return append(reader, example);
    if (label->count != 1 || !read_number(label->texts[0], &number) || number < 0 || number >= count ||
        number != floor(number))
        return tuff_dataset_reject(reader, record->line, "its label must be a number from 0 to %u",
                                   count - 1);
    TUFF_TRY(tuff_blocks_allocate(&reader->dataset->blocks, 1, sizeof *example->labels, &example->labels));
    example->labels[0] = (int32_t)number;
    example->label_count = 1;
    return append(reader, example);
}

tuff_status tuff_dataset_push(struct tuff_dataset_reader *reader, const struct tuff_record *record) {
    const enum tuff_dataset_kind kind = reader->options->kind;
    const struct tuff_field_value *text = &record->fields[TUFF_FIELD_TEXT];
    struct tuff_example example = { .line = record->line };
    const char *problem = find_bad_text(record);
    reader->record_count++;
    if (problem)
        return tuff_dataset_reject(reader, record->line, "%s", problem);
    if (kind == TUFF_DATASET_TAGS ? text->count == 0 : text->count != 1)
        return tuff_dataset_reject(reader, record->line,
                                   kind == TUFF_DATASET_TAGS ? "has no word" : "has no text");
    if (kind != TUFF_DATASET_CHOICES && kind != TUFF_DATASET_TAGS &&
        record->fields[TUFF_FIELD_PAIR].count > 1)
        return tuff_dataset_reject(reader, record->line, "has a list where one text is expected");
    if (record->fields[TUFF_FIELD_ID].count > 0)
        example.id = record->fields[TUFF_FIELD_ID].texts[0];
    TUFF_TRY(join_texts(reader, record, &example));
    if (tuff_dataset_has_names(kind))
        return push_named(reader, record, &example);
    if (kind == TUFF_DATASET_NUMBER || kind == TUFF_DATASET_RELEVANCE)
        return push_number(reader, record, &example);
    if (kind == TUFF_DATASET_CHOICES)
        return push_choice(reader, record, &example);
    example.answers = record->answers;
    example.answer_count = record->answer_count;
    return append(reader, &example);
}
