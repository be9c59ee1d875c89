/* SPDX-License-Identifier: Apache-2.0 */
/* JSON Lines: an object a line. A field is a text, a number or a boolean, or a list of those. */
#include <string.h>

#include "base/memory.h"
#include "task/dataset_reader.h"

/* A value as text; false for objects, lists and null. */
static tuff_status text_of(struct tuff_dataset_reader *reader, json_t *value, tuff_text *out_text,
                           bool *out_is_text) {
    struct tuff_blocks *blocks = &reader->dataset->blocks;
    char number[40];
    *out_is_text = true;
    if (json_is_string(value))
        return tuff_blocks_copy(blocks, json_string_value(value), json_string_length(value), out_text);
    if (json_is_boolean(value))
        return tuff_blocks_copy(blocks, json_is_true(value) ? "1" : "0", 1, out_text);
    if (json_is_integer(value))
        snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_real(value))
        snprintf(number, sizeof number, "%.17g", json_real_value(value));
    else
        *out_is_text = false;
    return *out_is_text ? tuff_blocks_copy(blocks, number, strlen(number), out_text) : TUFF_OK;
}

/* What stands in one key. *out_is_good is false where it holds something else than texts. */
static tuff_status read_value(struct tuff_dataset_reader *reader, json_t *value,
                              struct tuff_field_value *out_field, bool *out_is_good) {
    const bool is_list = json_is_array(value);
    const size_t count = is_list ? json_array_size(value) : 1;
    tuff_text *texts = NULL;
    *out_is_good = true;
    TUFF_TRY(tuff_blocks_allocate(&reader->dataset->blocks, count, sizeof *texts, &texts));
    for (size_t i = 0; i < count && *out_is_good; i++)
        TUFF_TRY(text_of(reader, is_list ? json_array_get(value, i) : value, &texts[i], out_is_good));
    *out_field = (struct tuff_field_value){ texts, count, true, is_list };
    return TUFF_OK;
}

/* The value of a key, or of several with commas between them as a new list; NULL where one is missing. */
static json_t *find_value(const json_t *object, const char *names) {
    json_t *value = json_object_get(object, names);
    if (value && !json_is_null(value))
        return json_incref(value);
    if (!strchr(names, ','))
        return NULL;
    json_t *list = json_array();
    while (list && *names) {
        const size_t length = strcspn(names, ",");
        value = json_object_getn(object, names, length);
        if (!value || json_array_append(list, value) != 0) {
            json_decref(list);
            return NULL;
        }
        names += length + (names[length] == ',');
    }
    return list;
}

/* *out_missing is the name of a field that the record must have but has not. */
static tuff_status read_field(struct tuff_dataset_reader *reader, const json_t *object, enum tuff_field field,
                              struct tuff_field_value *out_field, const char **out_missing,
                              bool *out_is_good) {
    const char *asked = tuff_dataset_asked_name(reader->options, field);
    const char *const *usual = tuff_dataset_usual_names(reader->options->kind, field);
    json_t *value = asked ? find_value(object, asked) : NULL;
    for (size_t i = 0; !asked && !value && usual[i]; i++)
        value = find_value(object, usual[i]);
    if (!value) {
        if (tuff_dataset_needs(reader->options, field) && field != TUFF_FIELD_ID)
            *out_missing = asked ? asked : usual[0];
        return TUFF_OK;
    }
    const tuff_status status = read_value(reader, value, out_field, out_is_good);
    json_decref(value);
    return status;
}

static tuff_status push_object(struct tuff_dataset_reader *reader, size_t line, const json_t *object) {
    struct tuff_record record = { .line = line };
    for (int field = 0; field < TUFF_FIELD_COUNT; field++) {
        const char *missing = NULL;
        bool is_good = true;
        TUFF_TRY(
            read_field(reader, object, (enum tuff_field)field, &record.fields[field], &missing, &is_good));
        if (missing)
            return tuff_dataset_reject(reader, line, "has no \"%s\"", missing);
        if (!is_good)
            return tuff_dataset_reject(reader, line, "has a field that is neither text nor number");
    }
    return tuff_dataset_push(reader, &record);
}

static tuff_status push_line(struct tuff_dataset_reader *reader, size_t line, tuff_text text) {
    struct tuff_json root = { 0 };
    tuff_status status = tuff_json_parse(text.data, text.length, "the record", TUFF_JSON_UNIQUE_KEYS, &root);
    if (status == TUFF_FORMAT)
        return tuff_dataset_reject(reader, line, "%s", tuff_error_message());
    TUFF_TRY(status);
    if (json_is_object(root.value))
        status = push_object(reader, line, root.value);
    else
        status = tuff_dataset_reject(reader, line, "is not a JSON object");
    tuff_json_free(&root);
    return status;
}

tuff_status tuff_dataset_read_jsonl(struct tuff_dataset_reader *reader) {
    tuff_text text;
    for (size_t at = 0, line = 1; tuff_dataset_next_line(reader->text, &at, &text); line++) {
        if (tuff_dataset_is_full(reader))
            break;
        if (text.length > 0)
            TUFF_TRY(push_line(reader, line, text));
    }
    return TUFF_OK;
}
