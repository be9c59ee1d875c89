/* SPDX-License-Identifier: Apache-2.0 */
/* The tokenizer against what Hugging Face's gave: the oracle's cases, its malformed folders, and properties.
 */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/folder.h"
#include "support/sha256.h"
#include "task/tokenizer.h"

static tuff_tokenizer *open_folder(const char *folder) {
    tuff_tokenizer *tokenizer = NULL;
    const tuff_status status = tuff_tokenizer_open(folder, NULL, &tokenizer);
    cr_assert_eq(status, TUFF_OK, "%s: %s", folder, tuff_error_message());
    return tokenizer;
}

/* ---------------------------------------------------------------- the oracle's cases */

/* A folder with vocab.txt and tokenizer_config.json, as configs.json describes it. */
static tuff_tokenizer *open_config(const char *name, json_t *config) {
    char folder[TEST_PATH_SIZE];
    test_folder_make(folder);
    const char *vocab = json_string_value(json_object_get(config, "vocab"));
    cr_assert(vocab, "%s has no vocab", name);
    const bool is_shared = strncmp(vocab, "models/", 7) == 0;
    char source[TEST_PATH_SIZE];
    snprintf(source, sizeof source, "%s%.*s", is_shared ? "" : "tokenizer/", (int)strcspn(vocab, " "), vocab);
    FILE *from = fopen(test_oracle(source), "rb");
    cr_assert(from, "%s is missing", source);
    static char bytes[1 << 20];
    const size_t size = fread(bytes, 1, sizeof bytes, from);
    fclose(from);
    test_write_bytes(folder, "vocab.txt", bytes, size);
    json_t *written = json_pack("{sOsOsO}", "do_lower_case", json_object_get(config, "lower"),
                                "strip_accents", json_object_get(config, "strip_accents"),
                                "tokenize_chinese_chars", json_object_get(config, "chinese"));
    char *text = json_dumps(written, 0);
    test_write(folder, "tokenizer_config.json", text);
    free(text);
    json_decref(written);
    tuff_tokenizer *tokenizer = open_folder(folder);
    test_folder_remove(folder);
    return tokenizer;
}

static tuff_truncation strategy_of(const char *name) {
    static const char *const names[] = { "", "longest_first", "only_first", "only_second" };
    for (int i = 1; name && i < 4; i++) {
        if (strcmp(name, names[i]) == 0)
            return (tuff_truncation)i;
    }
    return TUFF_TRUNCATE_NONE;
}

static uint32_t number(json_t *object, const char *key) {
    return (uint32_t)json_integer_value(json_object_get(object, key));
}

static tuff_encode_options options_of(json_t *row) {
    tuff_encode_options options = TUFF_ENCODE_OPTIONS;
    options.no_special_tokens = !json_is_true(json_object_get(row, "add_special_tokens"));
    options.truncation = strategy_of(json_string_value(json_object_get(row, "strategy")));
    options.max_length = number(row, "max_length");
    options.stride = number(row, "stride");
    json_t *pad = json_object_get(row, "pad");
    const char *direction = json_string_value(json_object_get(pad, "direction"));
    options.pad_length = number(pad, "length");
    options.pad_multiple = number(pad, "pad_to_multiple_of");
    options.pad_left = direction && strcmp(direction, "left") == 0;
    return options;
}

static bool is_integer(json_t *array, size_t index, int64_t value) {
    return json_integer_value(json_array_get(array, index)) == value;
}

static void check_window(const char *id, const tuff_tokenizer *tokenizer, const tuff_encodings *encodings,
                         size_t window, json_t *expected) {
    const tuff_encoding *found = tuff_encodings_get(encodings, window);
    json_t *ids = json_object_get(expected, "ids");
    json_t *type_ids = json_object_get(expected, "type_ids");
    json_t *attention = json_object_get(expected, "attention");
    json_t *offsets = json_object_get(expected, "offsets");
    json_t *tokens = json_object_get(expected, "tokens");
    cr_assert_eq(found->count, json_array_size(ids), "%s, window %zu: %zu tokens, expected %zu", id, window,
                 found->count, json_array_size(ids));
    for (size_t i = 0; i < found->count; i++) {
        json_t *offset = json_array_get(offsets, i);
        const char *shown = tuff_encodings_token(encodings, tokenizer, window, i);
        cr_assert(is_integer(ids, i, found->input_ids[i]), "%s, window %zu, token %zu: id %d", id, window, i,
                  found->input_ids[i]);
        cr_assert(!type_ids || is_integer(type_ids, i, found->token_type_ids[i]),
                  "%s, window %zu, token %zu: type %d", id, window, i, found->token_type_ids[i]);
        cr_assert(!attention || is_integer(attention, i, found->attention_mask[i]),
                  "%s, window %zu, token %zu: attention %d", id, window, i, found->attention_mask[i]);
        cr_assert(!offsets || (is_integer(offset, 0, found->offsets[i].start) &&
                               is_integer(offset, 1, found->offsets[i].end)),
                  "%s, window %zu, token %zu: offset %u-%u", id, window, i, found->offsets[i].start,
                  found->offsets[i].end);
        cr_assert(!tokens || strcmp(shown, json_string_value(json_array_get(tokens, i))) == 0,
                  "%s, window %zu, token %zu: %s", id, window, i, shown);
    }
}

/* sha256 of the numbers, written with commas between them. */
static void check_digest(const char *id, const char *what, const tuff_encoding *found, json_t *expected) {
    const bool is_offsets = strcmp(what, "offsets_sha256") == 0;
    char *text = malloc(found->count * 24 + 1);
    size_t size = 0;
    for (size_t i = 0; i < found->count; i++) {
        const char *comma = i > 0 ? "," : "";
        size += (size_t)(is_offsets ? sprintf(text + size, "%s%u-%u", comma, found->offsets[i].start,
                                              found->offsets[i].end)
                                    : sprintf(text + size, "%s%d", comma, found->input_ids[i]));
    }
    char digits[65];
    test_sha256(text, size, digits);
    free(text);
    cr_assert_str_eq(digits, json_string_value(json_object_get(expected, what)), "%s: %s differs", id, what);
}

static void check_brief(const char *id, const tuff_encodings *encodings, json_t *brief) {
    const tuff_encoding *found = tuff_encodings_get(encodings, 0);
    cr_assert_eq(found->count, number(brief, "n"), "%s: %zu tokens", id, found->count);
    check_digest(id, "sha256", found, brief);
    check_digest(id, "offsets_sha256", found, brief);
}

static void check_overflow(const char *id, const tuff_tokenizer *tokenizer, const tuff_encodings *encodings,
                           json_t *overflow) {
    const size_t found = tuff_encodings_count(encodings) - 1;
    if (!json_is_array(overflow)) {
        cr_assert_eq(found, (size_t)json_integer_value(overflow), "%s: %zu further windows", id, found);
        return;
    }
    cr_assert_eq(found, json_array_size(overflow), "%s: %zu further windows, expected %zu", id, found,
                 json_array_size(overflow));
    for (size_t i = 0; i < found; i++)
        check_window(id, tokenizer, encodings, i + 1, json_array_get(overflow, i));
}

/* The text, or one that is repeated; freed by the caller. */
static tuff_text text_of(json_t *row) {
    json_t *repeat = json_object_get(row, "text_repeat");
    json_t *unit = repeat ? json_array_get(repeat, 0) : json_object_get(row, "text");
    const size_t length = json_string_length(unit);
    const size_t times = repeat ? (size_t)json_integer_value(json_array_get(repeat, 1)) : 1;
    char *data = malloc(length * times + 1);
    for (size_t i = 0; i < times; i++)
        memcpy(data + i * length, json_string_value(unit), length);
    return (tuff_text){ data, length * times };
}

static void check_row(const tuff_tokenizer *tokenizer, json_t *row) {
    const char *id = json_string_value(json_object_get(row, "id"));
    const tuff_text text = text_of(row);
    json_t *second = json_object_get(row, "pair");
    const tuff_text pair = { json_string_value(second), json_string_length(second) };
    const tuff_encode_options options = options_of(row);
    tuff_encodings *encodings = NULL;
    const tuff_status status = tuff_encode(tokenizer, text, second ? &pair : NULL, &options, &encodings);
    if (json_object_get(row, "error")) {
        cr_assert_eq(status, TUFF_ARGUMENT, "%s: accepted, but Hugging Face refuses it", id);
    } else {
        cr_assert_eq(status, TUFF_OK, "%s: %s", id, tuff_error_message());
        json_t *brief = json_object_get(row, "brief");
        if (brief)
            check_brief(id, encodings, brief);
        else
            check_window(id, tokenizer, encodings, 0, row);
        json_t *overflow = json_object_get(row, "overflow");
        if (overflow || !brief)
            check_overflow(id, tokenizer, encodings, overflow);
    }
    tuff_encodings_free(encodings);
    free((char *)text.data);
}

Test(task_tokenizer, every_case_of_the_oracle_is_equal, .timeout = 600) {
    json_t *configs = json_load_file(test_oracle("tokenizer/configs.json"), 0, NULL);
    cr_assert(configs);
    const char *name;
    json_t *config;
    tuff_tokenizer *tokenizers[16] = { 0 };
    size_t count = 0;
    json_object_foreach(configs, name, config) tokenizers[count++] = open_config(name, config);

    FILE *file = fopen(test_oracle("tokenizer/cases.jsonl"), "r");
    cr_assert(file);
    size_t checked = 0;
    json_t *row;
    while ((row = json_loadf(file, JSON_ALLOW_NUL | JSON_DISABLE_EOF_CHECK, NULL))) {
        const char *wanted = json_string_value(json_object_get(row, "config"));
        size_t index = 0;
        json_object_foreach(configs, name, config) {
            if (strcmp(name, wanted) == 0)
                break;
            index++;
        }
        cr_assert(index < count, "no config %s", wanted);
        check_row(tokenizers[index], row);
        json_decref(row);
        checked++;
    }
    fclose(file);
    cr_assert(checked >= 6123, "only %zu cases were read", checked);
    for (size_t i = 0; i < count; i++)
        tuff_tokenizer_close(tokenizers[i]);
    json_decref(configs);
}

Test(task_tokenizer, malformed_folders_are_taken_as_the_manifest_says) {
    json_t *manifest = json_load_file(test_oracle("malformed/manifest.json"), 0, NULL);
    cr_assert(manifest);
    size_t index;
    size_t checked = 0;
    json_t *row;
    json_array_foreach(json_object_get(manifest, "cases"), index, row) {
        const char *part = json_string_value(json_object_get(row, "part"));
        if (strcmp(part, "vocab") != 0 && strcmp(part, "tokenizer") != 0)
            continue;
        const char *id = json_string_value(json_object_get(row, "id"));
        const bool is_refused = strcmp(json_string_value(json_object_get(row, "verdict")), "refuse") == 0;
        char folder[TEST_PATH_SIZE];
        snprintf(folder, sizeof folder, "%s/%s", test_oracle("malformed"), id);
        tuff_tokenizer *tokenizer = NULL;
        const tuff_status status = tuff_tokenizer_open(folder, NULL, &tokenizer);
        cr_assert_eq(status != TUFF_OK, is_refused, "%s: %s", id, tuff_error_message());
        const char *word = json_string_value(json_object_get(row, "must_mention"));
        cr_assert(!word || strstr(tuff_error_message(), word), "%s: %s", id, tuff_error_message());
        json_t *expect = json_object_get(row, "expect");
        if (expect) {
            json_t *text = json_object_get(expect, "text");
            tuff_encodings *encodings = NULL;
            cr_assert_eq(tuff_encode(tokenizer,
                                     (tuff_text){ json_string_value(text), json_string_length(text) }, NULL,
                                     NULL, &encodings),
                         TUFF_OK);
            check_window(id, tokenizer, encodings, 0, expect);
            tuff_encodings_free(encodings);
        }
        tuff_tokenizer_close(tokenizer);
        checked++;
    }
    cr_assert(checked >= 8, "only %zu folders were tried", checked);
    json_decref(manifest);
}
