/* SPDX-License-Identifier: Apache-2.0 */
/* Which of a folder's files make its tokenizer. tokenizer.json says everything where it is there; of
 * tokenizer_config.json only the padding token and model_max_length are read then. Else vocab.txt has the
 * tokens, and tokenizer_config.json, special_tokens_map.json and added_tokens.json, which may all be missing,
 * say the rest as they do to Hugging Face's BertTokenizer. */
#include "task/tokenizer.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/unicode.h"

/* The JSON files beside the vocabulary; the value of a missing one is NULL. */
struct settings {
    struct tuff_json config;
    struct tuff_json special_tokens_map;
    struct tuff_json added_tokens;
    char *paths[3];
};

static tuff_status load_optional(const char *folder, const char *name, char **out_path,
                                 struct tuff_json *out_root) {
    TUFF_TRY(tuff_path_join(folder, name, out_path));
    *out_root = (struct tuff_json){ .name = *out_path };
    if (!tuff_file_exists(*out_path))
        return TUFF_OK;
    TUFF_TRY(tuff_json_load(*out_path, TUFF_TOKENIZER_MAX_FILE_SIZE, 0, out_root));
    return json_is_object(out_root->value) ? TUFF_OK : tuff_json_fail(out_root, "expected an object");
}

static void settings_free(struct settings *settings) {
    tuff_json_free(&settings->config);
    tuff_json_free(&settings->special_tokens_map);
    tuff_json_free(&settings->added_tokens);
    for (size_t i = 0; i < 3; i++)
        tuff_free(settings->paths[i]);
}

/* ---------------------------------------------------------------- vocab.txt */

/* Without the white space at its end, which includes the CR of CR LF. */
static tuff_text trim_end(tuff_text line) {
    while (line.length > 0) {
        size_t start = line.length - 1;
        while (start > 0 && ((unsigned char)line.data[start] & 0xC0) == 0x80)
            start--;
        uint32_t code_point;
        tuff_utf8_decode(line.data + start, line.length - start, &code_point, NULL);
        if (!(tuff_unicode_flags(code_point) & TUFF_UNICODE_DROPPED))
            break;
        line.length = start;
    }
    return line;
}

/* One token a line; the number of the line, from 0, is its id. */
static tuff_status add_lines(struct tuff_vocabulary *vocabulary, const char *path, tuff_text text) {
    int32_t id = 0;
    for (size_t at = 0; at < text.length; id++) {
        const char *newline = memchr(text.data + at, '\n', text.length - at);
        const size_t length = newline ? (size_t)(newline - (text.data + at)) : text.length - at;
        const tuff_text line = { text.data + at, length };
        if (!tuff_utf8_is_valid(line.data, line.length))
            return tuff_fail(TUFF_FORMAT, "%s: line %ld is not UTF-8", path, (long)id + 1);
        TUFF_TRY(tuff_vocabulary_add(vocabulary, trim_end(line), id));
        at += length + 1;
    }
    tuff_vocabulary_finish(vocabulary);
    return TUFF_OK;
}

static tuff_status read_lines(struct tuff_vocabulary *vocabulary, const char *path) {
    char *data = NULL;
    size_t size = 0;
    TUFF_TRY(tuff_file_read(path, TUFF_TOKENIZER_MAX_FILE_SIZE, &data, &size));
    tuff_status status = TUFF_OK;
    if (size == 0)
        status = tuff_fail(TUFF_FORMAT, "%s: the file is empty", path);
    else
        status = add_lines(vocabulary, path, (tuff_text){ data, size });
    tuff_free(data);
    return status;
}

/* ---------------------------------------------------------------- special and added tokens */

/* Files write a token as a string, or as an object with attributes. Missing attributes are false. */
static tuff_status read_token(const struct tuff_json *json, tuff_text *out_content,
                              struct tuff_added_attributes *attributes) {
    if (json_is_string(json->value))
        return tuff_json_as_text(json, out_content);
    TUFF_TRY(tuff_json_text(json, "content", out_content));
    TUFF_TRY(tuff_json_optional_boolean(json, "single_word", &attributes->is_single_word));
    TUFF_TRY(tuff_json_optional_boolean(json, "lstrip", &attributes->strips_left));
    TUFF_TRY(tuff_json_optional_boolean(json, "rstrip", &attributes->strips_right));
    TUFF_TRY(tuff_json_optional_boolean(json, "special", &attributes->is_special));
    return tuff_json_optional_boolean(json, "normalized", &attributes->is_normalized);
}

/* What one file says of a token, a later one does not change. */
static tuff_status add_new(tuff_tokenizer *tokenizer, tuff_text content,
                           struct tuff_added_attributes attributes) {
    if (tuff_trie_find(&tokenizer->added.by_content, content.data, content.length) != TUFF_TRIE_NONE)
        return TUFF_OK;
    return tuff_added_tokens_add(tokenizer, content, attributes);
}

static tuff_status add_json_token(tuff_tokenizer *tokenizer, const struct tuff_json *json, bool is_special) {
    tuff_text content = { 0 };
    struct tuff_added_attributes attributes = { .is_special = is_special };
    TUFF_TRY(read_token(json, &content, &attributes));
    return add_new(tokenizer, content, attributes);
}

/* A special token's member. special_tokens_map.json goes before tokenizer_config.json, but newer files, which
 * have added_tokens_decoder, leave no say to it. */
static bool find_member(const struct settings *settings, const char *key, struct tuff_json *out_member) {
    struct tuff_json decoder;
    if (!tuff_json_find(&settings->config, "added_tokens_decoder", &decoder) &&
        tuff_json_find(&settings->special_tokens_map, key, out_member))
        return true;
    return tuff_json_find(&settings->config, key, out_member);
}

/* "unk_token" and the like: as the files say, else the default. */
static tuff_status find_special(const struct settings *settings, const char *key, const char *usual,
                                tuff_text *out_content, struct tuff_added_attributes *attributes) {
    struct tuff_json member;
    *out_content = (tuff_text){ usual, strlen(usual) };
    return find_member(settings, key, &member) ? read_token(&member, out_content, attributes) : TUFF_OK;
}

/* A token that tokenizer_config.json sets to null is not there. */
static bool is_null(const struct settings *settings, const char *key) {
    struct tuff_json member;
    return !find_member(settings, key, &member) && member.value;
}

/* Members of an object in the order of their numbers. */
struct numbered {
    int64_t number;
    struct tuff_json json;
};

static int compare_numbers(const void *left, const void *right) {
    const int64_t a = ((const struct numbered *)left)->number;
    const int64_t b = ((const struct numbered *)right)->number;
    return a < b ? -1 : a > b;
}

/* added_tokens_decoder: number to token. */
static tuff_status add_decoder(tuff_tokenizer *tokenizer, const struct tuff_json *decoder) {
    const size_t count = tuff_json_count(decoder);
    struct numbered *tokens = NULL;
    TUFF_TRY(tuff_alloc(count, sizeof *tokens, &tokens));
    size_t filled = 0;
    const char *key;
    json_t *value;
    json_object_foreach(decoder->value, key, value) tokens[filled++] =
        (struct numbered){ strtoll(key, NULL, 10), { .value = value, .parent = decoder, .name = key } };
    if (filled > 0)
        qsort(tokens, filled, sizeof *tokens, compare_numbers);
    tuff_status status = TUFF_OK;
    for (size_t i = 0; status == TUFF_OK && i < filled; i++)
        status = add_json_token(tokenizer, &tokens[i].json, false);
    tuff_free(tokens);
    return status;
}

/* added_tokens.json: token to number. These are searched in normalised text. */
static tuff_status add_numbered(tuff_tokenizer *tokenizer, const struct tuff_json *added) {
    const size_t count = tuff_json_count(added);
    struct numbered *tokens = NULL;
    TUFF_TRY(tuff_alloc(count, sizeof *tokens, &tokens));
    tuff_status status = TUFF_OK;
    size_t filled = 0;
    const char *key;
    json_t *value;
    json_object_foreach(added->value, key, value) {
        struct numbered *token = &tokens[filled++];
        token->json = (struct tuff_json){ .value = value, .parent = added, .name = key };
        TUFF_TRY_GOTO(tuff_json_as_integer(&token->json, &token->number));
    }
    if (filled > 0)
        qsort(tokens, filled, sizeof *tokens, compare_numbers);
    for (size_t i = 0; i < filled; i++) {
        const tuff_text content = { tokens[i].json.name, strlen(tokens[i].json.name) };
        TUFF_TRY_GOTO(add_new(tokenizer, content, (struct tuff_added_attributes){ .is_normalized = true }));
    }
done:
    tuff_free(tokens);
    return status;
}

/* A list, or an object whose values count. */
static tuff_status add_list(tuff_tokenizer *tokenizer, const struct tuff_json *list) {
    for (size_t i = 0; json_is_array(list->value) && i < tuff_json_count(list); i++) {
        const struct tuff_json item = tuff_json_item(list, i);
        TUFF_TRY(add_json_token(tokenizer, &item, true));
    }
    const char *key;
    json_t *value;
    json_object_foreach(list->value, key, value) {
        const struct tuff_json item = { .value = value, .parent = list, .name = key };
        TUFF_TRY(add_json_token(tokenizer, &item, true));
    }
    return TUFF_OK;
}

static tuff_status add_extra(tuff_tokenizer *tokenizer, const struct settings *settings) {
    struct tuff_json list;
    if (tuff_json_find(&settings->config, "extra_special_tokens", &list) ||
        tuff_json_find(&settings->config, "additional_special_tokens", &list) ||
        find_member(settings, "additional_special_tokens", &list))
        return add_list(tokenizer, &list);
    return TUFF_OK;
}

static tuff_status add_tokens(tuff_tokenizer *tokenizer, const struct settings *settings) {
    /* BERT has no begin and end of its own; "" is not added. */
    static const char *const names[][2] = { { "bos_token", "" },       { "eos_token", "" },
                                            { "unk_token", "[UNK]" },  { "sep_token", "[SEP]" },
                                            { "pad_token", "[PAD]" },  { "cls_token", "[CLS]" },
                                            { "mask_token", "[MASK]" } };
    struct tuff_json decoder;
    if (tuff_json_find(&settings->config, "added_tokens_decoder", &decoder))
        TUFF_TRY(add_decoder(tokenizer, &decoder));
    else if (settings->added_tokens.value)
        TUFF_TRY(add_numbered(tokenizer, &settings->added_tokens));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        tuff_text content = { 0 };
        struct tuff_added_attributes attributes = { .is_special = true };
        if (is_null(settings, names[i][0]))
            continue;
        TUFF_TRY(find_special(settings, names[i][0], names[i][1], &content, &attributes));
        TUFF_TRY(add_new(tokenizer, content, attributes));
    }
    return add_extra(tokenizer, settings);
}

/* ---------------------------------------------------------------- the folder */

/* Classes that are BertTokenizer by another name. */
static tuff_status check_class(const struct tuff_json *config) {
    static const char *const names[] = {
        "Bert",   "DistilBert", "Electra", "MobileBert", "SqueezeBert",       "ConvBert",          "LayoutLM",
        "Lxmert", "RetriBert",  "Realm",   "DPRReader",  "DPRContextEncoder", "DPRQuestionEncoder"
    };
    const char *name = "BertTokenizer";
    TUFF_TRY(tuff_json_optional_string(config, "tokenizer_class", &name));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const size_t length = strlen(names[i]);
        if (strncmp(name, names[i], length) == 0 &&
            (strcmp(name + length, "Tokenizer") == 0 || strcmp(name + length, "TokenizerFast") == 0))
            return TUFF_OK;
    }
    tuff_json_fail(config, "the tokenizer is a %s, not a BertTokenizer; tuff runs no other", name);
    return TUFF_UNSUPPORTED;
}

static int32_t special_id(const tuff_tokenizer *tokenizer, const struct settings *settings, const char *key,
                          const char *usual) {
    tuff_text content = { 0 };
    struct tuff_added_attributes attributes = { 0 };
    if (find_special(settings, key, usual, &content, &attributes) != TUFF_OK)
        return -1;
    return tuff_token_id(tokenizer, content);
}

static tuff_status read_vocab_txt(tuff_tokenizer *tokenizer, const struct settings *settings,
                                  const char *path) {
    TUFF_TRY(check_class(&settings->config));
    TUFF_TRY(read_lines(&tokenizer->vocabulary, path));
    tuff_text unknown = { 0 };
    struct tuff_added_attributes attributes = { 0 };
    TUFF_TRY(find_special(settings, "unk_token", "[UNK]", &unknown, &attributes));
    TUFF_TRY(tuff_tokenizer_set_model(tokenizer, unknown, (tuff_text){ "##", 2 }, 100, path));
    struct tuff_normalizer *normalizer = &tokenizer->normalizer;
    *normalizer =
        (struct tuff_normalizer){ .clean_text = true, .handle_chinese_chars = true, .lowercase = true };
    const struct tuff_json *config = &settings->config;
    TUFF_TRY(tuff_json_optional_boolean(config, "tokenize_chinese_chars", &normalizer->handle_chinese_chars));
    TUFF_TRY(tuff_json_optional_boolean(config, "do_lower_case", &normalizer->lowercase));
    normalizer->strip_accents = normalizer->lowercase;
    TUFF_TRY(tuff_json_optional_boolean(config, "strip_accents", &normalizer->strip_accents));
    tokenizer->added.counts_known = true;
    TUFF_TRY(add_tokens(tokenizer, settings));
    tokenizer->pad_id = -1;
    const int32_t cls_id = special_id(tokenizer, settings, "cls_token", "[CLS]");
    const int32_t sep_id = special_id(tokenizer, settings, "sep_token", "[SEP]");
    if (cls_id < 0 || sep_id < 0)
        return tuff_fail(TUFF_FORMAT, "%s: the vocabulary lacks [CLS] or [SEP]", path);
    return tuff_tokenizer_set_bert_templates(tokenizer, cls_id, sep_id);
}

/* Numbers such as 1e30 stand for "no limit". */
static tuff_status read_max_length(tuff_tokenizer *tokenizer, const struct tuff_json *config) {
    double length = 0;
    TUFF_TRY(tuff_json_optional_number(config, "model_max_length", &length));
    if (length >= 1 && length < 1e9)
        tokenizer->max_length = (size_t)length;
    return TUFF_OK;
}

/* Neither tokenizer.json nor vocab.txt: says what there is instead. */
static tuff_status refuse_folder(const char *folder) {
    static const char *const others[][2] = { { "merges.txt", "byte-pair encoding" },
                                             { "spiece.model", "SentencePiece" },
                                             { "sentencepiece.bpe.model", "SentencePiece" },
                                             { "tokenizer.model", "SentencePiece" } };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        char *path = NULL;
        TUFF_TRY(tuff_path_join(folder, others[i][0], &path));
        const bool is_there = tuff_file_exists(path);
        tuff_free(path);
        if (is_there)
            return tuff_fail(TUFF_UNSUPPORTED, "%s: %s is a tokenizer of %s, not BERT's WordPiece", folder,
                             others[i][0], others[i][1]);
    }
    return tuff_fail(TUFF_IO, "%s: no tokenizer.json and no vocab.txt", folder);
}

static tuff_status read_files(tuff_tokenizer *tokenizer, const char *folder, const char *json_path,
                              const char *vocab_path, struct settings *settings) {
    TUFF_TRY(load_optional(folder, "tokenizer_config.json", &settings->paths[0], &settings->config));
    TUFF_TRY(
        load_optional(folder, "special_tokens_map.json", &settings->paths[1], &settings->special_tokens_map));
    if (tuff_file_exists(json_path)) {
        TUFF_TRY(tuff_tokenizer_read_json(tokenizer, json_path));
    } else if (tuff_file_exists(vocab_path)) {
        TUFF_TRY(load_optional(folder, "added_tokens.json", &settings->paths[2], &settings->added_tokens));
        TUFF_TRY(read_vocab_txt(tokenizer, settings, vocab_path));
    } else {
        return refuse_folder(folder);
    }
    if (tokenizer->pad_id < 0 && !is_null(settings, "pad_token"))
        tokenizer->pad_id = special_id(tokenizer, settings, "pad_token", "[PAD]");
    tokenizer->mask_id =
        is_null(settings, "mask_token") ? -1 : special_id(tokenizer, settings, "mask_token", "[MASK]");
    TUFF_TRY(tuff_json_optional_boolean(&settings->config, "clean_up_tokenization_spaces",
                                        &tokenizer->cleans_up_spaces));
    TUFF_TRY(tuff_added_tokens_finish(tokenizer));
    tuff_tokenizer_prepare_bytes(tokenizer);
    return read_max_length(tokenizer, &settings->config);
}

tuff_status tuff_tokenizer_read_folder(tuff_tokenizer *tokenizer, const char *folder) {
    struct settings settings = { 0 };
    char *json_path = NULL;
    char *vocab_path = NULL;
    tuff_status status = tuff_path_join(folder, "tokenizer.json", &json_path);
    if (status == TUFF_OK)
        status = tuff_path_join(folder, "vocab.txt", &vocab_path);
    if (status == TUFF_OK)
        status = read_files(tokenizer, folder, json_path, vocab_path, &settings);
    settings_free(&settings);
    tuff_free(json_path);
    tuff_free(vocab_path);
    return status;
}
