/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens back to text. The decoder of WordPiece puts a space before each token but the first, or takes the
 * prefix of a continuing piece away, and cleans up each by itself; a tokenizer may ask for the same clean-up
 * over the whole. */
#include "task/tokenizer.h"

#include <string.h>

#include "base/memory.h"

struct text {
    char *bytes;
    size_t length;
    size_t capacity;
};

static tuff_status append(struct text *text, const char *bytes, size_t length) {
    TUFF_TRY(tuff_reserve(&text->bytes, &text->capacity, text->length + length + 1, 1));
    memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
    text->bytes[text->length] = '\0';
    return TUFF_OK;
}

struct replacement {
    const char *from;
    const char *to;
};

/* Every occurrence behind `start`, from left to right, in place: what comes is never longer. */
static void replace(struct text *text, size_t start, const struct replacement *replacement) {
    const size_t from_length = strlen(replacement->from);
    const size_t to_length = strlen(replacement->to);
    size_t write = start;
    size_t read = start;
    while (read < text->length) {
        if (text->length - read >= from_length &&
            memcmp(text->bytes + read, replacement->from, from_length) == 0) {
            memcpy(text->bytes + write, replacement->to, to_length);
            read += from_length;
            write += to_length;
        } else {
            text->bytes[write++] = text->bytes[read++];
        }
    }
    text->length = write;
    text->bytes[write] = '\0';
}

static const struct replacement replacements[] = {
    { " .", "." },   { " ?", "?" },     { " !", "!" },     { " ,", "," },
    { " ' ", "'" },  { " n't", "n't" }, { " 'm", "'m" },   { " do not", " don't" },
    { " 's", "'s" }, { " 've", "'ve" }, { " 're", "'re" },
};

/* `is_whole`: the clean-up of transformers over a whole text, which leaves "do not" as it is. */
static void clean_up(struct text *text, size_t start, bool is_whole) {
    for (size_t i = 0; i < sizeof replacements / sizeof *replacements; i++)
        if (!is_whole || strcmp(replacements[i].from, " do not") != 0)
            replace(text, start, &replacements[i]);
}

static bool is_special(const tuff_tokenizer *tokenizer, int32_t id) {
    for (size_t i = 0; i < tokenizer->added.count; i++)
        if (tokenizer->added.items[i].id == id && tokenizer->added.items[i].attributes.is_special)
            return true;
    return false;
}

static tuff_status append_token(struct text *text, tuff_text token, bool is_first) {
    const size_t start = text->length;
    if (!is_first && token.length >= 2 && memcmp(token.data, "##", 2) == 0)
        token = (tuff_text){ token.data + 2, token.length - 2 };
    else if (!is_first)
        TUFF_TRY(append(text, " ", 1));
    TUFF_TRY(append(text, token.data, token.length));
    clean_up(text, start, false);
    return TUFF_OK;
}

tuff_status tuff_tokens_join(const tuff_text *tokens, size_t count, char **out_text, size_t *out_length) {
    struct text text = { 0 };
    tuff_status status = append(&text, "", 0);
    for (size_t i = 0; i < count && status == TUFF_OK; i++)
        status = append_token(&text, tokens[i], i == 0);
    if (status != TUFF_OK) {
        tuff_free(text.bytes);
        return status;
    }
    *out_text = text.bytes;
    *out_length = text.length;
    return TUFF_OK;
}

tuff_status tuff_tokenizer_decode(const tuff_tokenizer *tokenizer, const int32_t *ids, size_t count,
                                  bool skips_special, char **out_text, size_t *out_length) {
    struct text text = { 0 };
    bool is_first = true;
    tuff_status status = append(&text, "", 0);
    for (size_t i = 0; i < count && status == TUFF_OK; i++) {
        const char *token = tuff_token_text(tokenizer, ids[i]);
        if (!token || (skips_special && is_special(tokenizer, ids[i])))
            continue;
        status = append_token(&text, (tuff_text){ token, strlen(token) }, is_first);
        is_first = false;
    }
    if (status != TUFF_OK) {
        tuff_free(text.bytes);
        return status;
    }
    if (tokenizer->cleans_up_spaces)
        clean_up(&text, 0, true);
    *out_text = text.bytes;
    *out_length = text.length;
    return TUFF_OK;
}
