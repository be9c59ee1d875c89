/* SPDX-License-Identifier: Apache-2.0 */
/* Answers for SQuAD's figures from start and end logits over windows, as transformers' run_qa picks them: of
 * each window the n best starts and ends, the pair with the largest sum of logits over all windows. (tuff
 * answer ranks by probabilities instead: see task/spans.h.) */
#ifndef TUFF_TASK_SQUAD_ANSWER_H
#define TUFF_TASK_SQUAD_ANSWER_H

#include <stdbool.h>

#include "base/status.h"

struct tuff_squad_search {
    uint32_t n_best; /* starts and ends of a window that are looked at */
    uint32_t max_answer_tokens;
    uint32_t *order; /* work space, zeroed at first */
    size_t order_capacity;
};

/* Zeroed before a question's first window. */
struct tuff_squad_best {
    bool is_there;
    tuff_offset bytes; /* of the context */
    float score;       /* sum of the two logits */
    bool has_window;
    float null_score; /* that there is no answer: the least sum of [CLS]'s logits over the windows */
};

/* Looks at a window of `count` rows: `logits` has a start and an end for each, `offsets` its bytes of the
 * context, an end of 0 where it is none. */
tuff_status tuff_squad_search_window(struct tuff_squad_search *search, const float *logits,
                                     const tuff_offset *offsets, uint32_t count,
                                     struct tuff_squad_best *inout_best);
void tuff_squad_search_free(struct tuff_squad_search *search);

/* The text to hand in: empty where there is none, and, for SQuAD 2.0, where no answer is better by more than
 * the threshold. */
tuff_text tuff_squad_best_text(const struct tuff_squad_best *best, tuff_text context, bool is_version_2,
                               float null_threshold);

#endif
