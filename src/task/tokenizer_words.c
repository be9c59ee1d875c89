/* SPDX-License-Identifier: Apache-2.0 */
/* From text to pieces of the vocabulary. Runs of ASCII letters between ASCII spaces and punctuation, which
 * are most of most texts, go straight to the vocabulary; everything else goes through tuff_normalize a
 * stretch at a time. A stretch ends at white space or punctuation, where a word ends and over which nothing
 * that normalisation does can reach: at ASCII ones always, at others once it is long. Tokenizers with added
 * tokens that are searched in normalised text take whole texts as one stretch. */
#include "task/tokenizer.h"

#include <string.h>

#include "base/memory.h"
#include "base/unicode.h"

enum kind { LETTER, SPACE, PUNCTUATION, OTHER };

/* What goes on during one call. Positions are in bytes of the text, `code_point` counts along. */
struct splitter {
    const tuff_tokenizer *tokenizer;
    tuff_text text;
    struct tuff_token_list *list;
    struct tuff_normalized normalized;
    uint32_t code_point; /* index of the one that is next */
    int32_t word;        /* index of the next word */
};

void tuff_tokenizer_prepare_bytes(tuff_tokenizer *tokenizer) {
    struct tuff_bytes *bytes = &tokenizer->bytes;
    for (unsigned c = 0; c < 256; c++) {
        const unsigned flags = c < 0x80 ? tuff_unicode_flags(c) : 0;
        const bool is_upper = tokenizer->normalizer.lowercase && c >= 'A' && c <= 'Z';
        enum kind kind = OTHER;
        if (flags & TUFF_UNICODE_SPACE)
            kind = SPACE;
        else if (flags & TUFF_UNICODE_PUNCTUATION)
            kind = PUNCTUATION;
        else if (flags & TUFF_UNICODE_WORD)
            kind = LETTER;
        bytes->kinds[c] = (unsigned char)kind;
        bytes->folded[c] = (unsigned char)(is_upper ? c + ('a' - 'A') : c);
        bytes->same[c] = (unsigned char)c;
    }
}

static enum kind kind_at(const struct splitter *splitter, size_t position) {
    return (enum kind)splitter->tokenizer->bytes.kinds[(unsigned char)splitter->text.data[position]];
}

static tuff_status push(struct tuff_token_list *list, struct tuff_token token) {
    if (list->count == list->capacity)
        TUFF_TRY(tuff_reserve(&list->items, &list->capacity, list->count + 1, sizeof *list->items));
    list->items[list->count++] = token;
    return TUFF_OK;
}

/* The longest piece of the vocabulary at the beginning of the bytes. *out_length is 0 if there is none. */
static int32_t longest_piece(const struct tuff_trie *trie, uint32_t node, const char *bytes, size_t size,
                             const unsigned char *folded, size_t *out_length) {
    int32_t id = TUFF_TRIE_NONE;
    *out_length = 0;
    for (size_t i = 0; i < size; i++) {
        node = tuff_trie_step(trie, node, folded[(unsigned char)bytes[i]]);
        if (node == 0)
            break;
        if (trie->values[node] != TUFF_TRIE_NONE) {
            id = trie->values[node];
            *out_length = i + 1;
        }
    }
    return id;
}

static uint32_t count_characters(const char *bytes, size_t size) {
    uint32_t count = 0;
    for (size_t i = 0; i < size; i++)
        count += ((unsigned char)bytes[i] & 0xC0) != 0x80;
    return count;
}

/* Appends the pieces of a word, or one unknown token. Offsets are characters of the word; the caller turns
 * those from *out_first on into offsets of the text. */
static tuff_status split_word(struct splitter *splitter, const char *bytes, size_t size,
                              const unsigned char *folded, size_t *out_first) {
    const tuff_tokenizer *tokenizer = splitter->tokenizer;
    struct tuff_token_list *list = splitter->list;
    const size_t first = list->count;
    const int32_t word = splitter->word++;
    const uint32_t length = count_characters(bytes, size);
    *out_first = first;
    bool is_known = length <= tokenizer->max_word_length;
    uint32_t start = 0;
    for (size_t at = 0; is_known && at < size;) {
        const bool has_node = at == 0 || tokenizer->continuation != 0 || !tokenizer->has_prefix;
        size_t used = 0;
        int32_t id = TUFF_TRIE_NONE;
        if (has_node)
            id = longest_piece(&tokenizer->vocabulary.trie, at == 0 ? 0 : tokenizer->continuation, bytes + at,
                               size - at, folded, &used);
        is_known = id != TUFF_TRIE_NONE;
        if (is_known) {
            const uint32_t end = start + count_characters(bytes + at, used);
            TUFF_TRY(push(list, (struct tuff_token){ .id = id, .word = word, .offset = { start, end } }));
            start = end;
            at += used;
        }
    }
    if (is_known)
        return TUFF_OK;
    list->count = first;
    const struct tuff_token unknown = { .id = tokenizer->unknown_id, .word = word, .offset = { 0, length } };
    return push(list, unknown);
}

/* A word of ASCII letters or one punctuation character, as it stands in the text. */
static tuff_status add_ascii_word(struct splitter *splitter, size_t start, size_t end) {
    size_t first;
    TUFF_TRY(split_word(splitter, splitter->text.data + start, end - start, splitter->tokenizer->bytes.folded,
                        &first));
    for (size_t i = first; i < splitter->list->count; i++) {
        struct tuff_token *token = &splitter->list->items[i];
        token->byte_offset.start = token->offset.start + (uint32_t)start;
        token->byte_offset.end = token->offset.end + (uint32_t)start;
        token->offset.start += splitter->code_point;
        token->offset.end += splitter->code_point;
    }
    splitter->code_point += (uint32_t)(end - start);
    return TUFF_OK;
}

/* Turns characters [start, end) of the normalised stretch that begins at `stretch` into offsets of the text.
 */
static void place_token(const struct splitter *splitter, size_t stretch, size_t start, size_t end,
                        struct tuff_token *token) {
    const struct tuff_normalized *normalized = &splitter->normalized;
    const uint32_t first = normalized->characters[start].source;
    const uint32_t last = normalized->characters[end - 1].source;
    token->offset = (tuff_offset){ splitter->code_point + first, splitter->code_point + last + 1 };
    token->byte_offset = (tuff_offset){ (uint32_t)stretch + normalized->source_bytes[first],
                                        (uint32_t)stretch + normalized->source_bytes[last + 1] };
}

static tuff_status add_normalized_word(struct splitter *splitter, size_t stretch, size_t start, size_t end) {
    const struct tuff_normalized *normalized = &splitter->normalized;
    const uint32_t begin = normalized->byte_starts[start];
    size_t first;
    TUFF_TRY(split_word(splitter, normalized->bytes + begin, normalized->byte_starts[end] - begin,
                        splitter->tokenizer->bytes.same, &first));
    for (size_t i = first; i < splitter->list->count; i++) {
        struct tuff_token *token = &splitter->list->items[i];
        place_token(splitter, stretch, start + token->offset.start, start + token->offset.end, token);
    }
    return TUFF_OK;
}

/* BertPreTokenizer over characters [start, end) of the normalised stretch. */
static tuff_status split_normalized(struct splitter *splitter, size_t stretch, size_t start, size_t end) {
    size_t word = start;
    for (size_t i = start; i < end; i++) {
        const unsigned flags = tuff_unicode_flags(splitter->normalized.characters[i].code_point);
        if (!(flags & (TUFF_UNICODE_DROPPED | TUFF_UNICODE_PUNCTUATION)))
            continue;
        if (word < i)
            TUFF_TRY(add_normalized_word(splitter, stretch, word, i));
        if (!(flags & TUFF_UNICODE_DROPPED))
            TUFF_TRY(add_normalized_word(splitter, stretch, i, i + 1));
        word = i + 1;
    }
    return word < end ? add_normalized_word(splitter, stretch, word, end) : TUFF_OK;
}

/* Keeps what an added token took. */
static tuff_status keep_shown(struct tuff_token_list *list, tuff_text shown, struct tuff_token *token) {
    TUFF_TRY(tuff_reserve(&list->texts, &list->texts_capacity, list->texts_size + shown.length + 1, 1));
    memcpy(list->texts + list->texts_size, shown.data, shown.length);
    list->texts[list->texts_size + shown.length] = '\0';
    token->shown = (uint32_t)list->texts_size + 1;
    list->texts_size += shown.length + 1;
    return TUFF_OK;
}

/* The place of the character that begins at a byte, searched from `from` on. */
static size_t character_at(const struct tuff_normalized *normalized, size_t byte) {
    size_t low = 0;
    size_t high = normalized->count;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (normalized->byte_starts[middle] < byte)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Added tokens of the normalised stretch, and words between them. */
static tuff_status split_normalized_added(struct splitter *splitter, size_t stretch) {
    const struct tuff_normalized *normalized = &splitter->normalized;
    const tuff_text text = { normalized->bytes, normalized->byte_starts[normalized->count] };
    size_t position = 0;
    size_t taken = 0;
    struct tuff_added_match match;
    while (tuff_added_tokens_next(splitter->tokenizer, true, text, &position, taken, &match)) {
        const size_t start = character_at(normalized, match.start);
        const size_t end = character_at(normalized, match.end);
        if (taken < match.start)
            TUFF_TRY(split_normalized(splitter, stretch, character_at(normalized, taken), start));
        struct tuff_token token = { .id = match.token->id, .word = splitter->word++ };
        place_token(splitter, stretch, start, end, &token);
        const tuff_text shown = { text.data + match.start, match.end - match.start };
        TUFF_TRY(keep_shown(splitter->list, shown, &token));
        TUFF_TRY(push(splitter->list, token));
        taken = match.end;
    }
    return split_normalized(splitter, stretch, character_at(normalized, taken), normalized->count);
}

static tuff_status add_stretch(struct splitter *splitter, size_t start, size_t end) {
    struct tuff_normalized *normalized = &splitter->normalized;
    const tuff_text text = { splitter->text.data + start, end - start };
    TUFF_TRY(tuff_normalize(&splitter->tokenizer->normalizer, text, normalized));
    if (splitter->tokenizer->added.has_normalized)
        TUFF_TRY(split_normalized_added(splitter, start));
    else
        TUFF_TRY(split_normalized(splitter, start, 0, normalized->count));
    splitter->code_point += (uint32_t)normalized->source_count;
    return TUFF_OK;
}

/* Whether a long stretch may end before the character at a place; gives its length. */
static bool is_border(const struct splitter *splitter, size_t place, size_t end, size_t *out_length) {
    uint32_t code_point;
    *out_length = tuff_utf8_decode(splitter->text.data + place, end - place, &code_point, NULL);
    const unsigned flags = tuff_unicode_flags(code_point);
    if (flags & TUFF_UNICODE_REMOVED)
        return false;
    return (flags & (TUFF_UNICODE_DROPPED | TUFF_UNICODE_PUNCTUATION)) ||
           (splitter->tokenizer->normalizer.handle_chinese_chars && tuff_unicode_is_cjk(code_point));
}

/* Where the stretch ends that begins at `start`, and whether it is letters alone. */
static size_t find_end(const struct splitter *splitter, size_t start, size_t end, bool *out_is_letters) {
    enum { LONG = 4096 };
    bool is_letters = true;
    size_t place = start;
    while (place < end) {
        const enum kind kind = kind_at(splitter, place);
        size_t length = 1;
        if (kind == SPACE || kind == PUNCTUATION)
            break;
        is_letters = is_letters && kind == LETTER;
        if (kind == OTHER && place - start > LONG && is_border(splitter, place, end, &length))
            break;
        place += length;
    }
    *out_is_letters = is_letters;
    return place;
}

/* Text without added tokens. */
static tuff_status add_plain(struct splitter *splitter, size_t start, size_t end) {
    if (splitter->tokenizer->added.has_normalized)
        return start < end ? add_stretch(splitter, start, end) : TUFF_OK;
    while (start < end) {
        const enum kind kind = kind_at(splitter, start);
        size_t stop = start + 1;
        bool is_letters = true;
        if (kind == LETTER || kind == OTHER)
            stop = find_end(splitter, start, end, &is_letters);
        if (kind == SPACE)
            splitter->code_point++;
        else if (is_letters)
            TUFF_TRY(add_ascii_word(splitter, start, stop));
        else
            TUFF_TRY(add_stretch(splitter, start, stop));
        start = stop;
    }
    return TUFF_OK;
}

/* An added token of the text as it was given. What a token took to its right may be the beginning of the
 * next, whose offsets then go back. */
static tuff_status add_match(struct splitter *splitter, const struct tuff_added_match *match, size_t taken) {
    const char *data = splitter->text.data;
    const uint32_t overlap =
        taken > match->start ? count_characters(data + match->start, taken - match->start) : 0;
    const uint32_t start = splitter->code_point - overlap;
    const uint32_t end = start + count_characters(data + match->start, match->end - match->start);
    struct tuff_token token = { .id = match->token->id,
                                .word = splitter->word++,
                                .offset = { start, end },
                                .byte_offset = { (uint32_t)match->start, (uint32_t)match->end } };
    const tuff_text shown = { data + match->start, match->end - match->start };
    TUFF_TRY(keep_shown(splitter->list, shown, &token));
    splitter->code_point = end;
    return push(splitter->list, token);
}

static tuff_status split_text(struct splitter *splitter) {
    size_t position = 0;
    size_t taken = 0;
    struct tuff_added_match match;
    while (tuff_added_tokens_next(splitter->tokenizer, false, splitter->text, &position, taken, &match)) {
        if (taken < match.start)
            TUFF_TRY(add_plain(splitter, taken, match.start));
        TUFF_TRY(add_match(splitter, &match, taken));
        taken = match.end;
    }
    return add_plain(splitter, taken, splitter->text.length);
}

tuff_status tuff_tokenizer_split(const tuff_tokenizer *tokenizer, tuff_text text,
                                 struct tuff_token_list *list) {
    struct splitter splitter = { .tokenizer = tokenizer, .text = text, .list = list };
    const tuff_status status = split_text(&splitter);
    tuff_normalized_free(&splitter.normalized);
    return status;
}

void tuff_token_list_free(struct tuff_token_list *list) {
    tuff_free(list->items);
    tuff_free(list->texts);
    *list = (struct tuff_token_list){ 0 };
}
