/* SPDX-License-Identifier: Apache-2.0 */
/* Files of text to a vocab.txt. */
#include "task/vocabulary_corpus.h"

#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "task/vocabulary_train.h"

enum { MAX_WORD_LENGTH = 100, LINES_BETWEEN_REPORTS = 4096, MAX_SIZE = 1 << 24 };

struct reading {
    const tuff_vocabulary_options *options;
    struct tuff_normalizer normalizer;
    struct tuff_word_counts counts;
    size_t lines;
};

static tuff_status report(struct reading *reading) {
    const tuff_vocabulary_options *options = reading->options;
    if (reading->lines++ % LINES_BETWEEN_REPORTS != 0 || !options->progress ||
        options->progress(options->progress_user, 0, options->vocab_size))
        return TUFF_OK;
    return tuff_fail(TUFF_CANCELLED, "the reading of the corpus was cancelled");
}

/* Line by line, so that what normalisation needs stays small; pages are let go behind the reader. */
static tuff_status read_lines(struct reading *reading, const struct tuff_mapping *file) {
    const char *data = (const char *)file->data;
    size_t released = 0;
    for (size_t at = 0; at < file->size;) {
        const char *end = memchr(data + at, '\n', file->size - at);
        const size_t length = end ? (size_t)(end - data) - at : file->size - at;
        if (length > INT32_MAX / 3)
            return tuff_fail(TUFF_FORMAT, "the line at byte %zu is %zu bytes long", at, length);
        TUFF_TRY(report(reading));
        TUFF_TRY(tuff_word_counts_add(&reading->counts, &reading->normalizer,
                                      (tuff_text){ data + at, length }, MAX_WORD_LENGTH));
        at += length + (end != NULL);
        if (at - released > (size_t)16 << 20) {
            tuff_file_release_pages(file, released, at - released);
            released = at;
        }
    }
    return TUFF_OK;
}

static tuff_status read_file(struct reading *reading, const char *path) {
    struct tuff_mapping file;
    TUFF_TRY(tuff_file_map(path, &file));
    const tuff_status status = read_lines(reading, &file);
    tuff_file_unmap(&file);
    return status == TUFF_FORMAT ? tuff_fail_prefix(status, "%s", path) : status;
}

static tuff_status write_tokens(const struct tuff_vocabulary *vocabulary, const char *path) {
    char *text = NULL;
    size_t capacity = 0, size = 0;
    tuff_status status = TUFF_OK;
    for (size_t i = 0; i < vocabulary->count; i++) {
        const tuff_text token = tuff_vocabulary_token(vocabulary, (int32_t)i);
        TUFF_TRY_GOTO(tuff_reserve(&text, &capacity, size + token.length + 1, 1));
        memcpy(text + size, token.data, token.length);
        size += token.length;
        text[size++] = '\n';
    }
    status = tuff_file_replace(path, text, size);
done:
    tuff_free(text);
    return status;
}

static tuff_status train(const struct reading *reading, const char *output, size_t *out_count) {
    const struct tuff_vocabulary_training training = {
        .size = reading->options->vocab_size,
        .min_count = reading->options->min_count,
        .alphabet_limit = reading->options->alphabet_limit,
        .progress = reading->options->progress,
        .progress_user = reading->options->progress_user,
    };
    struct tuff_vocabulary vocabulary = { 0 };
    tuff_status status = tuff_vocabulary_train(&reading->counts, &training, &vocabulary);
    if (status == TUFF_OK)
        status = write_tokens(&vocabulary, output);
    *out_count = vocabulary.count;
    tuff_vocabulary_free(&vocabulary);
    return status;
}

tuff_status tuff_task_vocabulary(const char *const *paths, size_t path_count,
                                 const tuff_vocabulary_options *options, const char *output,
                                 size_t *out_count) {
    struct reading reading = { .options = options,
                               .normalizer = { .clean_text = true,
                                               .handle_chinese_chars = true,
                                               .strip_accents = !options->keeps_accents,
                                               .lowercase = !options->keeps_case } };
    tuff_status status = TUFF_OK;
    if (options->vocab_size > MAX_SIZE)
        return tuff_fail(TUFF_ARGUMENT, "a vocabulary of %u tokens; %d are the most", options->vocab_size,
                         (int)MAX_SIZE);
    for (size_t i = 0; i < path_count; i++)
        TUFF_TRY_GOTO(read_file(&reading, paths[i]));
    if (reading.counts.count == 0)
        status = tuff_fail(TUFF_FORMAT, "%s: the corpus has no word", path_count > 0 ? paths[0] : "no file");
    tuff_word_counts_sort(&reading.counts);
    if (status == TUFF_OK)
        status = train(&reading, output, out_count);
done:
    tuff_word_counts_free(&reading.counts);
    return status;
}
