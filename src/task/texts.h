/* SPDX-License-Identifier: Apache-2.0 */
/* Any number of texts, or pairs of texts, through a model: encoded and run in windows, so that memory does
 * not grow with their number. What the tasks on texts share; whoever calls holds the model's lock. */
#ifndef TUFF_TASK_TEXTS_H
#define TUFF_TASK_TEXTS_H

#include "task/batcher.h"
#include "task/encode.h"

struct tuff_texts {
    struct tuff_model *model;
    const tuff_text *texts;
    const tuff_text *pairs; /* NULL: single texts; so is an entry whose data is NULL */
    size_t count;
    uint32_t max_length; /* 0: the model's */
    struct tuff_run_key key;
    uint32_t asked_limit; /* asked rows of a batch; 0: as many as it may have rows */
    /* The window that begins at texts[begin] is encoded; rows may be asked for. May be NULL. */
    tuff_status (*prepare)(void *user, size_t begin, struct tuff_encoded_texts *encoded);
    /* A batch has run; its members count from `begin`. */
    tuff_status (*take)(void *user, size_t begin, const struct tuff_batch_view *view);
    void *user;
    tuff_progress_callback progress; /* may be NULL */
    void *progress_user;
};

tuff_status tuff_texts_run(const struct tuff_texts *texts, tuff_text_report *out_report);

/* Floats read back from the device, kept until the next read. Zeroed at first; tuff_free(items) at the end.
 */
struct tuff_values {
    float *items;
    size_t capacity;
};

/* The first `rows` rows of a result. TUFF_NOT_FINITE names `what` where one of them is NaN or infinite. */
tuff_status tuff_values_read(struct tuff_values *values, const struct tuff_tensor *result, uint32_t rows,
                             const char *what);

/* For a text that cannot be used: asks the callback, which may be NULL, whether to go on without it; else
 * TUFF_ARGUMENT with "text N: " before the sentence. */
tuff_status tuff_text_reject(tuff_reject_callback reject, void *user, size_t index, const char *message);

#endif
