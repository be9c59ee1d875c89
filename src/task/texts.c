/* SPDX-License-Identifier: Apache-2.0 */
#include "task/texts.h"

#include <math.h>

#include "base/memory.h"

enum { WINDOW = 2048 }; /* texts sorted by length at a time */

/* A window at work. */
struct window {
    const struct tuff_texts *texts;
    size_t begin;
};

static tuff_status take(void *user, const struct tuff_batch_view *view) {
    const struct window *window = user;
    return window->texts->take(window->texts->user, window->begin, view);
}

static tuff_status run_window(const struct tuff_texts *texts, size_t begin, size_t count,
                              tuff_text_report *report) {
    struct window window = { .texts = texts, .begin = begin };
    struct tuff_encoded_texts encoded = { 0 };
    const tuff_text *pairs = texts->pairs ? texts->pairs + begin : NULL;
    tuff_status status =
        tuff_encode_texts(texts->model, texts->texts + begin, pairs, count, texts->max_length, &encoded);
    report->truncated += encoded.truncated;
    report->tokens += encoded.token_count;
    if (status == TUFF_OK && texts->prepare)
        status = texts->prepare(texts->user, begin, &encoded);
    if (status == TUFF_OK)
        status = tuff_batcher_run(&(struct tuff_batcher){
            .runner = &texts->model->runner,
            .key = texts->key,
            .sequences = encoded.sequences,
            .count = count,
            .asked_limit = texts->asked_limit,
            .take = take,
            .user = &window,
            .progress = texts->progress,
            .progress_user = texts->progress_user,
            .progress_done = begin,
            .progress_total = texts->count,
        });
    tuff_encoded_texts_free(&encoded);
    return status;
}

tuff_status tuff_texts_run(const struct tuff_texts *texts, tuff_text_report *out_report) {
    *out_report = (tuff_text_report){ 0 };
    for (size_t begin = 0; begin < texts->count; begin += WINDOW) {
        const size_t left = texts->count - begin;
        TUFF_TRY(run_window(texts, begin, left < WINDOW ? left : WINDOW, out_report));
    }
    return TUFF_OK;
}

tuff_status tuff_values_read(struct tuff_values *values, const struct tuff_tensor *result, uint32_t rows,
                             const char *what) {
    const size_t count = (size_t)rows * result->shape.cols;
    TUFF_TRY(tuff_reserve(&values->items, &values->capacity, count, sizeof *values->items));
    tuff_run_read(result, rows, values->items);
    for (size_t i = 0; i < count; i++)
        if (!isfinite(values->items[i]))
            return tuff_fail(
                TUFF_NOT_FINITE,
                "%s is not finite although the weights are: `tuff check` tells whether the device "
                "computes right; --dtype f32 may help",
                what);
    return TUFF_OK;
}

tuff_status tuff_text_reject(tuff_reject_callback reject, void *user, size_t index, const char *message) {
    if (reject && reject(user, index, message))
        return TUFF_OK;
    return tuff_fail(TUFF_ARGUMENT, "text %zu: %s", index + 1, message);
}
