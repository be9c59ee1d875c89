/* SPDX-License-Identifier: Apache-2.0 */
#include "task/corpus.h"

#include <string.h>

#include "base/memory.h"

/* ---------------------------------------------------------------- windows */

void tuff_corpus_window_free(struct tuff_corpus_window *window) {
    tuff_free(window->tokens);
    tuff_free(window->sentences);
    tuff_free(window->documents);
    *window = (struct tuff_corpus_window){ 0 };
}

static tuff_status mark(size_t **starts, size_t *capacity, size_t index, size_t start) {
    TUFF_TRY(tuff_reserve(starts, capacity, index + 1, sizeof **starts));
    (*starts)[index] = start;
    return TUFF_OK;
}

/* What was added since the last end is a sentence, if it is anything. */
static tuff_status end_sentence(struct tuff_corpus_window *window) {
    if (window->token_count == window->sentences[window->sentence_count])
        return TUFF_OK;
    window->sentence_count++;
    return mark(&window->sentences, &window->sentence_capacity, window->sentence_count, window->token_count);
}

static tuff_status end_document(struct tuff_corpus_window *window) {
    if (window->sentence_count == window->documents[window->document_count])
        return TUFF_OK;
    window->document_count++;
    return mark(&window->documents, &window->document_capacity, window->document_count,
                window->sentence_count);
}

static tuff_status start(struct tuff_corpus_window *window) {
    window->token_count = window->sentence_count = window->document_count = 0;
    TUFF_TRY(mark(&window->sentences, &window->sentence_capacity, 0, 0));
    return mark(&window->documents, &window->document_capacity, 0, 0);
}

static tuff_status add_sentence(const tuff_tokenizer *tokenizer, tuff_text line, size_t max_sentence,
                                struct tuff_corpus_window *window) {
    tuff_encode_options options = TUFF_ENCODE_OPTIONS;
    tuff_encodings *encodings = NULL;
    options.no_special_tokens = true;
    TUFF_TRY(tuff_encode(tokenizer, line, NULL, &options, &encodings));
    const tuff_encoding *encoding = tuff_encodings_get(encodings, 0);
    tuff_status status = tuff_reserve(&window->tokens, &window->token_capacity,
                                      window->token_count + encoding->count, sizeof *window->tokens);
    for (size_t i = 0; i < encoding->count && status == TUFF_OK; i++) {
        const bool is_cut = i > 0 && i % max_sentence == 0;
        if (is_cut)
            status = end_sentence(window);
        window->tokens[window->token_count++] = (struct tuff_corpus_token){
            .id = encoding->input_ids[i],
            .continues = !is_cut && i > 0 && encoding->words[i] == encoding->words[i - 1],
        };
    }
    tuff_encodings_free(encodings);
    return status == TUFF_OK ? end_sentence(window) : status;
}

/* ---------------------------------------------------------------- files */

void tuff_corpus_close(struct tuff_corpus *corpus) {
    tuff_file_unmap(&corpus->file);
    corpus->is_open = false;
}

static tuff_status open_file(struct tuff_corpus *corpus) {
    const char *path = corpus->paths[corpus->place.file];
    if (corpus->is_open)
        return TUFF_OK;
    TUFF_TRY(tuff_file_map(path, &corpus->file));
    corpus->is_open = true;
    if (corpus->place.offset > corpus->file.size)
        return tuff_fail(TUFF_FORMAT,
                         "%s: has %zu bytes, but the run to go on with was at %llu: it has changed", path,
                         corpus->file.size, (unsigned long long)corpus->place.offset);
    return TUFF_OK;
}

tuff_status tuff_corpus_seek(struct tuff_corpus *corpus, struct tuff_corpus_place place) {
    if (place.file != corpus->place.file)
        tuff_corpus_close(corpus);
    if (place.file > corpus->path_count)
        return tuff_fail(TUFF_FORMAT, "the run to go on with was in file %llu of a corpus that has %zu",
                         (unsigned long long)place.file, corpus->path_count);
    corpus->place = place;
    return TUFF_OK;
}

static bool is_blank(tuff_text line) {
    for (size_t i = 0; i < line.length; i++)
        if (line.data[i] != ' ' && line.data[i] != '\t' && line.data[i] != '\r')
            return false;
    return true;
}

/* Lines of the open file, until the window is full or the file ends. */
static tuff_status read_lines(struct tuff_corpus *corpus, size_t token_limit, size_t max_sentence,
                              struct tuff_corpus_window *window) {
    const size_t begin = (size_t)corpus->place.offset;
    while (window->token_count < token_limit && corpus->place.offset < corpus->file.size) {
        const size_t at = (size_t)corpus->place.offset, rest = corpus->file.size - at;
        const char *data = (const char *)corpus->file.data + at;
        const char *end = memchr(data, '\n', rest);
        const tuff_text line = { data, end ? (size_t)(end - data) : rest };
        corpus->place.offset += line.length + (end != NULL);
        if (is_blank(line))
            TUFF_TRY(end_document(window));
        else
            TUFF_TRY(add_sentence(corpus->tokenizer, line, max_sentence, window));
    }
    tuff_file_release_pages(&corpus->file, begin, (size_t)corpus->place.offset - begin);
    return TUFF_OK;
}

tuff_status tuff_corpus_read(struct tuff_corpus *corpus, size_t token_limit, size_t max_sentence,
                             struct tuff_corpus_window *window) {
    TUFF_TRY(start(window));
    while (window->token_count < token_limit && corpus->place.file < corpus->path_count) {
        TUFF_TRY(open_file(corpus));
        TUFF_TRY(read_lines(corpus, token_limit, max_sentence, window));
        if (corpus->place.offset < corpus->file.size)
            break;
        TUFF_TRY(end_document(window));
        tuff_corpus_close(corpus);
        corpus->place = (struct tuff_corpus_place){ .file = corpus->place.file + 1 };
    }
    return end_document(window);
}
