/* SPDX-License-Identifier: Apache-2.0 */
/* Typed reading of JSON over jansson. A value knows its place, so that each failure names it:
 * "config.json: hidden_size: expected an integer". Strings may hold NUL (\u0000); of equal keys the last
 * wins, unless asked otherwise. jansson's memory comes from malloc: its allocator is a setting of the whole
 * process, which is the host program's to make. */
#ifndef TUFF_BASE_JSON_H
#define TUFF_BASE_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/* Deeper nesting is refused: no file of ours has it, and each level costs stack. */
#define TUFF_JSON_MAX_DEPTH 128

/* A value and the way to it. Points into its root and its parents, which must stay while it is used. */
struct tuff_json {
    json_t *value;                  /* borrowed; the root owns all */
    const struct tuff_json *parent; /* NULL: the root */
    const char *name;               /* the key; of the root the file's name; NULL: an item of an array */
    size_t index;                   /* of an item */
    bool has_huge_integers; /* of the root: some exceed 64 bits, so that all integers were read as doubles */
};

enum tuff_json_flags {
    TUFF_JSON_UNIQUE_KEYS = 1 /* a key that stands twice in an object is malformed */
};

/* `source` names the text in messages and is kept by pointer. TUFF_FORMAT where the text is not JSON, with
 * line and column. Free the root with tuff_json_free. */
tuff_status tuff_json_parse(const char *text, size_t size, const char *source, unsigned flags,
                            struct tuff_json *out_root);
/* The same from a file of at most `limit` bytes; `path` is the source. */
tuff_status tuff_json_load(const char *path, size_t limit, unsigned flags, struct tuff_json *out_root);
/* Only for a root; one that is zeroed is fine. */
void tuff_json_free(struct tuff_json *root);

/* Fails with TUFF_FORMAT and "FILE: path.to[3].value: " before the sentence. */
tuff_status tuff_json_fail(const struct tuff_json *json, const char *format, ...) TUFF_PRINTF(2, 3);
#ifdef __clang_analyzer__ /* as for tuff_fail */
#define tuff_json_fail(...) (tuff_json_fail(__VA_ARGS__), TUFF_FORMAT)
#endif

/* A member that is there and not null. `object` may be of any kind: what is no object has no members. */
bool tuff_json_find(const struct tuff_json *object, const char *key, struct tuff_json *out_member);
/* The item at `index`, which must be below the count. */
struct tuff_json tuff_json_item(const struct tuff_json *array, size_t index);
/* Items of an array or members of an object; 0 for other kinds. */
size_t tuff_json_count(const struct tuff_json *json);

/* The value itself as a type; TUFF_FORMAT if it is of another. Strings are valid as long as the root. */
tuff_status tuff_json_as_text(const struct tuff_json *json, tuff_text *out_text);
tuff_status tuff_json_as_string(const struct tuff_json *json,
                                const char **out_string); /* refuses NUL inside */
tuff_status tuff_json_as_integer(const struct tuff_json *json, int64_t *out_integer);
tuff_status tuff_json_as_number(const struct tuff_json *json, double *out_number);
tuff_status tuff_json_as_boolean(const struct tuff_json *json, bool *out_boolean);

/* Members that must be there: TUFF_FORMAT if they are missing, null or of another type. */
tuff_status tuff_json_text(const struct tuff_json *object, const char *key, tuff_text *out_text);
tuff_status tuff_json_string(const struct tuff_json *object, const char *key, const char **out_string);
tuff_status tuff_json_integer(const struct tuff_json *object, const char *key, int64_t *out_integer);
tuff_status tuff_json_number(const struct tuff_json *object, const char *key, double *out_number);
tuff_status tuff_json_boolean(const struct tuff_json *object, const char *key, bool *out_boolean);
tuff_status tuff_json_array(const struct tuff_json *object, const char *key, struct tuff_json *out_array);
tuff_status tuff_json_object(const struct tuff_json *object, const char *key, struct tuff_json *out_object);

/* Members that may be missing or null: *inout is then left as it is. Another type still fails. */
tuff_status tuff_json_optional_text(const struct tuff_json *object, const char *key, tuff_text *inout_text);
tuff_status tuff_json_optional_string(const struct tuff_json *object, const char *key,
                                      const char **inout_string);
tuff_status tuff_json_optional_integer(const struct tuff_json *object, const char *key,
                                       int64_t *inout_integer);
tuff_status tuff_json_optional_number(const struct tuff_json *object, const char *key, double *inout_number);
tuff_status tuff_json_optional_boolean(const struct tuff_json *object, const char *key, bool *inout_boolean);

#endif
