/* SPDX-License-Identifier: Apache-2.0 */
#include "task/vocabulary_train.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/unicode.h"
#include "task/pair_counts.h"

static const char *const specials[] = { "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]" };
static const char prefix[] = "##";
enum { PREFIX_LENGTH = 2, CODE_POINTS = 0x110000, PROGRESS_STEPS = 64 };

/* A word's pieces: [start, start + length) of the trainer's. */
struct word {
    size_t start;
    uint32_t length;
};

struct trainer {
    const struct tuff_word_counts *counts;
    const struct tuff_vocabulary_training *training;
    struct tuff_vocabulary *vocabulary;
    struct tuff_blocks texts;
    tuff_text *tokens; /* by id */
    size_t token_count, token_capacity;
    int32_t *pieces;
    struct word *words; /* one for each of the counts */
    struct tuff_pair_counts pairs;
    char *joined; /* work space */
    size_t joined_capacity;
};

/* The id of a token, which is added where it is new. */
static tuff_status add_token(struct trainer *trainer, const char *text, size_t length, int32_t *out_id) {
    *out_id = tuff_vocabulary_id(trainer->vocabulary, (tuff_text){ text, length });
    if (*out_id >= 0)
        return TUFF_OK;
    TUFF_TRY(tuff_reserve(&trainer->tokens, &trainer->token_capacity, trainer->token_count + 1,
                          sizeof *trainer->tokens));
    TUFF_TRY(tuff_blocks_copy(&trainer->texts, text, length, &trainer->tokens[trainer->token_count]));
    *out_id = (int32_t)trainer->token_count++;
    return tuff_vocabulary_add(trainer->vocabulary, (tuff_text){ text, length }, *out_id);
}

/* ---------------------------------------------------------------- the alphabet */

struct character {
    uint32_t code_point;
    uint64_t count;
};

static int compare_counts(const void *a, const void *b) {
    const struct character *left = a, *right = b;
    if (left->count != right->count)
        return left->count < right->count ? 1 : -1;
    return (left->code_point > right->code_point) - (left->code_point < right->code_point);
}

static int compare_code_points(const void *a, const void *b) {
    const struct character *left = a, *right = b;
    return (left->code_point > right->code_point) - (left->code_point < right->code_point);
}

/* How often each character occurs, and whether it ever goes on a word. */
static void count_characters(const struct tuff_word_counts *counts, uint64_t *out_counts,
                             bool *out_continues) {
    for (size_t i = 0; i < counts->count; i++) {
        const tuff_text word = counts->items[i].word;
        for (size_t at = 0; at < word.length;) {
            const bool is_first = at == 0;
            uint32_t c;
            at += tuff_utf8_decode(word.data + at, word.length - at, &c, NULL);
            out_counts[c] += counts->items[i].count;
            out_continues[c] = out_continues[c] || !is_first;
        }
    }
}

static tuff_status add_character(struct trainer *trainer, uint32_t code_point, bool continues) {
    char text[PREFIX_LENGTH + 4];
    int32_t id;
    memcpy(text, prefix, PREFIX_LENGTH);
    const size_t length = tuff_utf8_encode(code_point, text + PREFIX_LENGTH);
    return continues ? add_token(trainer, text, PREFIX_LENGTH + length, &id)
                     : add_token(trainer, text + PREFIX_LENGTH, length, &id);
}

static tuff_status add_alphabet(struct trainer *trainer, const uint64_t *counts, const bool *continues,
                                struct character *characters) {
    const uint32_t limit = trainer->training->alphabet_limit;
    size_t count = 0;
    for (uint32_t c = 0; c < CODE_POINTS; c++)
        if (counts[c] > 0)
            characters[count++] = (struct character){ c, counts[c] };
    if (count > 0)
        qsort(characters, count, sizeof *characters, compare_counts);
    if (count > limit)
        count = limit;
    if (count > 0)
        qsort(characters, count, sizeof *characters, compare_code_points);
    for (size_t i = 0; i < count; i++)
        TUFF_TRY(add_character(trainer, characters[i].code_point, false));
    for (size_t i = 0; i < count; i++)
        if (continues[characters[i].code_point])
            TUFF_TRY(add_character(trainer, characters[i].code_point, true));
    if (trainer->token_count > trainer->training->size)
        return tuff_fail(
            TUFF_ARGUMENT,
            "a vocabulary of %u tokens does not hold the %zu characters alone: ask for %zu or more, or "
            "for a smaller alphabet",
            trainer->training->size, count, trainer->token_count);
    return TUFF_OK;
}

static tuff_status make_alphabet(struct trainer *trainer) {
    uint64_t *counts = NULL;
    bool *continues = NULL;
    struct character *characters = NULL;
    tuff_status status = TUFF_OK;
    TUFF_TRY_GOTO(tuff_alloc(CODE_POINTS, sizeof *counts, &counts));
    TUFF_TRY_GOTO(tuff_alloc(CODE_POINTS, sizeof *continues, &continues));
    TUFF_TRY_GOTO(tuff_alloc(CODE_POINTS, sizeof *characters, &characters));
    count_characters(trainer->counts, counts, continues);
    status = add_alphabet(trainer, counts, continues, characters);
done:
    tuff_free(counts);
    tuff_free(continues);
    tuff_free(characters);
    return status;
}

/* ---------------------------------------------------------------- words in pieces */

/* The characters of a word that are in the alphabet. */
static uint32_t cut_word(const struct trainer *trainer, tuff_text word, int32_t *out_pieces) {
    char text[PREFIX_LENGTH + 4];
    uint32_t count = 0;
    memcpy(text, prefix, PREFIX_LENGTH);
    for (size_t at = 0; at < word.length;) {
        uint32_t c;
        const size_t length = tuff_utf8_decode(word.data + at, word.length - at, &c, NULL);
        const size_t skipped = at == 0 ? PREFIX_LENGTH : 0;
        memcpy(text + PREFIX_LENGTH, word.data + at, length);
        at += length;
        const int32_t id = tuff_vocabulary_id(
            trainer->vocabulary, (tuff_text){ text + skipped, PREFIX_LENGTH + length - skipped });
        if (id >= 0)
            out_pieces[count++] = id;
    }
    return count;
}

static tuff_status cut_words(struct trainer *trainer) {
    const struct tuff_word_counts *counts = trainer->counts;
    size_t bytes = 0, used = 0;
    for (size_t i = 0; i < counts->count; i++)
        bytes += counts->items[i].word.length;
    TUFF_TRY(tuff_alloc(bytes, sizeof *trainer->pieces, &trainer->pieces));
    TUFF_TRY(tuff_alloc(counts->count, sizeof *trainer->words, &trainer->words));
    for (size_t i = 0; i < counts->count; i++) {
        struct word *word = &trainer->words[i];
        word->start = used;
        word->length = cut_word(trainer, counts->items[i].word, trainer->pieces + used);
        used += word->length;
        for (uint32_t j = 0; j + 1 < word->length; j++)
            TUFF_TRY(tuff_pair_counts_change(&trainer->pairs, trainer->pieces[word->start + j],
                                             trainer->pieces[word->start + j + 1],
                                             (int64_t)counts->items[i].count, (uint32_t)i));
    }
    return tuff_pair_counts_settle(&trainer->pairs);
}

/* ---------------------------------------------------------------- merging */

/* "ab" and "##c" become "abc". */
static tuff_status join(struct trainer *trainer, const struct tuff_pair *pair, int32_t *out_id) {
    const tuff_text left = trainer->tokens[pair->left];
    const tuff_text right = trainer->tokens[pair->right];
    const size_t length = left.length + right.length - PREFIX_LENGTH;
    TUFF_TRY(tuff_reserve(&trainer->joined, &trainer->joined_capacity, length, 1));
    memcpy(trainer->joined, left.data, left.length);
    memcpy(trainer->joined + left.length, right.data + PREFIX_LENGTH, right.length - PREFIX_LENGTH);
    return add_token(trainer, trainer->joined, length, out_id);
}

/* Merges the pair wherever it stands in a word; neighbours lose their old pairs and get new ones. */
static tuff_status merge_word(struct trainer *trainer, uint32_t index, int32_t left, int32_t right,
                              int32_t joined) {
    struct word *word = &trainer->words[index];
    struct tuff_pair_counts *pairs = &trainer->pairs;
    int32_t *pieces = trainer->pieces + word->start;
    const int64_t count = (int64_t)trainer->counts->items[index].count;
    for (uint32_t i = 0; i + 1 < word->length; i++) {
        if (pieces[i] != left || pieces[i + 1] != right)
            continue;
        const bool has_next = i + 2 < word->length;
        if (i > 0) {
            TUFF_TRY(tuff_pair_counts_change(pairs, pieces[i - 1], left, -count, index));
            TUFF_TRY(tuff_pair_counts_change(pairs, pieces[i - 1], joined, count, index));
        }
        if (has_next) {
            TUFF_TRY(tuff_pair_counts_change(pairs, right, pieces[i + 2], -count, index));
            TUFF_TRY(tuff_pair_counts_change(pairs, joined, pieces[i + 2], count, index));
        }
        pieces[i] = joined;
        memmove(&pieces[i + 1], &pieces[i + 2], (word->length - i - 2) * sizeof *pieces);
        word->length--;
    }
    return TUFF_OK;
}

static tuff_status merge(struct trainer *trainer, struct tuff_pair *pair) {
    const int32_t left = pair->left, right = pair->right;
    uint32_t *words = pair->words;
    const size_t word_count = pair->word_count;
    int32_t joined = 0;
    tuff_status status = TUFF_OK;
    /* The pairs may move while words change theirs. */
    pair->words = NULL;
    pair->word_count = pair->word_capacity = 0;
    pair->count = 0;
    TUFF_TRY_GOTO(join(trainer, pair, &joined));
    for (size_t i = 0; i < word_count; i++)
        TUFF_TRY_GOTO(merge_word(trainer, words[i], left, right, joined));
    TUFF_TRY_GOTO(tuff_pair_counts_settle(&trainer->pairs));
done:
    tuff_free(words);
    return status;
}

static tuff_status merge_pairs(struct trainer *trainer) {
    const struct tuff_vocabulary_training *training = trainer->training;
    for (size_t step = 0; trainer->token_count < training->size; step++) {
        struct tuff_pair *pair = NULL;
        TUFF_TRY(tuff_pair_counts_take(&trainer->pairs, &pair));
        if (!pair || (uint64_t)pair->count < training->min_count)
            return TUFF_OK;
        TUFF_TRY(merge(trainer, pair));
        if (training->progress && step % PROGRESS_STEPS == 0 &&
            !training->progress(training->progress_user, trainer->token_count, training->size))
            return tuff_fail(TUFF_CANCELLED, "the training of the vocabulary was cancelled");
    }
    return TUFF_OK;
}

tuff_status tuff_vocabulary_train(const struct tuff_word_counts *counts,
                                  const struct tuff_vocabulary_training *training,
                                  struct tuff_vocabulary *out_vocabulary) {
    struct trainer trainer = { .counts = counts, .training = training, .vocabulary = out_vocabulary };
    tuff_status status = TUFF_OK;
    for (size_t i = 0; i < sizeof specials / sizeof *specials; i++) {
        int32_t id;
        TUFF_TRY_GOTO(add_token(&trainer, specials[i], strlen(specials[i]), &id));
    }
    TUFF_TRY_GOTO(make_alphabet(&trainer));
    TUFF_TRY_GOTO(cut_words(&trainer));
    TUFF_TRY_GOTO(merge_pairs(&trainer));
    tuff_vocabulary_finish(out_vocabulary);
done:
    tuff_pair_counts_free(&trainer.pairs);
    tuff_free(trainer.tokens);
    tuff_free(trainer.pieces);
    tuff_free(trainer.words);
    tuff_free(trainer.joined);
    tuff_blocks_free(&trainer.texts);
    return status;
}
