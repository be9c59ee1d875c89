/* SPDX-License-Identifier: Apache-2.0 */
/* Names of labels, and labels' texts to indices. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/unicode.h"
#include "task/dataset_reader.h"
#include "task/trie.h"

enum { LABEL_FILE_LIMIT = 16 << 20, MAX_LABELS = 1 << 16 };

void tuff_label_names_free(struct tuff_label_names *names) {
    for (uint32_t i = 0; i < names->count; i++)
        tuff_free(names->items[i]);
    tuff_free(names->items);
    *names = (struct tuff_label_names){ 0 };
}

/* A number from 0 to below the count, in its plain form. */
static int32_t read_index(tuff_text label, uint32_t count) {
    uint64_t number = 0;
    if (label.length == 0 || label.length > 9 || (label.data[0] == '0' && label.length > 1))
        return -1;
    for (size_t i = 0; i < label.length; i++) {
        if (label.data[i] < '0' || label.data[i] > '9')
            return -1;
        number = number * 10 + (uint64_t)(label.data[i] - '0');
    }
    return number < count ? (int32_t)number : -1;
}

int32_t tuff_label_names_find(const struct tuff_label_names *names, tuff_text label) {
    for (uint32_t i = 0; i < names->count; i++)
        if (strlen(names->items[i]) == label.length && memcmp(names->items[i], label.data, label.length) == 0)
            return (int32_t)i;
    return read_index(label, names->count);
}

static tuff_status append(struct tuff_label_names *names, size_t *capacity, tuff_text name) {
    TUFF_TRY(tuff_reserve(&names->items, capacity, (size_t)names->count + 1, sizeof *names->items));
    TUFF_TRY(tuff_copy_text(name.data, name.length, &names->items[names->count]));
    names->count++;
    return TUFF_OK;
}

static tuff_status read_names(const char *path, tuff_text text, struct tuff_label_names *names) {
    struct tuff_trie seen = { 0 };
    size_t capacity = 0, at = 0, line = 0, empty_line = 0;
    tuff_text name;
    tuff_status status = TUFF_OK;
    while (tuff_dataset_next_line(text, &at, &name)) {
        line++;
        if (name.length == 0 && empty_line == 0)
            empty_line = line;
        if (name.length == 0)
            continue;
        if (empty_line > 0)
            status =
                tuff_fail(TUFF_FORMAT, "%s: line %zu: is empty; each line names a label", path, empty_line);
        else if (!tuff_utf8_is_valid(name.data, name.length) || memchr(name.data, 0, name.length))
            status = tuff_fail(TUFF_FORMAT, "%s: line %zu: is not text in UTF-8", path, line);
        else if (tuff_trie_find(&seen, name.data, name.length) != TUFF_TRIE_NONE)
            status = tuff_fail(TUFF_FORMAT, "%s: line %zu: the label %.*s stands there twice", path, line,
                               (int)(name.length < 200 ? name.length : 200), name.data);
        else if (names->count == MAX_LABELS)
            status = tuff_fail(TUFF_FORMAT, "%s: has more than %d labels", path, (int)MAX_LABELS);
        if (status == TUFF_OK)
            status = tuff_trie_insert(&seen, name.data, name.length, (int32_t)names->count);
        if (status == TUFF_OK)
            status = append(names, &capacity, name);
        if (status != TUFF_OK)
            break;
    }
    tuff_trie_free(&seen);
    if (status == TUFF_OK && names->count == 0)
        status = tuff_fail(TUFF_FORMAT, "%s: has no label", path);
    return status;
}

tuff_status tuff_label_names_read(const char *path, struct tuff_label_names *out_names) {
    char *data = NULL;
    size_t size = 0;
    *out_names = (struct tuff_label_names){ 0 };
    TUFF_TRY(tuff_file_read(path, LABEL_FILE_LIMIT, &data, &size));
    const tuff_status status = read_names(path, (tuff_text){ data, size }, out_names);
    tuff_free(data);
    if (status != TUFF_OK)
        tuff_label_names_free(out_names);
    return status;
}

/* ---------------------------------------------------------------- those that a file has */

static bool is_number(tuff_text text) {
    for (size_t i = 0; i < text.length; i++)
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
    return text.length > 0 && text.length < 10;
}

/* "O" is before all others, numbers are in their order, then texts by their bytes. */
static int compare_labels(const void *a, const void *b) {
    const tuff_text left = *(const tuff_text *)a, right = *(const tuff_text *)b;
    const bool left_is_o = left.length == 1 && left.data[0] == 'O';
    const bool right_is_o = right.length == 1 && right.data[0] == 'O';
    if (left_is_o != right_is_o)
        return right_is_o - left_is_o;
    if (is_number(left) != is_number(right))
        return is_number(right) - is_number(left);
    if (is_number(left) && left.length != right.length)
        return left.length < right.length ? -1 : 1;
    const size_t common = left.length < right.length ? left.length : right.length;
    const int order = memcmp(left.data, right.data, common);
    return order != 0 ? order : (left.length > right.length) - (left.length < right.length);
}

static tuff_status gather(const struct tuff_dataset_reader *reader, struct tuff_trie *seen,
                          tuff_text **inout_texts, size_t *out_count) {
    const struct tuff_dataset *dataset = reader->dataset;
    size_t capacity = 0;
    *out_count = 0;
    for (size_t i = 0; i < dataset->count; i++)
        for (uint32_t j = 0; j < dataset->examples[i].label_count; j++) {
            const tuff_text label = reader->label_texts[i][j];
            if (tuff_trie_find(seen, label.data, label.length) != TUFF_TRIE_NONE)
                continue;
            if (*out_count == MAX_LABELS)
                return tuff_fail(TUFF_FORMAT,
                                 "%s: line %zu: has the %d-th different label; is that a column of labels?",
                                 reader->path, dataset->examples[i].line, (int)MAX_LABELS + 1);
            TUFF_TRY(tuff_reserve(inout_texts, &capacity, *out_count + 1, sizeof **inout_texts));
            (*inout_texts)[*out_count] = label;
            TUFF_TRY(tuff_trie_insert(seen, label.data, label.length, (int32_t)(*out_count)++));
        }
    return TUFF_OK;
}

static tuff_status set_indices(const struct tuff_dataset_reader *reader, struct tuff_trie *seen,
                               const tuff_text *sorted, size_t count) {
    struct tuff_dataset *dataset = reader->dataset;
    for (size_t i = 0; i < count; i++)
        TUFF_TRY(tuff_trie_insert(seen, sorted[i].data, sorted[i].length, (int32_t)i));
    for (size_t i = 0; i < dataset->count; i++)
        for (uint32_t j = 0; j < dataset->examples[i].label_count; j++) {
            const tuff_text label = reader->label_texts[i][j];
            dataset->examples[i].labels[j] = tuff_trie_find(seen, label.data, label.length);
        }
    return TUFF_OK;
}

tuff_status tuff_dataset_collect_labels(struct tuff_dataset_reader *reader) {
    struct tuff_trie seen = { 0 };
    tuff_text *texts = NULL;
    size_t count = 0, capacity = 0;
    tuff_status status = TUFF_OK;
    TUFF_TRY_GOTO(gather(reader, &seen, &texts, &count));
    if (count > 0)
        qsort(texts, count, sizeof *texts, compare_labels);
    TUFF_TRY_GOTO(set_indices(reader, &seen, texts, count));
    for (size_t i = 0; i < count; i++)
        TUFF_TRY_GOTO(append(&reader->dataset->labels, &capacity, texts[i]));
done:
    tuff_free(texts);
    tuff_trie_free(&seen);
    return status;
}

tuff_status tuff_dataset_copy_labels(struct tuff_dataset_reader *reader) {
    const struct tuff_label_names *names = reader->options->labels;
    size_t capacity = 0;
    for (uint32_t i = 0; i < names->count; i++)
        TUFF_TRY(append(&reader->dataset->labels, &capacity,
                        (tuff_text){ names->items[i], strlen(names->items[i]) }));
    return TUFF_OK;
}
