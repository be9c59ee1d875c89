/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "base/json.h"

static struct tuff_json parse(const char *text) {
    struct tuff_json root;
    const tuff_status status = tuff_json_parse(text, strlen(text), "config.json", 0, &root);
    cr_assert_eq(status, TUFF_OK, "%s: %s", text, tuff_error_message());
    return root;
}

Test(base_json, members_are_read_by_type) {
    struct tuff_json root =
        parse("{\"name\": \"a\\u0000b\", \"size\": 12, \"rate\": 1e-12, \"on\": true, \"none\": null}");
    tuff_text name;
    int64_t size = 0;
    double rate = 0;
    bool is_on = false;
    cr_assert_eq(tuff_json_text(&root, "name", &name), TUFF_OK);
    cr_assert_eq(name.length, 3);
    cr_assert_eq(memcmp(name.data, "a\0b", 3), 0);
    cr_assert_eq(tuff_json_integer(&root, "size", &size), TUFF_OK);
    cr_assert_eq(size, 12);
    cr_assert_eq(tuff_json_number(&root, "rate", &rate), TUFF_OK);
    cr_assert_eq(rate, 1e-12);
    cr_assert_eq(tuff_json_boolean(&root, "on", &is_on), TUFF_OK);
    cr_assert(is_on);
    cr_assert_eq(tuff_json_optional_integer(&root, "none", &size), TUFF_OK);
    cr_assert_eq(tuff_json_optional_integer(&root, "absent", &size), TUFF_OK);
    cr_assert_eq(size, 12);
    tuff_json_free(&root);
}

Test(base_json, failures_name_the_place) {
    struct tuff_json root =
        parse("{\"hidden_size\": \"x\", \"model\": {\"list\": [1, {\"id\": true}]}, \"nul\": \"\\u0000\"}");
    int64_t integer;
    const char *string;
    cr_assert_eq(tuff_json_integer(&root, "hidden_size", &integer), TUFF_FORMAT);
    cr_assert_str_eq(tuff_error_message(), "config.json: hidden_size: expected an integer");
    cr_assert_eq(tuff_json_optional_integer(&root, "hidden_size", &integer), TUFF_FORMAT);
    cr_assert_eq(tuff_json_integer(&root, "layers", &integer), TUFF_FORMAT);
    cr_assert_str_eq(tuff_error_message(), "config.json: layers: is missing");
    cr_assert_eq(tuff_json_string(&root, "nul", &string), TUFF_FORMAT);

    struct tuff_json model, list;
    cr_assert_eq(tuff_json_object(&root, "model", &model), TUFF_OK);
    cr_assert_eq(tuff_json_array(&model, "list", &list), TUFF_OK);
    cr_assert_eq(tuff_json_count(&list), 2);
    const struct tuff_json item = tuff_json_item(&list, 1);
    cr_assert_eq(tuff_json_integer(&item, "id", &integer), TUFF_FORMAT);
    cr_assert_str_eq(tuff_error_message(), "config.json: model.list[1].id: expected an integer");
    const struct tuff_json number = tuff_json_item(&list, 0);
    cr_assert_eq(tuff_json_integer(&number, "id", &integer), TUFF_FORMAT);
    cr_assert_str_eq(tuff_error_message(), "config.json: model.list[0]: expected an object");
    tuff_json_free(&root);
}

Test(base_json, malformed_text_is_refused) {
    static const char *const texts[] = { "",          "{",           "{\"a\": 1,}", "[1, 2",
                                         "{\"a\" 1}", "\"\\ud800\"", "\xff",        "\"\xc3\x28\"",
                                         "{} {}" };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct tuff_json root;
        cr_assert_eq(tuff_json_parse(texts[i], strlen(texts[i]), "x.json", 0, &root), TUFF_FORMAT, "%s",
                     texts[i]);
        cr_assert_eq(strncmp(tuff_error_message(), "x.json: line ", 13), 0, "%s", tuff_error_message());
        tuff_json_free(&root);
    }
}

Test(base_json, equal_keys_are_refused_where_asked) {
    static const char text[] = "{\"a\": 1, \"a\": 2}";
    struct tuff_json root;
    int64_t a = 0;
    cr_assert_eq(tuff_json_parse(text, strlen(text), "x", 0, &root), TUFF_OK);
    cr_assert_eq(tuff_json_integer(&root, "a", &a), TUFF_OK);
    cr_assert_eq(a, 2);
    tuff_json_free(&root);
    cr_assert_eq(tuff_json_parse(text, strlen(text), "x", TUFF_JSON_UNIQUE_KEYS, &root), TUFF_FORMAT);
}

Test(base_json, deep_nesting_is_refused) {
    char text[4096];
    memset(text, '[', sizeof text);
    struct tuff_json root;
    cr_assert_eq(tuff_json_parse(text, sizeof text, "deep.json", 0, &root), TUFF_FORMAT);
    cr_assert(strstr(tuff_error_message(), "nested deeper"));
    memset(text, '[', 128);
    memset(text + 128, ']', 128);
    cr_assert_eq(tuff_json_parse(text, 256, "deep.json", 0, &root), TUFF_OK);
    tuff_json_free(&root);
    /* Brackets in a string are no nesting, even behind an escaped quote. */
    memset(text, '[', 600);
    memcpy(text, "\"\\\"", 3);
    text[600] = '"';
    cr_assert_eq(tuff_json_parse(text, 601, "deep.json", 0, &root), TUFF_OK);
    tuff_json_free(&root);
}

Test(base_json, integers_beyond_64_bits_are_numbers) {
    struct tuff_json root = parse("{\"model_max_length\": 1000000000000000019884624838656, \"size\": 12}");
    double number = 0;
    int64_t size = 0;
    cr_expect_eq(tuff_json_number(&root, "model_max_length", &number), TUFF_OK);
    cr_expect_eq(number, 1e30);
    cr_expect_eq(tuff_json_integer(&root, "model_max_length", &size), TUFF_FORMAT);
    cr_expect_eq(tuff_json_integer(&root, "size", &size), TUFF_OK);
    cr_expect_eq(size, 12);
    tuff_json_free(&root);
}
