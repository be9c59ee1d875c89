/* SPDX-License-Identifier: Apache-2.0 */
/* Entities of texts: windows, probabilities of each token's labels, grouping. */
#include "task/tag.h"

#include <string.h>

#include "base/memory.h"
#include "base/unicode.h"
#include "task/encode.h"
#include "task/entities.h"
#include "task/heads.h"
#include "task/softmax.h"
#include "task/windowed.h"

/* Results of all texts. */
struct tuff_entities {
    tuff_entity *items;
    size_t count, capacity;
    size_t *ends; /* of each text's items */
    size_t text_count;
};

struct tagging {
    struct tuff_model *model;
    const tuff_text *texts;
    struct tuff_grouping grouping;
    tuff_encode_options encode;
    struct tuff_tagged_token *tokens; /* of a window */
    float *scores;                    /* of a window */
    size_t token_capacity, score_capacity;
    struct tuff_entity_list found; /* in a text */
    tuff_entities *entities;
};

/* ---------------------------------------------------------------- tokens */

static size_t count_code_points(tuff_text text) {
    size_t count = 0;
    for (size_t i = 0; i < text.length; i++)
        count += ((unsigned char)text.data[i] & 0xC0) != 0x80;
    return count;
}

/* transformers tells a continuing piece by its length, which differs from that of the text it stands for;
 * where the vocabulary marks none, by the space that is missing before it. */
static bool is_subword(const struct tuff_tokenizer *tokenizer, tuff_text text,
                       const struct tuff_tagged_token *token) {
    if (tokenizer->has_prefix)
        return count_code_points(token->word) != token->offset.end - token->offset.start;
    const uint32_t start = token->byte_offset.start;
    return token->offset.start > 0 && text.data[start - 1] != ' ' && text.data[start] != ' ';
}

static void describe_token(const struct tagging *tagging, tuff_text text, const tuff_encoding *encoding,
                           size_t index, struct tuff_tagged_token *token) {
    const struct tuff_tokenizer *tokenizer = tagging->model->tokenizer;
    const int32_t id = encoding->input_ids[index];
    const char *word = tuff_token_text(tokenizer, id);
    token->offset = encoding->offsets[index];
    token->byte_offset = encoding->byte_offsets[index];
    token->word = (tuff_text){ word, word ? strlen(word) : 0 };
    token->is_subword = is_subword(tokenizer, text, token);
    if (id == tokenizer->unknown_id) {
        token->word = (tuff_text){ text.data + token->byte_offset.start,
                                   token->byte_offset.end - token->byte_offset.start };
        token->is_subword = false;
    }
}

/* The tokens of a window that are the text's own. `first` is the window's place among the tokens of the text.
 */
static tuff_status read_window(struct tagging *tagging, tuff_text text, const tuff_encoding *encoding,
                               size_t first, const float *rows, size_t *out_count) {
    const size_t cols = tagging->grouping.label_count;
    size_t count = 0;
    TUFF_TRY(
        tuff_reserve(&tagging->tokens, &tagging->token_capacity, encoding->count, sizeof *tagging->tokens));
    TUFF_TRY(tuff_reserve(&tagging->scores, &tagging->score_capacity, encoding->count * cols,
                          sizeof *tagging->scores));
    for (size_t i = 0; i < encoding->count; i++) {
        if (encoding->sequences[i] < 0)
            continue;
        float *scores = tagging->scores + count * cols;
        memcpy(scores, rows + i * cols, cols * sizeof *scores);
        tuff_softmax(scores, cols);
        struct tuff_tagged_token *token = &tagging->tokens[count++];
        *token = (struct tuff_tagged_token){ .index = first + i, .scores = scores };
        describe_token(tagging, text, encoding, i, token);
    }
    *out_count = count;
    return TUFF_OK;
}

/* ---------------------------------------------------------------- texts */

static tuff_status encode(void *user, size_t index, tuff_encodings **out_encodings) {
    const struct tagging *tagging = user;
    return tuff_encode(tagging->model->tokenizer, tagging->texts[index], NULL, &tagging->encode,
                       out_encodings);
}

/* What was found goes into the results, which own the words from then on. */
static tuff_status keep_found(struct tagging *tagging) {
    tuff_entities *entities = tagging->entities;
    TUFF_TRY(tuff_reserve(&entities->items, &entities->capacity, entities->count + tagging->found.count,
                          sizeof *entities->items));
    for (size_t i = 0; i < tagging->found.count; i++) {
        const struct tuff_found_entity *found = &tagging->found.items[i];
        entities->items[entities->count++] = (tuff_entity){ .label = found->label,
                                                            .score = (float)found->score,
                                                            .word = found->word,
                                                            .word_length = found->word_length,
                                                            .offset = found->offset,
                                                            .byte_offset = found->byte_offset,
                                                            .index = found->index };
    }
    tagging->found.count = 0;
    return TUFF_OK;
}

static tuff_status take(void *user, size_t index, const struct tuff_windows *windows) {
    struct tagging *tagging = user;
    const size_t window_count = tuff_encodings_count(windows->encodings);
    const float *rows = windows->rows;
    size_t first = 0;
    for (size_t i = 0; i < window_count; i++) {
        const tuff_encoding *encoding = tuff_encodings_get(windows->encodings, i);
        size_t count = 0;
        TUFF_TRY(read_window(tagging, tagging->texts[index], encoding, first, rows, &count));
        TUFF_TRY(tuff_entities_group(&tagging->grouping, tagging->tokens, count, &tagging->found));
        rows += encoding->count * windows->cols;
        first += count - (count < tagging->encode.stride ? count : tagging->encode.stride);
    }
    if (window_count > 1)
        tuff_entities_resolve(&tagging->found);
    TUFF_TRY(keep_found(tagging));
    tagging->entities->ends[index] = tagging->entities->count;
    return TUFF_OK;
}

/* ---------------------------------------------------------------- the task */

static tuff_status read_options(struct tagging *tagging, const tuff_tag_options *options) {
    static const char *const outside[] = { "O" };
    const struct tuff_config *config = &tagging->model->folder.config;
    if ((unsigned)options->aggregation > TUFF_AGGREGATION_MAX)
        return tuff_fail(TUFF_ARGUMENT, "%d is no way to aggregate labels", (int)options->aggregation);
    tagging->grouping = (struct tuff_grouping){
        .aggregation = options->aggregation,
        .labels = config->labels,
        .label_count = config->num_labels,
        .ignored = options->ignored_labels ? options->ignored_labels : outside,
        .ignored_count = options->ignored_labels ? options->ignored_count : 1,
    };
    tagging->encode = (tuff_encode_options)TUFF_ENCODE_OPTIONS;
    tagging->encode.truncation = TUFF_TRUNCATE_ONLY_FIRST;
    TUFF_TRY(tuff_length_limit(tagging->model, options->max_length, &tagging->encode.max_length));
    const uint32_t length = tagging->encode.max_length;
    tagging->encode.stride = options->stride < 0 ? length / 4 : (uint32_t)options->stride;
    return TUFF_OK;
}

tuff_status tuff_task_tag(struct tuff_model *model, const tuff_text *texts, size_t count,
                          const tuff_tag_options *options, tuff_entities **out_entities,
                          tuff_text_report *out_report) {
    struct tagging tagging = { .model = model, .texts = texts };
    tuff_status status = TUFF_OK;
    *out_report = (tuff_text_report){ 0 };
    TUFF_TRY(tuff_need_head(model, TUFF_HEAD_TOKEN_CLASSIFICATION));
    TUFF_TRY(tuff_need_tokenizer(model));
    TUFF_TRY(read_options(&tagging, options));
    TUFF_TRY(tuff_alloc(1, sizeof *tagging.entities, &tagging.entities));
    tagging.entities->text_count = count;
    TUFF_TRY_GOTO(tuff_alloc(count, sizeof *tagging.entities->ends, &tagging.entities->ends));
    TUFF_TRY_GOTO(tuff_windowed_run(&(struct tuff_windowed){ .model = model,
                                                             .count = count,
                                                             .want = TUFF_WANT_TOKENS,
                                                             .max_length = tagging.encode.max_length,
                                                             .encode = encode,
                                                             .take = take,
                                                             .user = &tagging,
                                                             .progress = options->progress,
                                                             .progress_user = options->progress_user },
                                    out_report));
    *out_entities = tagging.entities;
    tagging.entities = NULL;
done:
    tuff_entities_free(tagging.entities);
    tuff_entities_clear(&tagging.found);
    tuff_free(tagging.found.items);
    tuff_free(tagging.tokens);
    tuff_free(tagging.scores);
    return status;
}

/* ---------------------------------------------------------------- results */

size_t tuff_entities_count(const tuff_entities *entities, size_t text) {
    if (text >= entities->text_count)
        return 0;
    return entities->ends[text] - (text > 0 ? entities->ends[text - 1] : 0);
}

const tuff_entity *tuff_entities_get(const tuff_entities *entities, size_t text, size_t index) {
    if (index >= tuff_entities_count(entities, text))
        return NULL;
    return &entities->items[(text > 0 ? entities->ends[text - 1] : 0) + index];
}

void tuff_entities_free(tuff_entities *entities) {
    if (!entities)
        return;
    for (size_t i = 0; i < entities->count; i++)
        tuff_free((char *)entities->items[i].word);
    tuff_free(entities->items);
    tuff_free(entities->ends);
    tuff_free(entities);
}
