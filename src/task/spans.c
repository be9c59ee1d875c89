/* SPDX-License-Identifier: Apache-2.0 */
#include "task/spans.h"

#include <string.h>

#include "base/memory.h"
#include "task/softmax.h"

/* Tokens that take part in the softmax: of the context, and [CLS] wherever it stands. */
static size_t choose_tokens(const tuff_encoding *encoding, uint32_t *tokens) {
    const bool has_cls = encoding->count > 0 && encoding->sequences[0] < 0;
    size_t count = 0;
    for (size_t i = 0; i < encoding->count; i++)
        if (encoding->sequences[i] == 1 || (has_cls && encoding->input_ids[i] == encoding->input_ids[0]))
            tokens[count++] = (uint32_t)i;
    return count;
}

static void offer(struct tuff_span_search *search, struct tuff_token_span span) {
    size_t place = search->best_count;
    while (place > 0 && search->best[place - 1].score < span.score)
        place--;
    if (place == search->best_limit)
        return;
    if (search->best_count < search->best_limit)
        search->best_count++;
    memmove(&search->best[place + 1], &search->best[place],
            (search->best_count - place - 1) * sizeof *search->best);
    search->best[place] = span;
}

/* `starts` and `ends` are probabilities of the tokens, of which the first ones may lie before the context. */
static void search_context(struct tuff_span_search *search, const tuff_encoding *encoding,
                           const float *starts, const float *ends, size_t count) {
    const uint32_t *tokens = search->tokens;
    size_t first = 0;
    while (first < count && encoding->sequences[tokens[first]] != 1)
        first++;
    for (size_t i = first; i < count; i++)
        for (size_t j = i; j < count && j - i < search->longest; j++)
            offer(search, (struct tuff_token_span){ tokens[i], tokens[j], starts[i] * ends[j] });
}

tuff_status tuff_spans_find(struct tuff_span_search *search, const tuff_encoding *encoding, const float *rows,
                            float *out_null_score) {
    TUFF_TRY(tuff_reserve(&search->tokens, &search->token_capacity, encoding->count, sizeof *search->tokens));
    TUFF_TRY(tuff_reserve(&search->probabilities, &search->probability_capacity, 2 * encoding->count,
                          sizeof *search->probabilities));
    if (!search->best)
        TUFF_TRY(tuff_alloc(search->best_limit, sizeof *search->best, &search->best));
    const size_t count = choose_tokens(encoding, search->tokens);
    float *starts = search->probabilities;
    float *ends = starts + count;
    for (size_t i = 0; i < count; i++) {
        starts[i] = rows[2 * search->tokens[i]];
        ends[i] = rows[2 * search->tokens[i] + 1];
    }
    tuff_softmax(starts, count);
    tuff_softmax(ends, count);
    *out_null_score = count > 0 && search->tokens[0] == 0 ? starts[0] * ends[0] : 0.0f;
    search->best_count = 0;
    search_context(search, encoding, starts, ends, count);
    return TUFF_OK;
}

void tuff_spans_free(struct tuff_span_search *search) {
    tuff_free(search->probabilities);
    tuff_free(search->tokens);
    tuff_free(search->best);
}
