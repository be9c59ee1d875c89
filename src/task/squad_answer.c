/* SPDX-License-Identifier: Apache-2.0 */
#include "task/squad_answer.h"

#include "base/memory.h"

/* The rows with the n largest logits of one kind (0: start, 1: end), the largest first. Returns how many. */
static uint32_t find_largest(const float *logits, uint32_t kind, uint32_t count, uint32_t n_best,
                             uint32_t *out_rows) {
    uint32_t found = 0;
    for (uint32_t row = 0; row < count; row++) {
        uint32_t place = found;
        while (place > 0 && logits[2 * out_rows[place - 1] + kind] < logits[2 * row + kind])
            place--;
        if (place == n_best)
            continue;
        found += found < n_best;
        for (uint32_t i = found - 1; i > place; i--)
            out_rows[i] = out_rows[i - 1];
        out_rows[place] = row;
    }
    return found;
}

static void offer(struct tuff_squad_best *best, const float *logits, const tuff_offset *offsets,
                  uint32_t start, uint32_t end) {
    const float score = logits[2 * start] + logits[2 * end + 1];
    if (best->is_there && score <= best->score)
        return;
    best->is_there = true;
    best->score = score;
    best->bytes = (tuff_offset){ offsets[start].start, offsets[end].end };
}

tuff_status tuff_squad_search_window(struct tuff_squad_search *search, const float *logits,
                                     const tuff_offset *offsets, uint32_t count,
                                     struct tuff_squad_best *inout_best) {
    const uint32_t n_best = search->n_best;
    TUFF_TRY(
        tuff_reserve(&search->order, &search->order_capacity, 2 * (size_t)n_best + 2, sizeof *search->order));
    uint32_t *starts = search->order, *ends = starts + n_best;
    const uint32_t start_count = find_largest(logits, 0, count, n_best, starts);
    const uint32_t end_count = find_largest(logits, 1, count, n_best, ends);
    const float null_score = count > 0 ? logits[0] + logits[1] : 0;
    if (!inout_best->has_window || null_score < inout_best->null_score)
        inout_best->null_score = null_score;
    inout_best->has_window = true;
    for (uint32_t i = 0; i < start_count; i++)
        for (uint32_t j = 0; j < end_count; j++)
            if (offsets[starts[i]].end > 0 && offsets[ends[j]].end > 0 && ends[j] >= starts[i] &&
                ends[j] - starts[i] < search->max_answer_tokens)
                offer(inout_best, logits, offsets, starts[i], ends[j]);
    return TUFF_OK;
}

void tuff_squad_search_free(struct tuff_squad_search *search) {
    tuff_free(search->order);
    *search = (struct tuff_squad_search){ 0 };
}

tuff_text tuff_squad_best_text(const struct tuff_squad_best *best, tuff_text context, bool is_version_2,
                               float null_threshold) {
    const bool is_null = is_version_2 && best->null_score - best->score > null_threshold;
    if (!best->is_there || is_null)
        return (tuff_text){ "", 0 };
    return (tuff_text){ context.data + best->bytes.start, best->bytes.end - best->bytes.start };
}
