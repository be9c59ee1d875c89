/* SPDX-License-Identifier: Apache-2.0 */
#include "task/windowed.h"

#include <string.h>

#include "base/memory.h"
#include "task/batcher.h"
#include "task/encode.h"
#include "task/texts.h"

/* Texts are gathered until they have so many tokens or are so many; memory grows with neither. */
enum { CHUNK_TOKENS = 1 << 17, CHUNK_TEXTS = 2048 };

/* Texts that run together. */
struct chunk {
    const struct tuff_windowed *work;
    size_t begin; /* of the texts */
    size_t count;
    tuff_encodings *encodings[CHUNK_TEXTS]; /* NULL: nothing to compute */
    struct tuff_encoded_texts encoded;      /* a sequence for each window */
    size_t sequence_capacity;
    float *rows; /* (tokens, cols) */
    size_t cols;
    struct tuff_values values; /* of one batch */
};

static tuff_status add_windows(struct chunk *chunk, const tuff_encodings *encodings) {
    struct tuff_encoded_texts *encoded = &chunk->encoded;
    for (size_t i = 0; i < tuff_encodings_count(encodings); i++) {
        const tuff_encoding *encoding = tuff_encodings_get(encodings, i);
        TUFF_TRY(tuff_reserve(&encoded->sequences, &chunk->sequence_capacity, encoded->count + 1,
                              sizeof *encoded->sequences));
        if (encoding->count > chunk->work->max_length)
            return tuff_fail(TUFF_ARGUMENT, "a window of %u tokens leaves no room for the text",
                             chunk->work->max_length);
        TUFF_TRY(tuff_encoded_append(chunk->work->model, encoding, encoded));
        encoded->sequences[encoded->count++] =
            (struct tuff_sequence){ .visible_count = (uint32_t)encoding->count };
    }
    return TUFF_OK;
}

/* From the text `begin` on. */
static tuff_status gather(struct chunk *chunk) {
    const struct tuff_windowed *work = chunk->work;
    while (chunk->count < CHUNK_TEXTS && chunk->begin + chunk->count < work->count &&
           chunk->encoded.token_count < CHUNK_TOKENS) {
        tuff_encodings **encodings = &chunk->encodings[chunk->count];
        *encodings = NULL;
        TUFF_TRY(work->encode(work->user, chunk->begin + chunk->count, encodings));
        chunk->count++;
        if (*encodings)
            TUFF_TRY(add_windows(chunk, *encodings));
    }
    /* The tokens have stopped moving only now. */
    const struct tuff_row *at = chunk->encoded.tokens;
    for (size_t i = 0; i < chunk->encoded.count; i++) {
        chunk->encoded.sequences[i].tokens = at;
        at += chunk->encoded.sequences[i].visible_count;
    }
    return TUFF_OK;
}

static tuff_status take_batch(void *user, const struct tuff_batch_view *view) {
    struct chunk *chunk = user;
    const struct tuff_encoded_texts *encoded = &chunk->encoded;
    const bool is_tokens = chunk->work->want == TUFF_WANT_TOKENS;
    const struct tuff_tensor *result = is_tokens ? view->run->token_logits : view->run->span_logits;
    const size_t cols = result->shape.cols;
    if (!chunk->rows)
        TUFF_TRY(tuff_alloc(encoded->token_count, cols * sizeof *chunk->rows, &chunk->rows));
    chunk->cols = cols;
    TUFF_TRY(tuff_values_read(&chunk->values, result, view->row_count, "a token's score"));
    for (uint32_t i = 0; i < view->count; i++) {
        const struct tuff_sequence *sequence = &encoded->sequences[view->members[i]];
        const size_t first = (size_t)(sequence->tokens - encoded->tokens);
        memcpy(chunk->rows + first * cols, chunk->values.items + view->first_rows[i] * cols,
               sequence->visible_count * cols * sizeof(float));
    }
    return TUFF_OK;
}

/* Batches count windows, whoever watches counts texts. */
static bool report_progress(void *user, size_t done, size_t total) {
    const struct chunk *chunk = user;
    const struct tuff_windowed *work = chunk->work;
    const size_t texts = total ? (size_t)((double)done / (double)total * (double)chunk->count) : 0;
    return !work->progress || work->progress(work->progress_user, chunk->begin + texts, work->count);
}

static tuff_status run_chunk(struct chunk *chunk) {
    return tuff_batcher_run(&(struct tuff_batcher){
        .runner = &chunk->work->model->runner,
        .key = { .wants = chunk->work->want },
        .sequences = chunk->encoded.sequences,
        .count = chunk->encoded.count,
        .take = take_batch,
        .user = chunk,
        .progress = report_progress,
        .progress_user = chunk,
        .progress_total = chunk->encoded.count,
    });
}

static tuff_status hand_over(const struct chunk *chunk) {
    const struct tuff_windowed *work = chunk->work;
    const float *rows = chunk->rows;
    for (size_t i = 0; i < chunk->count; i++) {
        const tuff_encodings *encodings = chunk->encodings[i];
        if (!encodings)
            continue;
        const struct tuff_windows windows = { .encodings = encodings, .rows = rows, .cols = chunk->cols };
        TUFF_TRY(work->take(work->user, chunk->begin + i, &windows));
        for (size_t j = 0; j < tuff_encodings_count(encodings); j++)
            rows += tuff_encodings_get(encodings, j)->count * chunk->cols;
    }
    return TUFF_OK;
}

static void empty(struct chunk *chunk) {
    for (size_t i = 0; i < chunk->count; i++)
        tuff_encodings_free(chunk->encodings[i]);
    tuff_encoded_texts_free(&chunk->encoded);
    tuff_free(chunk->rows);
    chunk->rows = NULL;
    chunk->begin += chunk->count;
    chunk->count = chunk->sequence_capacity = 0;
}

tuff_status tuff_windowed_run(const struct tuff_windowed *work, tuff_text_report *out_report) {
    struct chunk *chunk = NULL;
    tuff_status status = TUFF_OK;
    *out_report = (tuff_text_report){ 0 };
    TUFF_TRY(tuff_alloc(1, sizeof *chunk, &chunk));
    chunk->work = work;
    while (status == TUFF_OK && chunk->begin < work->count) {
        status = gather(chunk);
        out_report->tokens += chunk->encoded.token_count;
        if (status == TUFF_OK && chunk->encoded.count > 0)
            status = run_chunk(chunk);
        if (status == TUFF_OK)
            status = hand_over(chunk);
        empty(chunk);
    }
    tuff_free(chunk->values.items);
    tuff_free(chunk);
    return status;
}
