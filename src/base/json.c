/* SPDX-License-Identifier: Apache-2.0 */
/* Typed reading of JSON over jansson; see json.h. The kinds differ in one line each, the table of getters for
 * members that must be there and members that may be missing is made from them. */
#include "base/json.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"

/* Brackets outside strings, so that jansson's recursion stays shallow whatever the text. */
static bool is_too_deep(const char *text, size_t size) {
    size_t depth = 0;
    bool is_string = false;
    for (size_t i = 0; i < size; i++) {
        const char c = text[i];
        if (is_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                is_string = false;
        } else if (c == '"') {
            is_string = true;
        } else if (c == '[' || c == '{') {
            if (++depth > TUFF_JSON_MAX_DEPTH)
                return true;
        } else if ((c == ']' || c == '}') && depth > 0) {
            depth--;
        }
    }
    return false;
}

/* The string that ends at `end`, which is behind its closing quote; empty if there is none. */
static tuff_text string_before(const char *text, size_t end) {
    if (end == 0 || text[end - 1] != '"')
        return (tuff_text){ "", 0 };
    size_t start = end - 1;
    while (start > 0 && (text[start - 1] != '"' || (start > 1 && text[start - 2] == '\\')))
        start--;
    return (tuff_text){ text + start, end - 1 - start };
}

/* jansson's sentence with line and column; of a key that stands twice it does not say which, so this does. */
static tuff_status fail_parse(const char *source, const char *text, size_t size, const json_error_t *error) {
    const size_t end = error->position > 0 && (size_t)error->position <= size ? (size_t)error->position : 0;
    const tuff_text key = string_before(text, end);
    if (json_error_code(error) == json_error_out_of_memory)
        return tuff_fail(TUFF_HOST_MEMORY, "%s: no memory for its %zu bytes of JSON", source, size);
    if (tuff_file_is_lfs_pointer(text, size))
        return tuff_fail(TUFF_FORMAT, "%s: is a Git LFS pointer instead of the file; run git lfs pull",
                         source);
    if (json_error_code(error) == json_error_duplicate_key)
        return tuff_fail(TUFF_FORMAT, "%s: line %d, column %d: the key %.*s stands there twice", source,
                         error->line, error->column, key.length < 200 ? (int)key.length : 200, key.data);
    return tuff_fail(TUFF_FORMAT, "%s: line %d, column %d: %s", source, error->line, error->column,
                     error->text);
}

tuff_status tuff_json_parse(const char *text, size_t size, const char *source, unsigned flags,
                            struct tuff_json *out_root) {
    *out_root = (struct tuff_json){ .name = source };
    if (is_too_deep(text, size))
        return tuff_fail(TUFF_FORMAT, "%s: nested deeper than %d levels", source, TUFF_JSON_MAX_DEPTH);
    size_t jansson_flags = JSON_ALLOW_NUL | JSON_DECODE_ANY;
    if (flags & TUFF_JSON_UNIQUE_KEYS)
        jansson_flags |= JSON_REJECT_DUPLICATES;
    json_error_t error;
    out_root->value = json_loadb(text, size, jansson_flags, &error);
    if (!out_root->value && json_error_code(&error) == json_error_numeric_overflow) {
        /* "model_max_length": 10^30 is common. */
        out_root->value = json_loadb(text, size, jansson_flags | JSON_DECODE_INT_AS_REAL, &error);
        out_root->has_huge_integers = out_root->value != NULL;
    }
    return out_root->value ? TUFF_OK : fail_parse(source, text, size, &error);
}

tuff_status tuff_json_load(const char *path, size_t limit, unsigned flags, struct tuff_json *out_root) {
    *out_root = (struct tuff_json){ .name = path };
    char *data = NULL;
    size_t size = 0;
    TUFF_TRY(tuff_file_read(path, limit, &data, &size));
    const tuff_status status = tuff_json_parse(data, size, path, flags, out_root);
    tuff_free(data);
    return status;
}

void tuff_json_free(struct tuff_json *root) {
    json_decref(root->value);
    root->value = NULL;
}

/* A text that is cut where the room ends. */
struct path {
    char text[256];
    size_t length;
};

static void append(struct path *path, const char *format, ...) TUFF_PRINTF(2, 3);
static void append(struct path *path, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const size_t room = sizeof path->text - path->length;
    const int written = vsnprintf(path->text + path->length, room, format, arguments);
    va_end(arguments);
    if (written > 0)
        path->length += (size_t)written < room ? (size_t)written : room - 1;
}

static const struct tuff_json *root_of(const struct tuff_json *json) {
    while (json->parent)
        json = json->parent;
    return json;
}

/* "model.vocab[3]"; the root's name is not part of it. */
static void append_path(struct path *path, const struct tuff_json *json) {
    if (!json->parent)
        return;
    append_path(path, json->parent);
    if (json->name)
        append(path, "%s%s", path->length > 0 ? "." : "", json->name);
    else
        append(path, "[%zu]", json->index);
}

tuff_status(tuff_json_fail)(const struct tuff_json *json, const char *format, ...) {
    char sentence[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);

    struct path path = { 0 };
    append_path(&path, json);
    return tuff_fail(TUFF_FORMAT, "%s: %s%s%s", root_of(json)->name, path.text, path.length > 0 ? ": " : "",
                     sentence);
}

bool tuff_json_find(const struct tuff_json *object, const char *key, struct tuff_json *out_member) {
    *out_member = (struct tuff_json){ .parent = object, .name = key };
    out_member->value = json_object_get(object->value, key);
    return out_member->value && !json_is_null(out_member->value);
}

struct tuff_json tuff_json_item(const struct tuff_json *array, size_t index) {
    return (
        struct tuff_json){ .value = json_array_get(array->value, index), .parent = array, .index = index };
}

size_t tuff_json_count(const struct tuff_json *json) {
    return json_is_array(json->value) ? json_array_size(json->value) : json_object_size(json->value);
}

tuff_status tuff_json_as_text(const struct tuff_json *json, tuff_text *out_text) {
    if (!json_is_string(json->value))
        return tuff_json_fail(json, "expected a string");
    *out_text = (tuff_text){ json_string_value(json->value), json_string_length(json->value) };
    return TUFF_OK;
}

tuff_status tuff_json_as_string(const struct tuff_json *json, const char **out_string) {
    tuff_text text = { NULL, 0 };
    TUFF_TRY(tuff_json_as_text(json, &text));
    if (memchr(text.data, '\0', text.length))
        return tuff_json_fail(json, "holds a NUL character");
    *out_string = text.data;
    return TUFF_OK;
}

tuff_status tuff_json_as_integer(const struct tuff_json *json, int64_t *out_integer) {
    const double real = json_real_value(json->value); /* 0 for other kinds */
    const bool was_integer = json_is_real(json->value) && root_of(json)->has_huge_integers &&
                             fabs(real) <= 0x1p53 && floor(real) == real;
    if (!json_is_integer(json->value) && !was_integer)
        return tuff_json_fail(json, "expected an integer%s",
                              root_of(json)->has_huge_integers ? " of at most 64 bits" : "");
    *out_integer = was_integer ? (int64_t)real : json_integer_value(json->value);
    return TUFF_OK;
}

tuff_status tuff_json_as_number(const struct tuff_json *json, double *out_number) {
    if (!json_is_number(json->value))
        return tuff_json_fail(json, "expected a number");
    *out_number = json_number_value(json->value);
    return TUFF_OK;
}

tuff_status tuff_json_as_boolean(const struct tuff_json *json, bool *out_boolean) {
    if (!json_is_boolean(json->value))
        return tuff_json_fail(json, "expected true or false");
    *out_boolean = json_is_true(json->value);
    return TUFF_OK;
}

/* A member that is not null, of any kind. */
static tuff_status require(const struct tuff_json *object, const char *key, struct tuff_json *out_member) {
    if (!json_is_object(object->value))
        return tuff_json_fail(object, "expected an object");
    if (!tuff_json_find(object, key, out_member))
        return tuff_json_fail(out_member, out_member->value ? "is null" : "is missing");
    return TUFF_OK;
}

#define DEFINE_MEMBER_GETTERS(kind, type)                                                                    \
    tuff_status tuff_json_##kind(const struct tuff_json *object, const char *key, type *out) {               \
        struct tuff_json member;                                                                             \
        TUFF_TRY(require(object, key, &member));                                                             \
        return tuff_json_as_##kind(&member, out);                                                            \
    }                                                                                                        \
    tuff_status tuff_json_optional_##kind(const struct tuff_json *object, const char *key, type *inout) {    \
        struct tuff_json member;                                                                             \
        return tuff_json_find(object, key, &member) ? tuff_json_as_##kind(&member, inout) : TUFF_OK;         \
    }

DEFINE_MEMBER_GETTERS(text, tuff_text)
DEFINE_MEMBER_GETTERS(string, const char *)
DEFINE_MEMBER_GETTERS(integer, int64_t)
DEFINE_MEMBER_GETTERS(number, double)
DEFINE_MEMBER_GETTERS(boolean, bool)

tuff_status tuff_json_array(const struct tuff_json *object, const char *key, struct tuff_json *out_array) {
    TUFF_TRY(require(object, key, out_array));
    return json_is_array(out_array->value) ? TUFF_OK : tuff_json_fail(out_array, "expected an array");
}

tuff_status tuff_json_object(const struct tuff_json *object, const char *key, struct tuff_json *out_object) {
    TUFF_TRY(require(object, key, out_object));
    return json_is_object(out_object->value) ? TUFF_OK : tuff_json_fail(out_object, "expected an object");
}
