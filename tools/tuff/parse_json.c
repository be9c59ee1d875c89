/* SPDX-License-Identifier: Apache-2.0 */
#include "parse.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *type_name(const json_t *value) {
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "a list";
    case JSON_STRING:
        return "a string";
    case JSON_INTEGER:
    case JSON_REAL:
        return "a number";
    case JSON_NULL:
        return "null";
    default:
        return "a truth value";
    }
}

static bool take_list(const struct field *field, const json_t *list, struct arena *arena,
                      struct field_value *out_value, char *reason) {
    size_t count = json_array_size(list);
    tuff_text *texts = arena_allocate(arena, count * sizeof(*texts));
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(list, i);
        if (!json_is_string(item)) {
            snprintf(reason, REASON_SIZE, "%s[%zu] is %s, a string is wanted", field->name, i,
                     type_name(item));
            return false;
        }
        size_t length = json_string_length(item);
        texts[i] = (tuff_text){ arena_copy(arena, json_string_value(item), length), length };
    }
    *out_value = (struct field_value){ texts, count };
    return true;
}

static bool take_field(const struct field *field, size_t place, const json_t *object, struct arena *arena,
                       struct record *record, char *reason) {
    const json_t *value = json_object_get(object, field->name);
    if (!value || json_is_null(value)) {
        snprintf(reason, REASON_SIZE, "it has no \"%s\"", field->name);
        return !field->is_required;
    }
    if (field->refusal) {
        snprintf(reason, REASON_SIZE, "it has \"%s\"; %s", field->name, field->refusal);
        return false;
    }
    if (json_is_array(value) && field->is_list)
        return take_list(field, value, arena, &record->values[place], reason);
    if (!json_is_string(value)) {
        snprintf(reason, REASON_SIZE, "\"%s\" is %s, a string %sis wanted", field->name, type_name(value),
                 field->is_list ? "or a list of strings " : "");
        return false;
    }
    record_set(record, place, json_string_value(value), json_string_length(value), arena);
    return true;
}

static bool take_id(const struct record_source *source, const json_t *object, struct arena *arena,
                    struct record *record, char *reason) {
    const char *name = source->id_name ? source->id_name : "id";
    const json_t *value = json_object_get(object, name);
    if (!value) {
        snprintf(reason, REASON_SIZE, "it has no \"%s\"", name);
        return !source->id_name;
    }
    char *dumped = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    if (!dumped) {
        snprintf(reason, REASON_SIZE, "\"%s\" cannot be carried through", name);
        return false;
    }
    size_t length = strlen(dumped);
    record->id = (struct record_id){ { arena_copy(arena, dumped, length), length }, .is_json = true };
    free(dumped);
    return true;
}

bool parse_json(const struct record_source *source, tuff_text line, struct arena *arena,
                struct record *record, char reason[REASON_SIZE]) {
    json_error_t error;
    json_t *object =
        json_loadb(line.data, line.length, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (!object) {
        snprintf(reason, REASON_SIZE, "it is not JSON: %s at byte %d", error.text, error.position);
        return false;
    }
    bool is_good = json_is_object(object);
    if (!is_good)
        snprintf(reason, REASON_SIZE, "it is %s, an object is wanted", type_name(object));
    for (size_t i = 0; is_good && i < source->field_count; i++)
        is_good = take_field(&source->fields[i], i, object, arena, record, reason);
    is_good = is_good && take_id(source, object, arena, record, reason);
    json_decref(object);
    return is_good;
}
