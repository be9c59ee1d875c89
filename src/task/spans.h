/* SPDX-License-Identifier: Apache-2.0 */
/* Start and end logits of a window to the likeliest spans of its context, as transformers' pipeline for
 * question answering had them: softmax over the context and [CLS], a span's score is the product of its
 * start's and its end's probability. */
#ifndef TUFF_TASK_SPANS_H
#define TUFF_TASK_SPANS_H

#include "base/status.h"

/* Of tokens of a window, both ends included. */
struct tuff_token_span {
    size_t start, end;
    float score;
};

/* Work space that is used again and again; zeroed at first. */
struct tuff_span_search {
    size_t best_limit;    /* spans to find in a window */
    size_t longest;       /* tokens of a span */
    float *probabilities; /* of starts, then of ends */
    uint32_t *tokens;     /* that take part */
    size_t probability_capacity, token_capacity;
    struct tuff_token_span *best; /* what was found, the likeliest first */
    size_t best_count;
};

/* `rows` has a start and an end logit for each token. Fills `best`, which is empty where the window has no
 * token of the context. *out_null_score is the score of [CLS] as the answer: that there is none. */
tuff_status tuff_spans_find(struct tuff_span_search *search, const tuff_encoding *encoding, const float *rows,
                            float *out_null_score);
void tuff_spans_free(struct tuff_span_search *search);

#endif
