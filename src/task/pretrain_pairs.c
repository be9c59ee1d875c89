/* SPDX-License-Identifier: Apache-2.0 */
#include "task/pretrain_pairs.h"

#include "base/memory.h"

/* Shares of Google's recipe. */
static const double short_share = 0.1;

struct drawing {
    struct tuff_pretrain_data *data;
    struct tuff_random *random;
    uint32_t room;   /* tokens of both texts */
    size_t document; /* that is being cut */
};

static uint32_t draw_target(const struct drawing *drawing) {
    if (tuff_random_uniform(drawing->random) < short_share)
        return 2 + tuff_random_below(drawing->random, drawing->room - 1);
    return drawing->room;
}

/* Drops tokens of the longer text, from either end, until both fit. */
static void fit(const struct drawing *drawing, struct tuff_pretrain_pair *pair) {
    while (pair->a_count + pair->b_count > drawing->room) {
        const bool is_front = tuff_random_bits(drawing->random) & 1;
        if (pair->a_count > pair->b_count) {
            pair->a += is_front;
            pair->a_count--;
        } else {
            pair->b += is_front;
            pair->b_count--;
        }
    }
}

/* The start of a text of another document, with as many tokens as fit from there on in the document. */
static void draw_other(const struct drawing *drawing, uint32_t length, struct tuff_pretrain_pair *pair) {
    const struct tuff_corpus_window *window = &drawing->data->window;
    size_t document = drawing->document;
    if (window->document_count > 1) {
        document = tuff_random_below(drawing->random, (uint32_t)(window->document_count - 1));
        document += document >= drawing->document;
    }
    const size_t first = window->documents[document], end = window->documents[document + 1];
    const size_t sentence = first + tuff_random_below(drawing->random, (uint32_t)(end - first));
    size_t last = sentence + 1;
    while (last < end && window->sentences[last] - window->sentences[sentence] < length)
        last++;
    pair->b = window->sentences[sentence];
    pair->b_count = (uint32_t)(window->sentences[last] - pair->b);
    pair->is_random = true;
}

static tuff_status append(struct drawing *drawing, struct tuff_pretrain_pair pair) {
    struct tuff_pretrain_data *data = drawing->data;
    fit(drawing, &pair);
    TUFF_TRY(tuff_reserve(&data->pairs, &data->pair_capacity, data->pair_count + 1, sizeof *data->pairs));
    data->pairs[data->pair_count++] = pair;
    return TUFF_OK;
}

/* The sentences [first, end) become a pair. Returns through *out_end where to go on: what a random second
 * text took the place of is used again. */
static tuff_status append_pair(struct drawing *drawing, size_t first, size_t end, uint32_t target,
                               size_t *out_end) {
    const size_t *sentences = drawing->data->window.sentences;
    const size_t begin = sentences[first], tokens = sentences[end] - begin;
    const size_t sentence_count = end - first;
    struct tuff_pretrain_pair pair = { .a = begin, .a_count = (uint32_t)tokens };
    *out_end = end;
    if (drawing->data->options.has_no_pairs)
        return append(drawing, pair);
    if (sentence_count > 1)
        pair.a_count =
            (uint32_t)(sentences[first + 1 +
                                 tuff_random_below(drawing->random, (uint32_t)sentence_count - 1)] -
                       begin);
    else if (tokens > 1)
        pair.a_count = 1 + tuff_random_below(drawing->random, (uint32_t)tokens - 1);
    pair.b = begin + pair.a_count;
    pair.b_count = (uint32_t)(tokens - pair.a_count);
    if (pair.b_count > 0 && tuff_random_bits(drawing->random) & 1)
        return append(drawing, pair);
    if (sentence_count > 1)
        for (*out_end = first + 1; sentences[*out_end] < pair.b;)
            ++*out_end;
    draw_other(drawing, target > pair.a_count ? target - pair.a_count : 1, &pair);
    return append(drawing, pair);
}

static tuff_status cut_document(struct drawing *drawing) {
    const struct tuff_corpus_window *window = &drawing->data->window;
    const size_t end = window->documents[drawing->document + 1];
    for (size_t first = window->documents[drawing->document]; first < end;) {
        const uint32_t target = draw_target(drawing);
        size_t last = first + 1;
        while (last < end && window->sentences[last] - window->sentences[first] < target)
            last++;
        TUFF_TRY(append_pair(drawing, first, last, target, &first));
    }
    return TUFF_OK;
}

tuff_status tuff_pretrain_draw_pairs(struct tuff_pretrain_data *data, struct tuff_random *random) {
    struct drawing drawing = { .data = data,
                               .random = random,
                               .room = data->options.length - (data->options.has_no_pairs ? 2 : 3) };
    data->pair_count = 0;
    for (; drawing.document < data->window.document_count; drawing.document++)
        TUFF_TRY(cut_document(&drawing));
    return TUFF_OK;
}
