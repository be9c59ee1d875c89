/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/unicode.h"
#include "task/metrics.h"

/* ---------------------------------------------------------------- normalisation */

static bool is_punctuation(uint32_t c) {
    return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') ||
           (c >= '{' && c <= '~');
}

/* As Python's str.split sees it. */
static bool is_space(uint32_t c) {
    return (c >= 0x1c && c <= 0x1f) || (tuff_unicode_flags(c) & TUFF_UNICODE_DROPPED);
}

static bool is_word(uint32_t c) {
    return (tuff_unicode_flags(c) & TUFF_UNICODE_WORD) != 0;
}

/* Lower case without punctuation, and without NUL, which would end the text. `out` has room for eight times
 * the bytes: two code points for each, at the worst. */
static size_t lower_and_strip(tuff_text text, char *out) {
    size_t size = 0;
    for (size_t at = 0; at < text.length;) {
        uint32_t c, lower[2];
        at += tuff_utf8_decode(text.data + at, text.length - at, &c, NULL);
        const size_t count = tuff_unicode_lower(c, lower);
        for (size_t i = 0; i < count; i++)
            if (lower[i] != 0 && !is_punctuation(lower[i]))
                size += tuff_utf8_encode(lower[i], out + size);
    }
    return size;
}

static bool is_article(const char *word, size_t length) {
    return (length == 1 && memcmp(word, "a", 1) == 0) || (length == 2 && memcmp(word, "an", 2) == 0) ||
           (length == 3 && memcmp(word, "the", 3) == 0);
}

/* Behind the word characters from `at` on. */
static size_t word_end(const char *text, size_t at, size_t length) {
    uint32_t c;
    for (size_t size; at < length; at += size) {
        size = tuff_utf8_decode(text + at, length - at, &c, NULL);
        if (!is_word(c))
            break;
    }
    return at;
}

/* Drops articles, which are runs of word characters of their own, and makes white space single. In place:
 * each space that is written has something dropped before it. */
static size_t drop_articles(char *text, size_t length) {
    size_t size = 0;
    bool wants_space = false;
    for (size_t at = 0, end; at < length; at = end) {
        uint32_t c;
        const size_t next = at + tuff_utf8_decode(text + at, length - at, &c, NULL);
        end = is_word(c) ? word_end(text, next, length) : next;
        if (is_space(c) || is_article(text + at, end - at)) {
            wants_space = true;
            continue;
        }
        if (wants_space && size > 0)
            text[size++] = ' ';
        wants_space = false;
        memmove(text + size, text + at, end - at);
        size += end - at;
    }
    return size;
}

tuff_status tuff_squad_normalize(tuff_text text, char **out_text) {
    char *buffer = NULL;
    size_t room = 0;
    if (!tuff_multiply(text.length, 8, &room) || !tuff_add(room, 1, &room))
        return tuff_fail(TUFF_HOST_MEMORY, "an answer of %zu bytes is too long", text.length);
    TUFF_TRY(tuff_alloc(room, 1, &buffer));
    const size_t size = lower_and_strip(text, buffer);
    buffer[drop_articles(buffer, size)] = '\0';
    *out_text = buffer;
    return TUFF_OK;
}

/* ---------------------------------------------------------------- scores */

/* The words of a normalised text, sorted. */
struct words {
    char *text;
    char **items;
    size_t count;
};

static int compare_words(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void free_words(struct words *words) {
    tuff_free(words->text);
    tuff_free(words->items);
}

/* Cuts the text at its spaces. */
static tuff_status make_words(char *text, struct words *out_words) {
    size_t spaces = 0;
    *out_words = (struct words){ .text = text };
    for (const char *at = text; *at; at++)
        spaces += *at == ' ';
    TUFF_TRY(tuff_alloc(spaces + 1, sizeof *out_words->items, &out_words->items));
    for (char *at = text; *at;) {
        out_words->items[out_words->count++] = at;
        at += strcspn(at, " ");
        if (*at)
            *at++ = '\0';
    }
    qsort(out_words->items, out_words->count, sizeof *out_words->items, compare_words);
    return TUFF_OK;
}

static double f1_of(const struct words *a, const struct words *b, bool is_version_2) {
    size_t common = 0;
    if (a->count == 0 || b->count == 0)
        return is_version_2 && a->count == b->count;
    for (size_t i = 0, j = 0; i < a->count && j < b->count;) {
        const int order = strcmp(a->items[i], b->items[j]);
        common += order == 0;
        i += order <= 0;
        j += order >= 0;
    }
    return 2 * (double)common / (double)(a->count + b->count);
}

/* Holds the prediction against one answer and keeps the better figures. *inout_counts is set where the answer
 * normalises to something. */
static tuff_status hold_against(const char *predicted, const struct words *predicted_words, tuff_text answer,
                                bool is_version_2, double *inout_exact, double *inout_f1,
                                bool *inout_counts) {
    char *text = NULL;
    struct words words;
    TUFF_TRY(tuff_squad_normalize(answer, &text));
    if (is_version_2 && text[0] == '\0') {
        tuff_free(text);
        return TUFF_OK;
    }
    *inout_counts = true;
    if (strcmp(text, predicted) == 0)
        *inout_exact = 1;
    const tuff_status status = make_words(text, &words);
    if (status == TUFF_OK) {
        const double f1 = f1_of(predicted_words, &words, is_version_2);
        if (f1 > *inout_f1)
            *inout_f1 = f1;
    }
    free_words(&words);
    return status;
}

static void add(struct tuff_squad_score *score, double exact, double f1) {
    score->count++;
    score->exact += exact;
    score->f1 += f1;
}

tuff_status tuff_squad_add(struct tuff_squad_scores *scores, tuff_text predicted, const tuff_text *answers,
                           size_t answer_count, bool is_version_2) {
    char *normal = NULL, *copy = NULL;
    struct words words = { 0 };
    double exact = 0, f1 = 0;
    bool has_answer = false;
    tuff_status status = TUFF_OK;
    TUFF_TRY_GOTO(tuff_squad_normalize(predicted, &normal));
    TUFF_TRY_GOTO(tuff_copy_text(normal, strlen(normal), &copy));
    TUFF_TRY_GOTO(make_words(copy, &words));
    for (size_t i = 0; i < answer_count; i++)
        TUFF_TRY_GOTO(hold_against(normal, &words, answers[i], is_version_2, &exact, &f1, &has_answer));
    if (!has_answer && is_version_2)
        exact = f1 = normal[0] == '\0';
    add(&scores->all, exact, f1);
    add(has_answer ? &scores->has_answer : &scores->no_answer, exact, f1);
done:
    free_words(&words);
    if (!words.text)
        tuff_free(copy);
    tuff_free(normal);
    return status;
}
