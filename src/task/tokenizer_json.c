/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer.json: what Hugging Face's tokenizers library writes. Its truncation and padding are not applied;
 * of the padding the token and its type are kept for calls that ask for padding. */
#include "task/tokenizer.h"

#include <string.h>

#include "base/json.h"
#include "base/memory.h"

/* "BERT's tokenizer has X, this one has Y". */
static tuff_status refuse(const struct tuff_json *json, const char *what, const char *expected,
                          const char *found) {
    tuff_json_fail(json, "%s is %s, but BERT's tokenizer has %s; tuff runs no other", what, found, expected);
    return TUFF_UNSUPPORTED;
}

static bool is_equal(const char *a, const char *b) {
    return strcmp(a, b) == 0;
}

/* The ids of a vocabulary or a template. */
static tuff_status read_id(const struct tuff_json *json, int32_t *out_id) {
    int64_t id = 0;
    TUFF_TRY(tuff_json_as_integer(json, &id));
    if (id < 0 || id >= INT32_MAX)
        return tuff_json_fail(json, "the id %lld is out of range", (long long)id);
    *out_id = (int32_t)id;
    return TUFF_OK;
}

static tuff_status read_vocabulary(const struct tuff_json *model, struct tuff_vocabulary *vocabulary) {
    struct tuff_json vocab;
    TUFF_TRY(tuff_json_object(model, "vocab", &vocab));
    const char *token;
    json_t *value;
    json_object_foreach(vocab.value, token, value) {
        const struct tuff_json entry = { .value = value, .parent = &vocab, .name = token };
        int32_t id = 0;
        TUFF_TRY(read_id(&entry, &id));
        TUFF_TRY(tuff_vocabulary_add(vocabulary, (tuff_text){ token, strlen(token) }, id));
    }
    tuff_vocabulary_finish(vocabulary);
    return TUFF_OK;
}

static tuff_status read_model(const struct tuff_json *root, tuff_tokenizer *tokenizer) {
    struct tuff_json model, member;
    TUFF_TRY(tuff_json_object(root, "model", &model));
    const char *type = NULL;
    TUFF_TRY(tuff_json_optional_string(&model, "type", &type));
    if (!type) /* files of 2020 do not say it */
        type = tuff_json_find(&model, "merges", &member) ? "BPE" : "WordPiece";
    if (!is_equal(type, "WordPiece"))
        return refuse(&model, "the model", "WordPiece", type);
    tuff_text unknown = { 0 };
    tuff_text prefix = { 0 };
    int64_t max_word_length = 0;
    TUFF_TRY(tuff_json_text(&model, "unk_token", &unknown));
    TUFF_TRY(tuff_json_text(&model, "continuing_subword_prefix", &prefix));
    TUFF_TRY(tuff_json_integer(&model, "max_input_chars_per_word", &max_word_length));
    if (max_word_length < 0)
        return tuff_json_fail(&model, "max_input_chars_per_word is %lld", (long long)max_word_length);
    TUFF_TRY(read_vocabulary(&model, &tokenizer->vocabulary));
    return tuff_tokenizer_set_model(tokenizer, unknown, prefix, (size_t)max_word_length, root->name);
}

/* Without a normalizer the text stays as it is. */
static tuff_status read_normalizer(const struct tuff_json *root, struct tuff_normalizer *normalizer) {
    struct tuff_json member;
    if (!tuff_json_find(root, "normalizer", &member))
        return TUFF_OK;
    const char *type = NULL;
    TUFF_TRY(tuff_json_string(&member, "type", &type));
    if (!is_equal(type, "BertNormalizer"))
        return refuse(&member, "the normalizer", "BertNormalizer", type);
    TUFF_TRY(tuff_json_boolean(&member, "clean_text", &normalizer->clean_text));
    TUFF_TRY(tuff_json_boolean(&member, "handle_chinese_chars", &normalizer->handle_chinese_chars));
    TUFF_TRY(tuff_json_boolean(&member, "lowercase", &normalizer->lowercase));
    normalizer->strip_accents = normalizer->lowercase;
    return tuff_json_optional_boolean(&member, "strip_accents", &normalizer->strip_accents);
}

static tuff_status read_pre_tokenizer(const struct tuff_json *root) {
    struct tuff_json member;
    if (!tuff_json_find(root, "pre_tokenizer", &member))
        return refuse(root, "the pre_tokenizer", "BertPreTokenizer", "absent");
    const char *type = NULL;
    TUFF_TRY(tuff_json_string(&member, "type", &type));
    return is_equal(type, "BertPreTokenizer")
               ? TUFF_OK
               : refuse(&member, "the pre_tokenizer", "BertPreTokenizer", type);
}

static tuff_status read_added_token(const struct tuff_json *json, tuff_tokenizer *tokenizer) {
    struct tuff_added_attributes attributes = { 0 };
    tuff_text content = { 0 };
    TUFF_TRY(tuff_json_text(json, "content", &content));
    TUFF_TRY(tuff_json_boolean(json, "single_word", &attributes.is_single_word));
    TUFF_TRY(tuff_json_boolean(json, "lstrip", &attributes.strips_left));
    TUFF_TRY(tuff_json_boolean(json, "rstrip", &attributes.strips_right));
    TUFF_TRY(tuff_json_boolean(json, "normalized", &attributes.is_normalized));
    TUFF_TRY(tuff_json_boolean(json, "special", &attributes.is_special));
    return tuff_added_tokens_add(tokenizer, content, attributes);
}

static tuff_status read_added_tokens(const struct tuff_json *root, tuff_tokenizer *tokenizer) {
    struct tuff_json member;
    if (!tuff_json_find(root, "added_tokens", &member))
        return TUFF_OK;
    TUFF_TRY(tuff_json_array(root, "added_tokens", &member));
    for (size_t i = 0; i < tuff_json_count(&member); i++) {
        const struct tuff_json item = tuff_json_item(&member, i);
        TUFF_TRY(read_added_token(&item, tokenizer));
    }
    return TUFF_OK;
}

/* ---------------------------------------------------------------- post-processor */

static tuff_status read_special_ids(const struct tuff_json *processor, const char *name,
                                    const struct tuff_json *at, int32_t **out_ids, size_t *out_count) {
    struct tuff_json all, token, ids;
    TUFF_TRY(tuff_json_object(processor, "special_tokens", &all));
    if (!tuff_json_find(&all, name, &token))
        return tuff_json_fail(at, "the special token %s is not among special_tokens", name);
    TUFF_TRY(tuff_json_array(&token, "ids", &ids));
    *out_count = tuff_json_count(&ids);
    TUFF_TRY(tuff_alloc(*out_count, sizeof **out_ids, out_ids));
    for (size_t i = 0; i < *out_count; i++) {
        const struct tuff_json item = tuff_json_item(&ids, i);
        TUFF_TRY(read_id(&item, &(*out_ids)[i]));
    }
    return TUFF_OK;
}

static tuff_status read_type_id(const struct tuff_json *piece, int32_t *out_type_id) {
    struct tuff_json member;
    if (!tuff_json_find(piece, "type_id", &member))
        return tuff_json_fail(piece, "type_id is missing");
    return read_id(&member, out_type_id);
}

static tuff_status read_piece(const struct tuff_json *processor, const struct tuff_json *item, bool is_pair,
                              struct tuff_template *templ) {
    struct tuff_json piece;
    const char *id = NULL;
    int32_t type_id = 0;
    if (tuff_json_find(item, "Sequence", &piece)) {
        TUFF_TRY(tuff_json_string(&piece, "id", &id));
        TUFF_TRY(read_type_id(&piece, &type_id));
        if (!is_equal(id, "A") && !(is_pair && is_equal(id, "B")))
            return tuff_json_fail(&piece, "no sequence %s can be here", id);
        return tuff_template_append(templ, is_equal(id, "B"), type_id, NULL, 0);
    }
    TUFF_TRY(tuff_json_object(item, "SpecialToken", &piece));
    TUFF_TRY(tuff_json_string(&piece, "id", &id));
    TUFF_TRY(read_type_id(&piece, &type_id));
    int32_t *ids = NULL;
    size_t count = 0;
    tuff_status status = read_special_ids(processor, id, &piece, &ids, &count);
    if (status == TUFF_OK)
        status = tuff_template_append(templ, -1, type_id, ids, count);
    tuff_free(ids);
    return status;
}

static tuff_status read_template(const struct tuff_json *processor, const char *key, bool is_pair,
                                 struct tuff_template *templ) {
    struct tuff_json pieces;
    TUFF_TRY(tuff_json_array(processor, key, &pieces));
    for (size_t i = 0; i < tuff_json_count(&pieces); i++) {
        const struct tuff_json item = tuff_json_item(&pieces, i);
        TUFF_TRY(read_piece(processor, &item, is_pair, templ));
    }
    return TUFF_OK;
}

/* ["[SEP]", 102] */
static tuff_status read_bert_token(const struct tuff_json *processor, const char *key, int32_t *out_id) {
    struct tuff_json pair;
    TUFF_TRY(tuff_json_array(processor, key, &pair));
    if (tuff_json_count(&pair) != 2)
        return tuff_json_fail(&pair, "expected a token and its id");
    const struct tuff_json id = tuff_json_item(&pair, 1);
    return read_id(&id, out_id);
}

static tuff_status read_post_processor(const struct tuff_json *root, tuff_tokenizer *tokenizer) {
    struct tuff_json processor;
    if (!tuff_json_find(root, "post_processor", &processor)) {
        TUFF_TRY(tuff_template_append(&tokenizer->single, 0, 0, NULL, 0));
        TUFF_TRY(tuff_template_append(&tokenizer->pair, 0, 0, NULL, 0));
        return tuff_template_append(&tokenizer->pair, 1, 1, NULL, 0);
    }
    const char *type = NULL;
    TUFF_TRY(tuff_json_string(&processor, "type", &type));
    if (is_equal(type, "TemplateProcessing")) {
        TUFF_TRY(read_template(&processor, "single", false, &tokenizer->single));
        return read_template(&processor, "pair", true, &tokenizer->pair);
    }
    if (!is_equal(type, "BertProcessing"))
        return refuse(&processor, "the post_processor", "TemplateProcessing or BertProcessing", type);
    int32_t cls_id = 0;
    int32_t sep_id = 0;
    TUFF_TRY(read_bert_token(&processor, "cls", &cls_id));
    TUFF_TRY(read_bert_token(&processor, "sep", &sep_id));
    return tuff_tokenizer_set_bert_templates(tokenizer, cls_id, sep_id);
}

static tuff_status read_padding(const struct tuff_json *root, tuff_tokenizer *tokenizer) {
    struct tuff_json padding, id;
    tokenizer->pad_id = -1;
    if (!tuff_json_find(root, "padding", &padding))
        return TUFF_OK;
    if (tuff_json_find(&padding, "pad_id", &id))
        TUFF_TRY(read_id(&id, &tokenizer->pad_id));
    if (tuff_json_find(&padding, "pad_type_id", &id))
        TUFF_TRY(read_id(&id, &tokenizer->pad_type_id));
    return TUFF_OK;
}

static tuff_status read_root(const struct tuff_json *root, tuff_tokenizer *tokenizer) {
    const char *version = "1.0";
    TUFF_TRY(tuff_json_optional_string(root, "version", &version));
    if (!is_equal(version, "1.0"))
        return tuff_json_fail(root, "its version is %s; only 1.0 is known", version);
    TUFF_TRY(read_model(root, tokenizer));
    TUFF_TRY(read_normalizer(root, &tokenizer->normalizer));
    TUFF_TRY(read_pre_tokenizer(root));
    TUFF_TRY(read_post_processor(root, tokenizer));
    TUFF_TRY(read_padding(root, tokenizer));
    return read_added_tokens(root, tokenizer);
}

tuff_status tuff_tokenizer_read_json(tuff_tokenizer *tokenizer, const char *path) {
    struct tuff_json root;
    TUFF_TRY(tuff_json_load(path, TUFF_TOKENIZER_MAX_FILE_SIZE, 0, &root));
    const tuff_status status = read_root(&root, tokenizer);
    tuff_json_free(&root);
    return status;
}
