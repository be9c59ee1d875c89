/* SPDX-License-Identifier: Apache-2.0 */
/* Added tokens: which there are and where a text has them. Of the tokens that begin at one place the longest
 * counts; one whose attributes refuse the place is passed over in full, as Hugging Face's search does. */
#include "task/tokenizer.h"

#include <string.h>

#include "base/memory.h"
#include "base/unicode.h"

static tuff_status matcher_add(struct tuff_added_matcher *matcher, tuff_text content, size_t place) {
    if (content.length == 0) /* normalisation may leave nothing */
        return TUFF_OK;
    if (tuff_trie_find(&matcher->trie, content.data, content.length) != TUFF_TRIE_NONE)
        return TUFF_OK; /* of two that look the same the first is found */
    matcher->is_first[(unsigned char)content.data[0]] = true;
    return tuff_trie_insert(&matcher->trie, content.data, content.length, (int32_t)place);
}

static tuff_status normalize_content(const struct tuff_normalizer *normalizer,
                                     struct tuff_added_token *token) {
    struct tuff_normalized normalized = { 0 };
    tuff_status status =
        tuff_normalize(normalizer, (tuff_text){ token->content, token->length }, &normalized);
    if (status == TUFF_OK) {
        token->normalized_length = normalized.byte_starts[normalized.count];
        status = tuff_copy_text(normalized.bytes, token->normalized_length, &token->normalized_content);
    }
    tuff_normalized_free(&normalized);
    return status;
}

/* Hugging Face's rule: a new token's id follows the vocabulary's count (not its highest id) and the tokens
 * added so far; those that the vocabulary has count only where they do not come from tokenizer.json. */
static int32_t choose_id(tuff_tokenizer *tokenizer, tuff_text content) {
    struct tuff_added_tokens *added = &tokenizer->added;
    const int32_t vocabulary_count = (int32_t)tokenizer->vocabulary.count;
    int32_t id = tuff_vocabulary_id(&tokenizer->vocabulary, content);
    const bool is_new = id < 0;
    if (is_new)
        id = added->next_id > vocabulary_count ? added->next_id : vocabulary_count;
    if ((is_new || added->counts_known) && id >= added->next_id)
        added->next_id = id + 1;
    if ((size_t)id >= tokenizer->id_limit)
        tokenizer->id_limit = (size_t)id + 1;
    return id;
}

/* A token that is there already gets new attributes. */
static tuff_status find_place(tuff_tokenizer *tokenizer, tuff_text content, size_t *out_place) {
    struct tuff_added_tokens *added = &tokenizer->added;
    const int32_t found = tuff_trie_find(&added->by_content, content.data, content.length);
    *out_place = found >= 0 ? (size_t)found : added->count;
    if (found >= 0)
        return TUFF_OK;
    TUFF_TRY(tuff_reserve(&added->items, &added->capacity, added->count + 1, sizeof *added->items));
    char *copy = NULL;
    TUFF_TRY(tuff_copy_text(content.data, content.length, &copy));
    const int32_t id = choose_id(tokenizer, content);
    added->items[added->count++] =
        (struct tuff_added_token){ .content = copy, .length = content.length, .id = id };
    return tuff_trie_insert(&added->by_content, content.data, content.length, (int32_t)*out_place);
}

tuff_status tuff_added_tokens_add(tuff_tokenizer *tokenizer, tuff_text content,
                                  struct tuff_added_attributes attributes) {
    if (content.length == 0)
        return TUFF_OK;
    size_t place = 0;
    TUFF_TRY(find_place(tokenizer, content, &place));
    tokenizer->added.items[place].attributes = attributes;
    return TUFF_OK;
}

static tuff_status prepare(tuff_tokenizer *tokenizer, size_t place) {
    struct tuff_added_tokens *added = &tokenizer->added;
    struct tuff_added_token *token = &added->items[place];
    if (!token->attributes.is_normalized)
        return matcher_add(&added->plain, (tuff_text){ token->content, token->length }, place);
    added->has_normalized = true;
    TUFF_TRY(normalize_content(&tokenizer->normalizer, token));
    const tuff_text content = { token->normalized_content, token->normalized_length };
    return matcher_add(&added->normalized, content, place);
}

tuff_status tuff_added_tokens_finish(tuff_tokenizer *tokenizer) {
    for (int special = 1; special >= 0; special--) {
        for (size_t i = 0; i < tokenizer->added.count; i++) {
            if (tokenizer->added.items[i].attributes.is_special == special)
                TUFF_TRY(prepare(tokenizer, i));
        }
    }
    return TUFF_OK;
}

void tuff_added_tokens_free(struct tuff_added_tokens *added) {
    for (size_t i = 0; i < added->count; i++) {
        tuff_free(added->items[i].content);
        tuff_free(added->items[i].normalized_content);
    }
    tuff_free(added->items);
    tuff_trie_free(&added->by_content);
    tuff_trie_free(&added->plain.trie);
    tuff_trie_free(&added->normalized.trie);
    *added = (struct tuff_added_tokens){ 0 };
}

/* ---------------------------------------------------------------- search */

/* Flags of the character before or behind a place; 0 at the text's ends. */
static unsigned flags_before(tuff_text text, size_t place, size_t *out_start) {
    if (place == 0)
        return 0;
    size_t start = place - 1;
    while (start > 0 && ((unsigned char)text.data[start] & 0xC0) == 0x80)
        start--;
    uint32_t code_point;
    tuff_utf8_decode(text.data + start, place - start, &code_point, NULL);
    *out_start = start;
    return tuff_unicode_flags(code_point);
}

static unsigned flags_behind(tuff_text text, size_t place, size_t *out_end) {
    if (place == text.length)
        return 0;
    uint32_t code_point;
    *out_end = place + tuff_utf8_decode(text.data + place, text.length - place, &code_point, NULL);
    return tuff_unicode_flags(code_point);
}

/* The longest token at a place; NONE where there is none. */
static int32_t longest_at(const struct tuff_added_matcher *matcher, tuff_text text, size_t start,
                          size_t *out_end) {
    int32_t found = TUFF_TRIE_NONE;
    uint32_t node = 0;
    for (size_t i = start; i < text.length; i++) {
        node = tuff_trie_step(&matcher->trie, node, (unsigned char)text.data[i]);
        if (node == 0)
            break;
        if (matcher->trie.values[node] != TUFF_TRIE_NONE) {
            found = matcher->trie.values[node];
            *out_end = i + 1;
        }
    }
    return found;
}

static bool stands_alone(tuff_text text, size_t start, size_t end) {
    size_t edge;
    return !(flags_before(text, start, &edge) & TUFF_UNICODE_WORD) &&
           !(flags_behind(text, end, &edge) & TUFF_UNICODE_WORD);
}

/* White space that the token takes; what the last match has taken is not taken again. */
static void widen(tuff_text text, size_t taken, struct tuff_added_match *match) {
    size_t edge = 0;
    if (match->token->attributes.strips_left) {
        size_t start = match->start;
        while (flags_before(text, start, &edge) & TUFF_UNICODE_DROPPED)
            start = edge;
        match->start = start > taken ? start : taken;
    }
    if (match->token->attributes.strips_right) {
        while (flags_behind(text, match->end, &edge) & TUFF_UNICODE_DROPPED)
            match->end = edge;
    }
}

bool tuff_added_tokens_next(const tuff_tokenizer *tokenizer, bool in_normalized, tuff_text text,
                            size_t *inout_position, size_t taken, struct tuff_added_match *out_match) {
    const struct tuff_added_matcher *matcher =
        in_normalized ? &tokenizer->added.normalized : &tokenizer->added.plain;
    size_t position = *inout_position;
    while (position < text.length) {
        size_t end = position;
        int32_t place = TUFF_TRIE_NONE;
        if (matcher->is_first[(unsigned char)text.data[position]])
            place = longest_at(matcher, text, position, &end);
        if (place == TUFF_TRIE_NONE) {
            position++;
            continue;
        }
        const struct tuff_added_token *token = &tokenizer->added.items[place];
        *out_match = (struct tuff_added_match){ position, end, token };
        position = end;
        if (token->attributes.is_single_word && !stands_alone(text, out_match->start, out_match->end))
            continue;
        widen(text, taken, out_match);
        if (out_match->start >= out_match->end) /* the last match took all of it */
            continue;
        *inout_position = position;
        return true;
    }
    *inout_position = position;
    return false;
}
