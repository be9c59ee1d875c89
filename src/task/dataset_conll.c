/* SPDX-License-Identifier: Apache-2.0 */
/* CoNLL columns: a word a line, its columns between tabs where the line has one, else between spaces; an
 * empty line ends a sentence. Lines of -DOCSTART- are passed over. A line that is malformed spoils its
 * sentence. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "task/dataset_reader.h"

struct sentence {
    size_t line; /* of its first word */
    tuff_text *words, *tags;
    size_t count, word_capacity, tag_capacity;
    size_t bad_line; /* 0: none */
};

/* The columns that are read: from 1; 0: the last. */
struct columns {
    size_t word, tag;
    bool has_tags;
};

static bool is_separator(char c, bool has_tab) {
    return has_tab ? c == '\t' : c == ' ';
}

/* The columns of a line; those that are missing stay empty. Returns how many columns there are. */
static size_t cut(tuff_text line, const struct columns *columns, tuff_text *out_word, tuff_text *out_tag) {
    const bool has_tab = memchr(line.data, '\t', line.length) != NULL;
    size_t count = 0;
    *out_word = *out_tag = (tuff_text){ "", 0 };
    for (size_t at = 0; at < line.length;) {
        const size_t start = at;
        while (at < line.length && !is_separator(line.data[at], has_tab))
            at++;
        const tuff_text column = { line.data + start, at - start };
        at++;
        if (column.length == 0 && !has_tab)
            continue;
        count++;
        if (count == columns->word)
            *out_word = column;
        if (count == columns->tag || columns->tag == 0)
            *out_tag = column;
    }
    return count;
}

static bool is_empty(tuff_text line) {
    for (size_t i = 0; i < line.length; i++)
        if (line.data[i] != ' ' && line.data[i] != '\t')
            return false;
    return true;
}

static tuff_status add_word(struct sentence *sentence, const struct columns *columns, size_t line,
                            tuff_text text) {
    tuff_text word, tag;
    const size_t count = cut(text, columns, &word, &tag);
    if (sentence->count == 0)
        sentence->line = line;
    if ((word.length == 0 || (columns->has_tags && (tag.length == 0 || count < 2))) &&
        sentence->bad_line == 0)
        sentence->bad_line = line;
    TUFF_TRY(tuff_reserve(&sentence->words, &sentence->word_capacity, sentence->count + 1, sizeof word));
    TUFF_TRY(tuff_reserve(&sentence->tags, &sentence->tag_capacity, sentence->count + 1, sizeof tag));
    sentence->words[sentence->count] = word;
    sentence->tags[sentence->count++] = tag;
    return TUFF_OK;
}

static tuff_status keep(struct tuff_dataset_reader *reader, const tuff_text *texts, size_t count,
                        struct tuff_field_value *out_field) {
    tuff_text *copy = NULL;
    TUFF_TRY(tuff_blocks_allocate(&reader->dataset->blocks, count, sizeof *copy, &copy));
    memcpy(copy, texts, count * sizeof *copy);
    *out_field = (struct tuff_field_value){ copy, count, true, true };
    return TUFF_OK;
}

static tuff_status end_sentence(struct tuff_dataset_reader *reader, const struct columns *columns,
                                struct sentence *sentence) {
    struct tuff_record record = { .line = sentence->line };
    const size_t count = sentence->count, bad_line = sentence->bad_line;
    sentence->count = sentence->bad_line = 0;
    if (count == 0)
        return TUFF_OK;
    if (bad_line > 0)
        return tuff_dataset_reject(reader, bad_line, "has not the columns of a word and its tag");
    TUFF_TRY(keep(reader, sentence->words, count, &record.fields[TUFF_FIELD_TEXT]));
    if (columns->has_tags)
        TUFF_TRY(keep(reader, sentence->tags, count, &record.fields[TUFF_FIELD_LABEL]));
    return tuff_dataset_push(reader, &record);
}

static tuff_status read_column(const char *path, const char *text, size_t usual, size_t *out_column) {
    char *end = NULL;
    *out_column = usual;
    if (!text)
        return TUFF_OK;
    const unsigned long number = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end || number < 1 || number > 1000)
        return tuff_fail(TUFF_ARGUMENT, "%s: '%s' is no column: CoNLL's are numbers from 1", path, text);
    *out_column = number;
    return TUFF_OK;
}

static tuff_status read_sentences(struct tuff_dataset_reader *reader, const struct columns *columns,
                                  struct sentence *sentence) {
    tuff_text text;
    for (size_t at = 0, line = 1; tuff_dataset_next_line(reader->text, &at, &text); line++) {
        if (is_empty(text))
            TUFF_TRY(end_sentence(reader, columns, sentence));
        else if (text.length < 10 || memcmp(text.data, "-DOCSTART-", 10) != 0)
            TUFF_TRY(add_word(sentence, columns, line, text));
        if (tuff_dataset_is_full(reader))
            return TUFF_OK;
    }
    return end_sentence(reader, columns, sentence);
}

tuff_status tuff_dataset_read_conll(struct tuff_dataset_reader *reader) {
    const struct tuff_dataset_options *options = reader->options;
    struct columns columns = { .has_tags = !options->is_unlabelled || options->label_column };
    struct sentence sentence = { 0 };
    TUFF_TRY(read_column(reader->path, options->text_column, 1, &columns.word));
    TUFF_TRY(read_column(reader->path, options->label_column, 0, &columns.tag));
    const tuff_status status = read_sentences(reader, &columns, &sentence);
    tuff_free(sentence.words);
    tuff_free(sentence.tags);
    return status;
}
