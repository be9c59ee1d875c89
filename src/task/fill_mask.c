/* SPDX-License-Identifier: Apache-2.0 */
/* Words for [MASK]: vocabulary logits at the masked rows alone, a softmax over all of a row, its best tokens,
 * and the text with each of them in place. */
#include "task/fill_mask.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "task/heads.h"
#include "task/texts.h"
#include "task/tokenizer.h"

/* Bytes of logits that a batch may give back. */
#define LOGITS_SIZE ((uint64_t)64 << 20)

struct filled_text {
    size_t first_mask;
    size_t mask_count;
};

struct tuff_fills {
    struct filled_text *texts;
    size_t text_count;
    tuff_fill *fills;  /* (masks, top_k) */
    size_t fill_count; /* zeroed or filled */
    size_t fill_capacity;
    size_t mask_count;
    size_t top_k;
};

struct filling {
    struct tuff_model *model;
    const tuff_fill_options *options;
    const tuff_text *texts;
    tuff_fills *fills;
    const struct tuff_encoded_texts *encoded; /* of the window */
    uint32_t *asked;                          /* masked tokens of the window's texts */
    size_t asked_capacity;
    float *logits; /* (asked rows of a batch, vocabulary) */
    size_t logit_capacity;
    struct tuff_values part;
    int32_t *ids; /* of one text */
    size_t id_capacity;
};

/* ---------------------------------------------------------------- before a window runs */

/* [MASK]s that the whole text has. Those that were cut away must not be passed over in silence. */
static tuff_status count_masks(const struct filling *filling, tuff_text text, size_t *out_count) {
    const tuff_tokenizer *tokenizer = filling->model->tokenizer;
    tuff_encodings *encodings = NULL;
    TUFF_TRY(tuff_encode(tokenizer, text, NULL, NULL, &encodings));
    const tuff_encoding *encoding = tuff_encodings_get(encodings, 0);
    *out_count = 0;
    for (size_t i = 0; i < encoding->count; i++)
        *out_count += encoding->input_ids[i] == tokenizer->mask_id;
    tuff_encodings_free(encodings);
    return TUFF_OK;
}

/* Empty where the text can be used. */
static tuff_status find_problem(const struct filling *filling, tuff_text text,
                                const struct tuff_sequence *sequence, size_t found, char problem[200]) {
    size_t all = found;
    uint32_t limit = 0;
    problem[0] = '\0';
    TUFF_TRY(tuff_length_limit(filling->model, filling->options->max_length, &limit));
    if (sequence->visible_count >= limit)
        TUFF_TRY(count_masks(filling, text, &all));
    if (all == 0)
        snprintf(problem, 200, "there is no %s in it; write %s where a word is to be found",
                 tuff_token_text(filling->model->tokenizer, filling->model->tokenizer->mask_id),
                 tuff_token_text(filling->model->tokenizer, filling->model->tokenizer->mask_id));
    else if (all > found)
        snprintf(problem, 200,
                 "%zu of its %zu masked words lie beyond the %u tokens that count; shorten the text",
                 all - found, all, limit);
    return TUFF_OK;
}

/* Appends the places of a text's masks to `asked`. */
static tuff_status find_masks(struct filling *filling, const struct tuff_sequence *sequence,
                              size_t *asked_count) {
    for (uint32_t i = 0; i < sequence->visible_count; i++) {
        if (sequence->tokens[i].id != filling->model->tokenizer->mask_id)
            continue;
        TUFF_TRY(tuff_reserve(&filling->asked, &filling->asked_capacity, *asked_count + 1,
                              sizeof *filling->asked));
        filling->asked[(*asked_count)++] = i;
    }
    return TUFF_OK;
}

static tuff_status add_text(struct filling *filling, size_t index, struct tuff_sequence *sequence,
                            size_t *asked_count) {
    static const uint32_t anything = 0; /* a graph asks for one row at least */
    tuff_fills *fills = filling->fills;
    char problem[200];
    const size_t before = *asked_count;
    TUFF_TRY(find_masks(filling, sequence, asked_count));
    TUFF_TRY(find_problem(filling, filling->texts[index], sequence, *asked_count - before, problem));
    fills->texts[index].first_mask = fills->mask_count;
    if (!problem[0]) {
        fills->texts[index].mask_count = sequence->asked_count = (uint32_t)(*asked_count - before);
        fills->mask_count += sequence->asked_count;
        return TUFF_OK;
    }
    *asked_count = before;
    sequence->asked = &anything;
    sequence->asked_count = 1;
    return tuff_text_reject(filling->options->reject, filling->options->reject_user, index, problem);
}

static tuff_status reserve_fills(tuff_fills *fills) {
    size_t count = 0;
    if (!tuff_multiply(fills->mask_count, fills->top_k, &count))
        return tuff_fail(TUFF_HOST_MEMORY, "%zu words for %zu masks are too many", fills->top_k,
                         fills->mask_count);
    TUFF_TRY(tuff_reserve(&fills->fills, &fills->fill_capacity, count, sizeof *fills->fills));
    memset(fills->fills + fills->fill_count, 0, (count - fills->fill_count) * sizeof *fills->fills);
    fills->fill_count = count;
    return TUFF_OK;
}

static tuff_status prepare(void *user, size_t begin, struct tuff_encoded_texts *encoded) {
    struct filling *filling = user;
    size_t asked_count = 0;
    filling->encoded = encoded;
    for (size_t i = 0; i < encoded->count; i++)
        TUFF_TRY(add_text(filling, begin + i, &encoded->sequences[i], &asked_count));
    const uint32_t *at = filling->asked;
    for (size_t i = 0; i < encoded->count; i++) {
        if (filling->fills->texts[begin + i].mask_count == 0)
            continue;
        encoded->sequences[i].asked = at;
        at += encoded->sequences[i].asked_count;
    }
    return reserve_fills(filling->fills);
}

/* ---------------------------------------------------------------- after a batch */

/* The vocabulary may lie in several parts on the device; its rows are put together. */
static tuff_status read_logits(struct filling *filling, const struct tuff_batch_view *view) {
    const struct tuff_weights *weights = filling->model->weights;
    const size_t vocab_size = filling->model->folder.config.vocab_size;
    size_t count = 0;
    if (!tuff_multiply(view->asked_count, vocab_size, &count))
        return tuff_fail(TUFF_HOST_MEMORY, "%u masks at once are too many", view->asked_count);
    TUFF_TRY(tuff_reserve(&filling->logits, &filling->logit_capacity, count, sizeof *filling->logits));
    size_t column = 0;
    for (uint32_t part = 0; part < weights->word_part_count; part++) {
        const struct tuff_tensor *result = view->run->vocabulary[part];
        const size_t cols = result->shape.cols;
        TUFF_TRY(tuff_values_read(&filling->part, result, view->asked_count, "a score"));
        for (size_t row = 0; row < view->asked_count; row++)
            memcpy(filling->logits + row * vocab_size + column, filling->part.items + row * cols,
                   cols * sizeof(float));
        column += cols;
    }
    return TUFF_OK;
}

/* The best tokens of a row, the best first and the lower id first where two are alike. */
static void find_best(const float *logits, size_t vocab_size, tuff_fill *fills, size_t top_k) {
    size_t count = 0;
    for (size_t id = 0; id < vocab_size; id++) {
        if (count == top_k && logits[id] <= fills[count - 1].score)
            continue;
        size_t place = count < top_k ? count++ : count - 1;
        for (; place > 0 && fills[place - 1].score < logits[id]; place--)
            fills[place] = fills[place - 1];
        fills[place] = (tuff_fill){ .score = logits[id], .token = (int32_t)id };
    }
}

static void take_softmax(const float *logits, size_t vocab_size, tuff_fill *fills, size_t top_k) {
    const double largest = (double)fills[0].score;
    double sum = 0.0;
    for (size_t id = 0; id < vocab_size; id++)
        sum += exp((double)logits[id] - largest);
    for (size_t i = 0; i < top_k; i++)
        fills[i].score = (float)(exp((double)fills[i].score - largest) / sum);
}

/* The texts of one fill; `place` of the sequence is the mask. */
static tuff_status write_fill(struct filling *filling, const struct tuff_sequence *sequence, uint32_t place,
                              tuff_fill *fill) {
    const tuff_tokenizer *tokenizer = filling->model->tokenizer;
    size_t count = 0;
    size_t length = 0;
    char *text = NULL;
    TUFF_TRY(tuff_tokenizer_decode(tokenizer, &fill->token, 1, false, &text, &length));
    fill->token_str = text;
    TUFF_TRY(
        tuff_reserve(&filling->ids, &filling->id_capacity, sequence->visible_count, sizeof *filling->ids));
    for (uint32_t i = 0; i < sequence->visible_count; i++) {
        const int32_t id = i == place ? fill->token : sequence->tokens[i].id;
        if (id != tokenizer->pad_id)
            filling->ids[count++] = id;
    }
    TUFF_TRY(tuff_tokenizer_decode(tokenizer, filling->ids, count, sequence->asked_count == 1, &text,
                                   &fill->sequence_length));
    fill->sequence = text;
    return TUFF_OK;
}

static tuff_status take_mask(struct filling *filling, const float *logits,
                             const struct tuff_sequence *sequence, uint32_t place, tuff_fill *fills) {
    const size_t vocab_size = filling->model->folder.config.vocab_size;
    const size_t top_k = filling->fills->top_k;
    find_best(logits, vocab_size, fills, top_k);
    take_softmax(logits, vocab_size, fills, top_k);
    for (size_t i = 0; i < top_k; i++)
        TUFF_TRY(write_fill(filling, sequence, place, &fills[i]));
    return TUFF_OK;
}

static tuff_status take(void *user, size_t begin, const struct tuff_batch_view *view) {
    struct filling *filling = user;
    const size_t vocab_size = filling->model->folder.config.vocab_size;
    TUFF_TRY(read_logits(filling, view));
    for (uint32_t i = 0; i < view->count; i++) {
        const struct filled_text *text = &filling->fills->texts[begin + view->members[i]];
        const struct tuff_sequence *sequence = &filling->encoded->sequences[view->members[i]];
        for (size_t j = 0; j < text->mask_count; j++)
            TUFF_TRY(take_mask(filling, filling->logits + (view->first_asked[i] + j) * vocab_size, sequence,
                               sequence->asked[j],
                               filling->fills->fills + (text->first_mask + j) * filling->fills->top_k));
    }
    return TUFF_OK;
}

/* ---------------------------------------------------------------- the task */

static tuff_status check(const struct tuff_model *model, const tuff_fill_options *options) {
    const uint32_t vocab_size = model->folder.config.vocab_size;
    TUFF_TRY(tuff_need_head(model, TUFF_HEAD_MASKED_LM));
    if (options->top_k == 0 || options->top_k > vocab_size)
        return tuff_fail(TUFF_ARGUMENT,
                         "%u words for a mask were asked for; the vocabulary has %u, and one is "
                         "the least",
                         options->top_k, vocab_size);
    if (model->tokenizer && model->tokenizer->mask_id < 0)
        return tuff_fail(TUFF_UNSUPPORTED, "%s: its tokenizer has no mask token", model->folder.path);
    return TUFF_OK;
}

static tuff_status run(struct filling *filling, size_t count, tuff_text_report *out_report) {
    const uint64_t row_size = (uint64_t)filling->model->folder.config.vocab_size * sizeof(float);
    const uint64_t rows = LOGITS_SIZE / row_size;
    const struct tuff_texts work = {
        .model = filling->model,
        .texts = filling->texts,
        .count = count,
        .max_length = filling->options->max_length,
        .key = { .wants = TUFF_WANT_MASKED_LM },
        .asked_limit = rows > 0 ? (uint32_t)rows : 1,
        .prepare = prepare,
        .take = take,
        .user = filling,
        .progress = filling->options->progress,
        .progress_user = filling->options->progress_user,
    };
    const tuff_status status = tuff_texts_run(&work, out_report);
    tuff_free(filling->asked);
    tuff_free(filling->logits);
    tuff_free(filling->part.items);
    tuff_free(filling->ids);
    return status;
}

tuff_status tuff_task_fill_mask(struct tuff_model *model, const tuff_text *texts, size_t count,
                                const tuff_fill_options *options, tuff_fills **out_fills,
                                tuff_text_report *out_report) {
    struct filling filling = { .model = model, .options = options, .texts = texts };
    TUFF_TRY(check(model, options));
    TUFF_TRY(tuff_alloc(1, sizeof *filling.fills, &filling.fills));
    filling.fills->top_k = options->top_k;
    filling.fills->text_count = count;
    tuff_status status = tuff_alloc(count, sizeof *filling.fills->texts, &filling.fills->texts);
    if (status == TUFF_OK)
        status = run(&filling, count, out_report);
    if (status == TUFF_OK)
        *out_fills = filling.fills;
    else
        tuff_fills_free(filling.fills);
    return status;
}

/* ---------------------------------------------------------------- results */

size_t tuff_fills_mask_count(const tuff_fills *fills, size_t text) {
    return text < fills->text_count ? fills->texts[text].mask_count : 0;
}

const tuff_fill *tuff_fills_get(const tuff_fills *fills, size_t text, size_t mask) {
    if (mask >= tuff_fills_mask_count(fills, text))
        return NULL;
    return fills->fills + (fills->texts[text].first_mask + mask) * fills->top_k;
}

void tuff_fills_free(tuff_fills *fills) {
    if (!fills)
        return;
    for (size_t i = 0; i < fills->fill_count; i++) {
        tuff_free((char *)fills->fills[i].token_str);
        tuff_free((char *)fills->fills[i].sequence);
    }
    tuff_free(fills->fills);
    tuff_free(fills->texts);
    tuff_free(fills);
}
