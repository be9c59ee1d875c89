/* SPDX-License-Identifier: Apache-2.0 */
#include "task/pretrain_data.h"

#include <string.h>

#include "base/memory.h"
#include "task/pretrain_pairs.h"

enum { WINDOW_TOKENS = 1 << 20, MIN_LENGTH = 8, MAX_LENGTH = 1 << 14 };

/* Streams of a window's random numbers. */
enum { PAIRS, ORDER, MASKS };

/* Numbers that one sequence's masks may draw: a place in the stream for each. */
enum { NUMBERS_BITS = 18 };

/* ---------------------------------------------------------------- opening */

/* [CLS] and [SEP], whatever they are called: what the tokenizer puts around two empty texts. */
static tuff_status find_specials(struct tuff_pretrain_data *data) {
    const tuff_text empty = { "", 0 };
    const tuff_encode_options options = TUFF_ENCODE_OPTIONS;
    tuff_encodings *encodings = NULL;
    TUFF_TRY(tuff_encode(data->options.tokenizer, empty, &empty, &options, &encodings));
    const tuff_encoding *encoding = tuff_encodings_get(encodings, 0);
    const bool is_usual = encoding->count == 3 && encoding->input_ids[1] == encoding->input_ids[2];
    if (is_usual) {
        data->cls_id = encoding->input_ids[0];
        data->sep_id = encoding->input_ids[1];
    }
    tuff_encodings_free(encodings);
    return is_usual ? TUFF_OK
                    : tuff_fail(TUFF_UNSUPPORTED,
                                "the tokenizer does not make [CLS] A [SEP] B [SEP] of two texts");
}

tuff_status tuff_pretrain_data_open(const struct tuff_pretrain_options *options,
                                    struct tuff_pretrain_data *out_data) {
    const tuff_tokenizer *tokenizer = options->tokenizer;
    *out_data = (struct tuff_pretrain_data){ .options = *options };
    out_data->corpus = (struct tuff_corpus){ .tokenizer = tokenizer,
                                             .paths = options->paths,
                                             .path_count = options->path_count };
    if (out_data->options.window_tokens == 0)
        out_data->options.window_tokens = WINDOW_TOKENS;
    if (options->length < MIN_LENGTH || options->length > MAX_LENGTH)
        return tuff_fail(TUFF_ARGUMENT, "sequences of %u tokens: they must have %d to %d", options->length,
                         (int)MIN_LENGTH, (int)MAX_LENGTH);
    if (tokenizer->mask_id < 0)
        return tuff_fail(TUFF_UNSUPPORTED, "the tokenizer has no mask token");
    if (tokenizer->id_limit > options->vocab_size)
        return tuff_fail(TUFF_FORMAT, "the tokenizer has %zu tokens, but the model %u", tokenizer->id_limit,
                         options->vocab_size);
    return find_specials(out_data);
}

void tuff_pretrain_data_close(struct tuff_pretrain_data *data) {
    tuff_corpus_close(&data->corpus);
    tuff_corpus_window_free(&data->window);
    tuff_free(data->pairs);
    tuff_free(data->order);
    tuff_blocks_free(&data->blocks);
    *data = (struct tuff_pretrain_data){ 0 };
}

tuff_status tuff_pretrain_data_seek(struct tuff_pretrain_data *data,
                                    const struct tuff_pretrain_place *place) {
    data->is_loaded = false;
    data->place = *place;
    return tuff_corpus_seek(&data->corpus, place->start);
}

/* ---------------------------------------------------------------- windows */

/* Spreads what differs in one bit over all. */
static uint64_t mix(uint64_t bits) {
    bits += 0x9E3779B97F4A7C15U;
    bits = (bits ^ bits >> 30) * 0xBF58476D1CE4E5B9U;
    bits = (bits ^ bits >> 27) * 0x94D049BB133111EBU;
    return bits ^ bits >> 31;
}

static struct tuff_random random_of(const struct tuff_pretrain_data *data, uint32_t stream) {
    const struct tuff_pretrain_place *place = &data->place;
    return (struct tuff_random){ .seed = mix(mix(mix(data->options.seed) ^ place->epoch) ^ place->window),
                                 .stream = stream };
}

/* A sentence is at most half of what a sequence holds, so that a pair of neighbours fits. */
static tuff_status read_window(struct tuff_pretrain_data *data) {
    const size_t max_sentence = (data->options.length - 3) / 2;
    return tuff_corpus_read(&data->corpus, data->options.window_tokens, max_sentence, &data->window);
}

/* Behind the last window the next epoch begins. */
static tuff_status load_window(struct tuff_pretrain_data *data) {
    TUFF_TRY(read_window(data));
    if (data->window.document_count == 0) {
        const bool is_all_empty = data->place.window == 0;
        data->place = (struct tuff_pretrain_place){ .epoch = data->place.epoch + 1 };
        TUFF_TRY(tuff_corpus_seek(&data->corpus, data->place.start));
        if (!is_all_empty)
            TUFF_TRY(read_window(data));
        if (is_all_empty || data->window.document_count == 0)
            return tuff_fail(TUFF_FORMAT, "%s: the corpus has no text",
                             data->options.path_count > 0 ? data->options.paths[0] : "no file");
    }
    struct tuff_random pairs = random_of(data, PAIRS), order = random_of(data, ORDER);
    TUFF_TRY(tuff_pretrain_draw_pairs(data, &pairs));
    TUFF_TRY(tuff_resize(&data->order, data->pair_count, sizeof *data->order));
    for (size_t i = 0; i < data->pair_count; i++)
        data->order[i] = (uint32_t)i;
    tuff_random_shuffle(&order, data->order, data->pair_count);
    data->is_loaded = true;
    return TUFF_OK;
}

static void leave_window(struct tuff_pretrain_data *data) {
    data->place.window++;
    data->place.index = 0;
    data->place.start = data->corpus.place;
    data->is_loaded = false;
}

/* Makes sure that the place is that of a pair. */
static tuff_status find_pair(struct tuff_pretrain_data *data) {
    while (!data->is_loaded || data->place.index >= data->pair_count) {
        if (data->is_loaded)
            leave_window(data);
        TUFF_TRY(load_window(data));
        if (data->place.index > data->pair_count)
            return tuff_fail(TUFF_FORMAT, "the corpus is not what it was when the run began");
    }
    return TUFF_OK;
}

/* ---------------------------------------------------------------- sequences */

/* What is known of each row while a sequence is made. */
struct rows {
    struct tuff_row *items;
    bool *continues, *is_special;
    uint32_t count;
    int32_t type;
};

static void add_special(struct rows *rows, int32_t id) {
    rows->is_special[rows->count] = true;
    rows->items[rows->count] = (struct tuff_row){ id, (int32_t)rows->count, rows->type };
    rows->count++;
}

static void add_text(const struct tuff_pretrain_data *data, struct rows *rows, size_t first, uint32_t count) {
    for (size_t i = first; i < first + count; i++) {
        const struct tuff_corpus_token token = data->window.tokens[i];
        rows->continues[rows->count] = token.continues;
        rows->items[rows->count] = (struct tuff_row){ token.id, (int32_t)rows->count, rows->type };
        rows->count++;
    }
    add_special(rows, data->sep_id);
    rows->type = 1;
}

static tuff_status make_sequence(struct tuff_pretrain_data *data, const struct tuff_pretrain_pair *pair,
                                 struct tuff_random *random, struct tuff_sequence *out_sequence) {
    const uint32_t room = pair->a_count + pair->b_count + 3;
    struct tuff_targets *targets = NULL;
    uint32_t *asked = NULL, asked_count = 0;
    int32_t *labels = NULL;
    struct rows rows = { 0 };
    TUFF_TRY(tuff_blocks_allocate(&data->blocks, room, sizeof *rows.items, &rows.items));
    TUFF_TRY(tuff_blocks_allocate(&data->blocks, room, sizeof *rows.continues, &rows.continues));
    TUFF_TRY(tuff_blocks_allocate(&data->blocks, room, sizeof *rows.is_special, &rows.is_special));
    TUFF_TRY(tuff_blocks_allocate(&data->blocks, room, sizeof *asked, &asked));
    TUFF_TRY(tuff_blocks_allocate(&data->blocks, room, sizeof *labels, &labels));
    TUFF_TRY(tuff_blocks_allocate(&data->blocks, 1, sizeof *targets, &targets));
    add_special(&rows, data->cls_id);
    add_text(data, &rows, pair->a, pair->a_count);
    if (!data->options.has_no_pairs)
        add_text(data, &rows, pair->b, pair->b_count);
    TUFF_TRY(tuff_pretrain_draw_masks(&data->options, data->options.tokenizer->mask_id, random, rows.items,
                                      rows.count, rows.continues, rows.is_special, asked, labels,
                                      &asked_count));
    *targets =
        (struct tuff_targets){ .label = TUFF_IGNORED,
                               .next_sentence = data->options.has_no_pairs ? TUFF_IGNORED : pair->is_random,
                               .asked_labels = labels };
    *out_sequence = (struct tuff_sequence){ .tokens = rows.items,
                                            .visible_count = rows.count,
                                            .asked = asked,
                                            .asked_count = asked_count,
                                            .targets = targets };
    return TUFF_OK;
}

tuff_status tuff_pretrain_data_batch(struct tuff_pretrain_data *data, size_t count,
                                     struct tuff_sequence *out_sequences) {
    tuff_blocks_free(&data->blocks);
    for (size_t i = 0; i < count; i++) {
        TUFF_TRY(find_pair(data));
        struct tuff_random masks = random_of(data, MASKS);
        masks.position = data->place.index << NUMBERS_BITS;
        TUFF_TRY(
            make_sequence(data, &data->pairs[data->order[data->place.index]], &masks, &out_sequences[i]));
        data->place.index++;
    }
    return TUFF_OK;
}
