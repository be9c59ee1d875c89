/* SPDX-License-Identifier: Apache-2.0 */
/* The public entry points of the tokenizer; see tokenizer.h for the road a text takes. */
#include "task/tokenizer.h"

#include <string.h>

#include "base/memory.h"
#include "base/unicode.h"
#include "model/hub.h"

/* ---------------------------------------------------------------- open and close */

tuff_status tuff_tokenizer_set_model(tuff_tokenizer *tokenizer, tuff_text unknown, tuff_text prefix,
                                     size_t max_word_length, const char *source) {
    const struct tuff_vocabulary *vocabulary = &tokenizer->vocabulary;
    tokenizer->unknown_id = tuff_vocabulary_id(vocabulary, unknown);
    if (tokenizer->unknown_id < 0)
        return tuff_fail(TUFF_FORMAT, "%s: the vocabulary of %zu tokens lacks the unknown token %.*s", source,
                         vocabulary->count, (int)unknown.length, unknown.data);
    tokenizer->continuation = tuff_trie_walk(&vocabulary->trie, prefix.data, prefix.length);
    tokenizer->has_prefix = prefix.length > 0;
    tokenizer->max_word_length = max_word_length;
    const size_t count = vocabulary->count;
    tokenizer->id_limit = count > 0 ? (size_t)vocabulary->entries[count - 1].id + 1 : 0;
    return TUFF_OK;
}

tuff_status tuff_template_append(struct tuff_template *templ, int sequence, int32_t type_id,
                                 const int32_t *ids, size_t id_count) {
    TUFF_TRY(tuff_resize(&templ->pieces, templ->count + 1, sizeof *templ->pieces));
    struct tuff_template_piece *piece = &templ->pieces[templ->count];
    *piece = (struct tuff_template_piece){ .sequence = sequence, .type_id = type_id, .id_count = id_count };
    TUFF_TRY(tuff_alloc(id_count, sizeof *ids, &piece->ids));
    if (id_count > 0)
        memcpy(piece->ids, ids, id_count * sizeof *ids);
    templ->count++;
    return TUFF_OK;
}

tuff_status tuff_tokenizer_set_bert_templates(tuff_tokenizer *tokenizer, int32_t cls_id, int32_t sep_id) {
    struct tuff_template *const templates[] = { &tokenizer->single, &tokenizer->pair };
    for (size_t i = 0; i < 2; i++) {
        TUFF_TRY(tuff_template_append(templates[i], -1, 0, &cls_id, 1));
        TUFF_TRY(tuff_template_append(templates[i], 0, 0, NULL, 0));
        TUFF_TRY(tuff_template_append(templates[i], -1, 0, &sep_id, 1));
    }
    TUFF_TRY(tuff_template_append(&tokenizer->pair, 1, 1, NULL, 0));
    return tuff_template_append(&tokenizer->pair, -1, 1, &sep_id, 1);
}

static void template_free(struct tuff_template *templ) {
    for (size_t i = 0; i < templ->count; i++)
        tuff_free(templ->pieces[i].ids);
    tuff_free(templ->pieces);
}

/* NULL stands for the C library's. */
static const struct tuff_allocator *allocator_of(const tuff_tokenizer *tokenizer) {
    return tokenizer->allocator.allocate ? &tokenizer->allocator : NULL;
}

static tuff_status open_folder(const char *path, const tuff_allocator *allocator,
                               tuff_tokenizer **out_tokenizer) {
    tuff_tokenizer *tokenizer = NULL;
    TUFF_TRY(tuff_alloc(1, sizeof *tokenizer, &tokenizer));
    if (allocator)
        tokenizer->allocator = *allocator;
    char *folder = NULL;
    tuff_status status = tuff_hub_resolve(path, &folder);
    if (status == TUFF_OK)
        status = tuff_tokenizer_read_folder(tokenizer, folder);
    tuff_free(folder);
    if (status == TUFF_OK)
        *out_tokenizer = tokenizer;
    else
        tuff_tokenizer_close(tokenizer);
    return status;
}

tuff_status tuff_tokenizer_open(const char *path, const tuff_allocator *allocator,
                                tuff_tokenizer **out_tokenizer) {
    if (!path || !out_tokenizer)
        return tuff_fail(TUFF_ARGUMENT, "tuff_tokenizer_open needs a path and a place for the tokenizer");
    *out_tokenizer = NULL;
    if (allocator && (!allocator->allocate || !allocator->release))
        return tuff_fail(TUFF_ARGUMENT, "an allocator needs both of its functions");
    const struct tuff_allocator *before = tuff_memory_use(allocator);
    const tuff_status status = open_folder(path, allocator, out_tokenizer);
    tuff_memory_use(before);
    return status;
}

void tuff_tokenizer_close(tuff_tokenizer *tokenizer) {
    if (!tokenizer)
        return;
    tuff_vocabulary_free(&tokenizer->vocabulary);
    tuff_added_tokens_free(&tokenizer->added);
    template_free(&tokenizer->single);
    template_free(&tokenizer->pair);
    tuff_free(tokenizer);
}

/* ---------------------------------------------------------------- encode */

/* Wrong UTF-8 as U+FFFD, and where that moved the bytes behind it. */
struct repair {
    char *text;
    size_t length;
    struct moved {
        uint32_t repaired; /* position behind a replacement */
        uint32_t original;
    } * moved;
    size_t count;
    size_t capacity;
};

static tuff_status repair_text(tuff_text text, struct repair *repair) {
    size_t capacity = 0;
    for (size_t at = 0; at < text.length;) {
        uint32_t code_point;
        bool is_valid;
        const size_t length = tuff_utf8_decode(text.data + at, text.length - at, &code_point, &is_valid);
        at += length;
        TUFF_TRY(tuff_reserve(&repair->text, &capacity, repair->length + 4, 1));
        repair->length += tuff_utf8_encode(code_point, repair->text + repair->length);
        if (is_valid)
            continue;
        TUFF_TRY(tuff_reserve(&repair->moved, &repair->capacity, repair->count + 1, sizeof *repair->moved));
        repair->moved[repair->count++] = (struct moved){ (uint32_t)repair->length, (uint32_t)at };
    }
    return TUFF_OK;
}

static uint32_t original_position(const struct repair *repair, uint32_t position) {
    size_t low = 0;
    size_t high = repair->count;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (repair->moved[middle].repaired <= position)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return position;
    return repair->moved[low - 1].original + (position - repair->moved[low - 1].repaired);
}

static tuff_status split(const tuff_tokenizer *tokenizer, tuff_text text, struct tuff_token_list *list) {
    if (text.length > INT32_MAX / 3)
        return tuff_fail(TUFF_ARGUMENT, "a text of %zu bytes is too long; %d can be encoded at once",
                         text.length, INT32_MAX / 3);
    if (text.length > 0 && !text.data)
        return tuff_fail(TUFF_ARGUMENT, "a text of %zu bytes has no data", text.length);
    if (tuff_utf8_is_valid(text.data, text.length))
        return tuff_tokenizer_split(tokenizer, text, list);
    struct repair repair = { 0 };
    tuff_status status = repair_text(text, &repair);
    if (status == TUFF_OK)
        status = tuff_tokenizer_split(tokenizer, (tuff_text){ repair.text, repair.length }, list);
    for (size_t i = 0; status == TUFF_OK && i < list->count; i++) {
        tuff_offset *offset = &list->items[i].byte_offset;
        offset->start = original_position(&repair, offset->start);
        offset->end = original_position(&repair, offset->end);
    }
    tuff_free(repair.text);
    tuff_free(repair.moved);
    return status;
}

static tuff_status encode(const tuff_tokenizer *tokenizer, tuff_text text, const tuff_text *pair,
                          const tuff_encode_options *options, tuff_encodings **out_encodings) {
    struct tuff_token_list lists[2] = { 0 };
    tuff_status status = split(tokenizer, text, &lists[0]);
    if (status == TUFF_OK && pair)
        status = split(tokenizer, *pair, &lists[1]);
    if (status == TUFF_OK)
        status = tuff_windows_create(tokenizer, &lists[0], pair ? &lists[1] : NULL, options, out_encodings);
    tuff_token_list_free(&lists[0]);
    tuff_token_list_free(&lists[1]);
    return status;
}

tuff_status tuff_encode(const tuff_tokenizer *tokenizer, tuff_text text, const tuff_text *pair,
                        const tuff_encode_options *options, tuff_encodings **out_encodings) {
    if (!tokenizer || !out_encodings)
        return tuff_fail(TUFF_ARGUMENT, "tuff_encode needs a tokenizer and a place for the encodings");
    *out_encodings = NULL;
    tuff_encode_options all = TUFF_ENCODE_OPTIONS;
    if (options) {
        if (options->size < sizeof options->size)
            return tuff_fail(TUFF_ARGUMENT, "tuff_encode_options.size is not set; use TUFF_ENCODE_OPTIONS");
        memcpy(&all, options, options->size < sizeof all ? options->size : sizeof all);
    }
    if ((unsigned)all.truncation > TUFF_TRUNCATE_ONLY_SECOND)
        return tuff_fail(TUFF_ARGUMENT, "%d is no truncation strategy", (int)all.truncation);
    const struct tuff_allocator *before = tuff_memory_use(allocator_of(tokenizer));
    const tuff_status status = encode(tokenizer, text, pair, &all, out_encodings);
    tuff_memory_use(before);
    return status;
}

/* ---------------------------------------------------------------- questions */

const char *tuff_token_text(const tuff_tokenizer *tokenizer, int32_t id) {
    for (size_t i = 0; i < tokenizer->added.count; i++) {
        const struct tuff_added_token *token = &tokenizer->added.items[i];
        if (token->id == id)
            return token->normalized_content ? token->normalized_content : token->content;
    }
    return tuff_vocabulary_token(&tokenizer->vocabulary, id).data;
}

int32_t tuff_token_id(const tuff_tokenizer *tokenizer, tuff_text token) {
    const int32_t place = tuff_trie_find(&tokenizer->added.by_content, token.data, token.length);
    if (place >= 0)
        return tokenizer->added.items[place].id;
    return tuff_vocabulary_id(&tokenizer->vocabulary, token);
}

size_t tuff_tokenizer_vocab_size(const tuff_tokenizer *tokenizer) {
    return tokenizer->id_limit;
}

size_t tuff_tokenizer_max_length(const tuff_tokenizer *tokenizer) {
    return tokenizer->max_length;
}
