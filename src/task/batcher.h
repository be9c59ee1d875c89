/* SPDX-License-Identifier: Apache-2.0 */
/* Runs any number of sequences through a model: sorted by length and packed into full batches, results handed
 * over batch by batch. Whoever calls holds the model's lock. */
#ifndef TUFF_TASK_BATCHER_H
#define TUFF_TASK_BATCHER_H

#include "model/run.h"

/* One batch that has run. */
struct tuff_batch_view {
    const struct tuff_run *run;
    const uint32_t *members;     /* which sequences, in packed order */
    const uint32_t *first_rows;  /* where each begins */
    const uint32_t *first_asked; /* its first row in the vocabulary logits */
    uint32_t count;
    uint32_t row_count;
    uint32_t asked_count;
};

struct tuff_batcher {
    struct tuff_runner *runner;
    struct tuff_run_key key;
    const struct tuff_sequence *sequences;
    size_t count;
    uint32_t group;                               /* so many sequences stay together and in order; 0: 1 */
    const struct tuff_denominators *denominators; /* where the key has losses */
    struct tuff_seed
        seed;           /* of dropout, in training: of the first batch; each further one is a pass further */
    double loss_scale;  /* in training */
    uint32_t row_limit; /* 0: the runner's */
    uint32_t asked_limit; /* 0: the row limit; what asks for more runs alone */
    uint32_t group_limit; /* 0: none */
    tuff_status (*feed)(void *user,
                        const struct tuff_batch_view *view); /* where the key is fed: before the run */
    tuff_status (*take)(void *user, const struct tuff_batch_view *view); /* after it */
    void *user;
    tuff_progress_callback progress; /* may be NULL; in sequences */
    void *progress_user;
    size_t progress_done, progress_total; /* of a larger whole */
};

tuff_status tuff_batcher_run(const struct tuff_batcher *batcher);

#endif
