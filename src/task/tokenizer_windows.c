/* SPDX-License-Identifier: Apache-2.0 */
/* Special tokens and padding. A window takes one range of each sequence, as truncation has cut them; all
 * combinations are windows, in the order in which Hugging Face merges them. */
#include "task/tokenizer.h"

#include <string.h>

#include "base/memory.h"

/* More windows, or tokens in all of them together, are refused: two long texts combine to any number. */
#define MAX_WINDOWS ((size_t)1 << 22)
#define MAX_TOKENS ((size_t)1 << 26)

struct tuff_encodings {
    tuff_encoding *windows;
    size_t count;
    void *block;     /* the arrays of all windows */
    uint32_t *shown; /* of each token of all windows: place in texts[sequence] plus 1, or 0; NULL: all 0 */
    char *texts[2];
};

/* ---------------------------------------------------------------- windows */

/* Which range each piece of the template takes in each window: rows of piece_count. */
struct choices {
    uint32_t *rows;
    size_t count;
    size_t piece_count;
};

static size_t range_count(const struct tuff_template_piece *piece, const struct tuff_cut cuts[2]) {
    return piece->sequence < 0 ? 1 : cuts[piece->sequence].count;
}

/* False above the limit. */
static bool count_windows(const struct tuff_template *templ, const struct tuff_cut cuts[2],
                          size_t *out_count) {
    size_t count = 1;
    for (size_t i = 0; i < templ->count; i++) {
        if (!tuff_multiply(count, range_count(&templ->pieces[i], cuts), &count) || count > MAX_WINDOWS)
            return false;
    }
    *out_count = count;
    return true;
}

/* Merges one piece after the other: first what stays, then each further window so far with all ranges of the
 * piece, then the first window with the further ranges. */
static void choose(const struct tuff_template *templ, const struct tuff_cut cuts[2],
                   struct choices *choices) {
    const size_t width = choices->piece_count;
    const size_t row_size = width * sizeof *choices->rows;
    choices->count = 1;
    for (size_t piece = 0; piece < width; piece++) {
        const uint32_t ranges = (uint32_t)range_count(&templ->pieces[piece], cuts);
        const size_t old_count = choices->count;
        /* From the back: the rows of a window move behind those of the windows before it. */
        for (size_t window = old_count; window-- > 1;) {
            for (uint32_t range = ranges; range-- > 0;) {
                uint32_t *row = choices->rows + (1 + (window - 1) * ranges + range) * width;
                memmove(row, choices->rows + window * width, row_size);
                row[piece] = range;
            }
        }
        for (uint32_t range = 1; range < ranges; range++) {
            uint32_t *row = choices->rows + (1 + (old_count - 1) * ranges + range - 1) * width;
            memcpy(row, choices->rows, row_size);
            row[piece] = range;
        }
        choices->count = old_count * ranges;
    }
}

static struct tuff_range chosen_range(const struct tuff_template_piece *piece, const struct tuff_cut cuts[2],
                                      uint32_t choice) {
    if (piece->sequence < 0)
        return (struct tuff_range){ 0, piece->id_count };
    return cuts[piece->sequence].ranges[choice];
}

static size_t window_length(const struct tuff_template *templ, const struct tuff_cut cuts[2],
                            const uint32_t *row) {
    size_t length = 0;
    for (size_t i = 0; i < templ->count; i++) {
        const struct tuff_range range = chosen_range(&templ->pieces[i], cuts, row[i]);
        length += range.end - range.start;
    }
    return length;
}

/* ---------------------------------------------------------------- encodings */

/* The arrays of all windows one behind the other, while they are filled. */
struct arrays {
    int32_t *input_ids;
    int32_t *token_type_ids;
    int32_t *attention_mask;
    tuff_offset *offsets;
    tuff_offset *byte_offsets;
    int32_t *words;
    int8_t *sequences;
    uint32_t *shown; /* may be NULL */
    size_t count;
};

static tuff_status arrays_create(size_t total, bool has_shown, tuff_encodings *encodings,
                                 struct arrays *arrays) {
    enum { SIZE = 2 * sizeof(tuff_offset) + 4 * sizeof(int32_t) + sizeof(int8_t) };
    TUFF_TRY(tuff_alloc(total, SIZE, &encodings->block));
    arrays->offsets = encodings->block;
    arrays->byte_offsets = arrays->offsets + total;
    arrays->input_ids = (int32_t *)(arrays->byte_offsets + total);
    arrays->token_type_ids = arrays->input_ids + total;
    arrays->attention_mask = arrays->token_type_ids + total;
    arrays->words = arrays->attention_mask + total;
    arrays->sequences = (int8_t *)(arrays->words + total);
    if (has_shown)
        TUFF_TRY(tuff_alloc(total, sizeof *encodings->shown, &encodings->shown));
    arrays->shown = encodings->shown;
    return TUFF_OK;
}

static void add_special(struct arrays *arrays, int32_t id, int32_t type_id, int32_t attention) {
    const size_t i = arrays->count++;
    arrays->input_ids[i] = id;
    arrays->token_type_ids[i] = type_id;
    arrays->attention_mask[i] = attention;
    arrays->words[i] = -1;
    arrays->sequences[i] = -1;
}

static void add_token(struct arrays *arrays, const struct tuff_token *token, int32_t type_id, int sequence) {
    const size_t i = arrays->count++;
    arrays->input_ids[i] = token->id;
    arrays->token_type_ids[i] = type_id;
    arrays->attention_mask[i] = 1;
    arrays->offsets[i] = token->offset;
    arrays->byte_offsets[i] = token->byte_offset;
    arrays->words[i] = token->word;
    arrays->sequences[i] = (int8_t)sequence;
    if (arrays->shown)
        arrays->shown[i] = token->shown;
}

/* Hugging Face gives the template's type ids to the first range alone; the others keep 0 and 1. */
static void add_window(struct arrays *arrays, const struct tuff_template *templ,
                       const struct tuff_cut cuts[2], const uint32_t *row) {
    for (size_t i = 0; i < templ->count; i++) {
        const struct tuff_template_piece *piece = &templ->pieces[i];
        const struct tuff_range range = chosen_range(piece, cuts, row[i]);
        const int32_t type_id = piece->sequence < 0 || row[i] == 0 ? piece->type_id : piece->sequence;
        for (size_t j = range.start; j < range.end; j++) {
            if (piece->sequence < 0)
                add_special(arrays, piece->ids[j], type_id, 1);
            else
                add_token(arrays, &cuts[piece->sequence].list->items[j], type_id, piece->sequence);
        }
    }
}

/* What windows are padded to, which the first one decides. */
static tuff_status pad_target(const tuff_tokenizer *tokenizer, const tuff_encode_options *options,
                              size_t length, size_t *out_target) {
    *out_target = 0;
    if (options->pad_length == 0 && options->pad_multiple == 0)
        return TUFF_OK;
    if (tokenizer->pad_id < 0)
        return tuff_fail(TUFF_ARGUMENT, "the tokenizer has no padding token");
    size_t target = options->pad_length ? options->pad_length : length;
    if (options->pad_multiple > 0 && target % options->pad_multiple > 0)
        target += options->pad_multiple - target % options->pad_multiple;
    *out_target = target;
    return TUFF_OK;
}

static void fill(const tuff_tokenizer *tokenizer, const struct tuff_template *templ,
                 const struct tuff_cut cuts[2], const struct choices *choices, size_t target, bool pad_left,
                 struct arrays *arrays, tuff_encodings *encodings) {
    for (size_t window = 0; window < choices->count; window++) {
        const uint32_t *row = choices->rows + window * choices->piece_count;
        const size_t first = arrays->count;
        const size_t length = window_length(templ, cuts, row);
        const size_t padding = target > length ? target - length : 0;
        for (size_t i = 0; pad_left && i < padding; i++)
            add_special(arrays, tokenizer->pad_id, tokenizer->pad_type_id, 0);
        add_window(arrays, templ, cuts, row);
        for (size_t i = 0; !pad_left && i < padding; i++)
            add_special(arrays, tokenizer->pad_id, tokenizer->pad_type_id, 0);
        encodings->windows[window] = (tuff_encoding){
            .count = length + padding,
            .input_ids = arrays->input_ids + first,
            .token_type_ids = arrays->token_type_ids + first,
            .attention_mask = arrays->attention_mask + first,
            .offsets = arrays->offsets + first,
            .byte_offsets = arrays->byte_offsets + first,
            .words = arrays->words + first,
            .sequences = arrays->sequences + first,
        };
    }
}

static tuff_status assemble(const tuff_tokenizer *tokenizer, const struct tuff_template *templ,
                            const struct tuff_cut cuts[2], const tuff_encode_options *options,
                            struct choices *choices, tuff_encodings *encodings) {
    size_t count = 0;
    if (!count_windows(templ, cuts, &count))
        return tuff_fail(TUFF_ARGUMENT, "the texts make more than %zu windows", MAX_WINDOWS);
    choices->piece_count = templ->count;
    TUFF_TRY(tuff_alloc(count, templ->count * sizeof *choices->rows, &choices->rows));
    choose(templ, cuts, choices);

    size_t target = 0;
    TUFF_TRY(pad_target(tokenizer, options, window_length(templ, cuts, choices->rows), &target));
    size_t total = 0;
    for (size_t window = 0; window < count; window++) {
        const size_t length = window_length(templ, cuts, choices->rows + window * templ->count);
        total += length > target ? length : target;
        if (total > MAX_TOKENS)
            return tuff_fail(TUFF_ARGUMENT, "the texts make %zu windows with more than %zu tokens together",
                             count, MAX_TOKENS);
    }
    const bool has_shown = cuts[0].list->texts_size > 0 || (cuts[1].list && cuts[1].list->texts_size > 0);
    struct arrays arrays = { 0 };
    TUFF_TRY(arrays_create(total, has_shown, encodings, &arrays));
    TUFF_TRY(tuff_alloc(count, sizeof *encodings->windows, &encodings->windows));
    encodings->count = count;
    fill(tokenizer, templ, cuts, choices, target, options->pad_left, &arrays, encodings);
    return TUFF_OK;
}

/* The template without its special tokens; shares the ids. */
static tuff_status leave_special_away(const struct tuff_template *templ, struct tuff_template *out) {
    TUFF_TRY(tuff_alloc(templ->count, sizeof *out->pieces, &out->pieces));
    for (size_t i = 0; i < templ->count; i++) {
        if (templ->pieces[i].sequence >= 0)
            out->pieces[out->count++] = templ->pieces[i];
    }
    return TUFF_OK;
}

tuff_status tuff_windows_create(const tuff_tokenizer *tokenizer, struct tuff_token_list *text,
                                struct tuff_token_list *pair, const tuff_encode_options *options,
                                tuff_encodings **out_encodings) {
    tuff_status status = TUFF_OK;
    struct tuff_cut cuts[2] = { { .list = text }, { .list = pair } };
    struct choices choices = { 0 };
    struct tuff_template plain = { 0 };
    const struct tuff_template *templ = pair ? &tokenizer->pair : &tokenizer->single;
    tuff_encodings *encodings = NULL;
    TUFF_TRY_GOTO(tuff_alloc(1, sizeof *encodings, &encodings));
    TUFF_TRY_GOTO(tuff_truncate(tokenizer, templ, options, pair != NULL, cuts));
    if (options->no_special_tokens) {
        TUFF_TRY_GOTO(leave_special_away(templ, &plain));
        templ = &plain;
    }
    TUFF_TRY_GOTO(assemble(tokenizer, templ, cuts, options, &choices, encodings));
    for (int sequence = 0; sequence < 2 && encodings->shown && cuts[sequence].list; sequence++) {
        struct tuff_token_list *list = sequence == 0 ? text : pair;
        encodings->texts[sequence] = list->texts;
        list->texts = NULL;
    }
    *out_encodings = encodings;
    encodings = NULL;
done:
    tuff_encodings_free(encodings);
    tuff_free(plain.pieces);
    tuff_free(choices.rows);
    tuff_free(cuts[0].ranges);
    tuff_free(cuts[1].ranges);
    return status;
}

size_t tuff_encodings_count(const tuff_encodings *encodings) {
    return encodings->count;
}

const tuff_encoding *tuff_encodings_get(const tuff_encodings *encodings, size_t index) {
    return index < encodings->count ? &encodings->windows[index] : NULL;
}

const char *tuff_encodings_token(const tuff_encodings *encodings, const tuff_tokenizer *tokenizer,
                                 size_t window, size_t index) {
    const tuff_encoding *encoding = tuff_encodings_get(encodings, window);
    if (!encoding || index >= encoding->count)
        return NULL;
    const int32_t id = encoding->input_ids[index];
    const int sequence = encoding->sequences[index];
    if (sequence < 0)
        return tuff_token_text(tokenizer, id);
    const size_t place = (size_t)(encoding->input_ids - encodings->windows[0].input_ids) + index;
    if (encodings->shown && encodings->shown[place] > 0)
        return encodings->texts[sequence] + encodings->shown[place] - 1;
    return tuff_vocabulary_token(&tokenizer->vocabulary, id).data;
}

void tuff_encodings_free(tuff_encodings *encodings) {
    if (!encodings)
        return;
    tuff_free(encodings->windows);
    tuff_free(encodings->block);
    tuff_free(encodings->shown);
    tuff_free(encodings->texts[0]);
    tuff_free(encodings->texts[1]);
    tuff_free(encodings);
}
