/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of any length through a head that gives a row for each token: what a window cannot hold is cut into
 * windows that overlap, and all windows of a text are handed back together. What tagging and answering share;
 * whoever calls holds the model's lock. */
#ifndef TUFF_TASK_WINDOWED_H
#define TUFF_TASK_WINDOWED_H

#include "model/run.h"
#include "task/model.h"

/* A text's windows with the head's outputs: a row of `cols` numbers for each token, those of the first window
 * first. */
struct tuff_windows {
    const tuff_encodings *encodings;
    const float *rows;
    size_t cols;
};

struct tuff_windowed {
    struct tuff_model *model;
    size_t count;        /* texts */
    uint32_t want;       /* TUFF_WANT_TOKENS or TUFF_WANT_SPANS */
    uint32_t max_length; /* that the windows were to keep to */
    /* The windows of a text; NULL where there is nothing to compute: take is then not called. */
    tuff_status (*encode)(void *user, size_t index, tuff_encodings **out_encodings);
    /* All windows of a text have run. Texts come in their order. */
    tuff_status (*take)(void *user, size_t index, const struct tuff_windows *windows);
    void *user;
    tuff_progress_callback progress; /* may be NULL; in texts */
    void *progress_user;
};

tuff_status tuff_windowed_run(const struct tuff_windowed *work, tuff_text_report *out_report);

#endif
