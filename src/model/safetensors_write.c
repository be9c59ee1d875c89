/* SPDX-License-Identifier: Apache-2.0 */
/* Writing of safetensors. Data follow each other by falling element size, so that each tensor is aligned to
 * its elements, as the format's own writer does. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "model/safetensors.h"

enum { LENGTH_SIZE = 8, ALIGNMENT = 8 };

/* An array with the place it gets. */
struct entry {
    const struct tuff_array *array;
    enum tuff_element element;
    size_t order; /* as given */
    size_t size;  /* bytes */
};

static tuff_status make_entry(const char *path, const struct tuff_array *array, struct entry *out_entry) {
    size_t bits = 0;
    if (!tuff_element_of(array->dtype, &out_entry->element))
        return tuff_fail(TUFF_ARGUMENT, "%s: %s: %d is not a type of arrays", path, array->name,
                         (int)array->dtype);
    if (strcmp(array->name, TUFF_METADATA_KEY) == 0)
        return tuff_fail(TUFF_ARGUMENT, "%s: an array cannot have the name %s", path, array->name);
    size_t count = 1;
    bool fits = array->rank <= TUFF_MAX_RANK;
    for (size_t i = 0; i < array->rank && fits; i++)
        fits = tuff_multiply(count, array->shape[i], &count);
    if (!fits || !tuff_multiply(count, tuff_element_bits(out_entry->element), &bits))
        return tuff_fail(TUFF_ARGUMENT, "%s: %s: the shape is too large", path, array->name);
    out_entry->array = array;
    out_entry->size = bits / 8;
    return TUFF_OK;
}

static int compare_entries(const void *left, const void *right) {
    const struct entry *a = left;
    const struct entry *b = right;
    const size_t a_bits = tuff_element_bits(a->element);
    const size_t b_bits = tuff_element_bits(b->element);
    if (a_bits != b_bits)
        return a_bits > b_bits ? -1 : 1;
    return (a->order > b->order) - (a->order < b->order);
}

static json_t *describe(const struct entry *entry, size_t start) {
    json_t *shape = json_array();
    for (size_t i = 0; i < entry->array->rank; i++)
        json_array_append_new(shape, json_integer((json_int_t)entry->array->shape[i]));
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", tuff_element_name(entry->element), "shape", shape,
                     "data_offsets", (json_int_t)start, (json_int_t)start + (json_int_t)entry->size);
}

/* The header as JSON; `out_header` is owned by the caller. */
static tuff_status make_header(const char *path, const struct entry *entries, size_t count,
                               json_t **out_header) {
    *out_header = json_pack("{s:{s:s}}", TUFF_METADATA_KEY, "format", "pt");
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        const char *name = entries[i].array->name;
        if (json_object_get(*out_header, name))
            return tuff_fail(TUFF_ARGUMENT, "%s: two arrays have the name %s", path, name);
        if (json_object_set_new(*out_header, name, describe(&entries[i], at)) != 0)
            return tuff_fail(TUFF_ARGUMENT, "%s: the name of array %zu is not UTF-8", path, entries[i].order);
        if (!tuff_add(at, entries[i].size, &at))
            return tuff_fail(TUFF_ARGUMENT, "%s: the arrays are too large together", path);
    }
    return TUFF_OK;
}

/* Length, header and the spaces that align the data, as the file begins. */
static tuff_status print_header(const json_t *header, char **out_start, size_t *out_size) {
    const size_t length = json_dumpb(header, NULL, 0, JSON_COMPACT);
    const size_t padded = (length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (length == 0)
        return tuff_fail(TUFF_HOST_MEMORY, "out of host memory: no header can be made");
    TUFF_TRY(tuff_alloc(LENGTH_SIZE + padded, 1, out_start));
    memset(*out_start, ' ', LENGTH_SIZE + padded);
    for (size_t i = 0; i < LENGTH_SIZE; i++)
        (*out_start)[i] = (char)(unsigned char)((uint64_t)padded >> 8 * i);
    json_dumpb(header, *out_start + LENGTH_SIZE, length, JSON_COMPACT);
    *out_size = LENGTH_SIZE + padded;
    return TUFF_OK;
}

static tuff_status write_entries(const char *path, struct entry *entries, struct tuff_file_part *parts,
                                 size_t count) {
    json_t *header = NULL;
    char *start = NULL;
    qsort(entries, count, sizeof *entries, compare_entries);
    tuff_status status = make_header(path, entries, count, &header);
    if (status == TUFF_OK)
        status = print_header(header, &start, &parts[0].size);
    json_decref(header);
    if (status == TUFF_OK) {
        parts[0].data = start;
        for (size_t i = 0; i < count; i++)
            parts[i + 1] = (struct tuff_file_part){ entries[i].array->data, entries[i].size };
        status = tuff_file_replace_parts(path, parts, count + 1);
    }
    tuff_free(start);
    return status;
}

tuff_status tuff_safetensors_write(const char *path, const struct tuff_array *const *arrays, size_t count) {
    struct entry *entries = NULL;
    struct tuff_file_part *parts = NULL;
    tuff_status status = TUFF_OK;
    TUFF_TRY_GOTO(tuff_alloc(count, sizeof *entries, &entries));
    TUFF_TRY_GOTO(tuff_alloc(count + 1, sizeof *parts, &parts));
    for (size_t i = 0; i < count; i++) {
        TUFF_TRY_GOTO(make_entry(path, arrays[i], &entries[i]));
        entries[i].order = i;
    }
    status = write_entries(path, entries, parts, count);
done:
    tuff_free(parts);
    tuff_free(entries);
    return status;
}
