/* SPDX-License-Identifier: Apache-2.0 */
#include "model/safetensors.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/half.h"
#include "base/json.h"
#include "base/memory.h"

/* The format's own limit. */
enum { MAX_HEADER = 100000000, LENGTH_SIZE = 8 };

static const struct element {
    const char *name;
    size_t bits;
    tuff_dtype dtype;
} elements[] = {
#define ELEMENT(name, bits, dtype) { #name, bits, dtype },
    TUFF_ELEMENTS(ELEMENT)
#undef ELEMENT
};

const char *tuff_element_name(enum tuff_element element) {
    return elements[element].name;
}

size_t tuff_element_bits(enum tuff_element element) {
    return elements[element].bits;
}

tuff_dtype tuff_element_dtype(enum tuff_element element) {
    return elements[element].dtype;
}

bool tuff_element_of(tuff_dtype dtype, enum tuff_element *out_element) {
    for (int i = 0; i < TUFF_ELEMENT_COUNT; i++) {
        if (dtype != TUFF_DTYPE_AUTO && elements[i].dtype == dtype) {
            *out_element = (enum tuff_element)i;
            return true;
        }
    }
    return false;
}

const char *tuff_shape_text(const size_t *shape, size_t rank, char text[TUFF_SHAPE_TEXT_SIZE]) {
    size_t length = (size_t)snprintf(text, TUFF_SHAPE_TEXT_SIZE, "(");
    for (size_t i = 0; i < rank; i++) {
        if (length + 32 > TUFF_SHAPE_TEXT_SIZE) {
            length += (size_t)snprintf(text + length, TUFF_SHAPE_TEXT_SIZE - length, "...");
            break;
        }
        length += (size_t)snprintf(text + length, TUFF_SHAPE_TEXT_SIZE - length, "%zu%s", shape[i],
                                   i + 1 < rank ? ", " : "");
    }
    snprintf(text + length, TUFF_SHAPE_TEXT_SIZE - length, ")");
    return text;
}

/* ---------------------------------------------------------------- reading */

/* Finds the header in the mapped file. */
static tuff_status find_header(const struct tuff_safetensors *file, const char **out_header,
                               size_t *out_size) {
    const unsigned char *data = file->mapping.data;
    const size_t size = file->mapping.size;
    if (tuff_file_is_lfs_pointer(data, size))
        return tuff_fail(TUFF_FORMAT, "%s: is a Git LFS pointer instead of the weights; run git lfs pull",
                         file->path);
    if (size < LENGTH_SIZE)
        return tuff_fail(TUFF_FORMAT, "%s: has %zu bytes, too few for a safetensors file", file->path, size);
    uint64_t length = 0;
    for (int i = LENGTH_SIZE - 1; i >= 0; i--)
        length = length << 8 | data[i];
    if (length > MAX_HEADER)
        return tuff_fail(TUFF_FORMAT,
                         "%s: the header's length is %llu, above the format's limit of %d: not a "
                         "safetensors file, or a damaged one",
                         file->path, (unsigned long long)length, MAX_HEADER);
    if (length > size - LENGTH_SIZE)
        return tuff_fail(TUFF_FORMAT, "%s: the header has %llu bytes, but only %zu are left in the file",
                         file->path, (unsigned long long)length, size - LENGTH_SIZE);
    if (length == 0 || data[LENGTH_SIZE] != '{')
        return tuff_fail(TUFF_FORMAT, "%s: the header does not begin with {", file->path);
    *out_header = (const char *)data + LENGTH_SIZE;
    *out_size = (size_t)length;
    return TUFF_OK;
}

static tuff_status check_metadata(const struct tuff_json *metadata) {
    if (!json_is_object(metadata->value))
        return tuff_json_fail(metadata, "expected an object");
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach(metadata->value, key, value) {
        tuff_text text;
        TUFF_TRY(
            tuff_json_as_text(&(struct tuff_json){ .value = value, .parent = metadata, .name = key }, &text));
    }
    return TUFF_OK;
}

static tuff_status read_size(const struct tuff_json *json, size_t *out_size) {
    int64_t integer = 0;
    TUFF_TRY(tuff_json_as_integer(json, &integer));
    if (integer < 0)
        return tuff_json_fail(json, "is negative: %lld", (long long)integer);
    if ((uint64_t)integer > SIZE_MAX)
        return tuff_json_fail(json, "is too large: %lld", (long long)integer);
    *out_size = (size_t)integer;
    return TUFF_OK;
}

static tuff_status read_element(const struct tuff_json *tensor, enum tuff_element *out_element) {
    const char *name = NULL;
    TUFF_TRY(tuff_json_string(tensor, "dtype", &name));
    for (int i = 0; i < TUFF_ELEMENT_COUNT; i++) {
        if (strcmp(name, elements[i].name) == 0) {
            *out_element = (enum tuff_element)i;
            return TUFF_OK;
        }
    }
    return tuff_json_fail(tensor, "unknown dtype %s", name);
}

/* The shape into `shape`, which has room, and the number of elements. */
static tuff_status read_shape(const struct tuff_json *array, size_t *shape, size_t *out_count) {
    size_t count = 1;
    for (size_t i = 0; i < tuff_json_count(array); i++) {
        const struct tuff_json item = tuff_json_item(array, i);
        TUFF_TRY(read_size(&item, &shape[i]));
        if (!tuff_multiply(count, shape[i], &count))
            return tuff_json_fail(array, "its product overflows");
    }
    *out_count = count;
    return TUFF_OK;
}

/* One entry of the header: everything about the tensor alone. */
static tuff_status read_view(const struct tuff_json *tensor, const unsigned char *data, size_t data_size,
                             size_t *shape, struct tuff_tensor_view *out_view) {
    struct tuff_json array;
    size_t offsets[2] = { 0, 0 };
    size_t bits = 0;
    TUFF_TRY(read_element(tensor, &out_view->element));
    TUFF_TRY(tuff_json_array(tensor, "shape", &array));
    TUFF_TRY(read_shape(&array, shape, &out_view->count));
    out_view->shape = shape;
    out_view->rank = tuff_json_count(&array);
    TUFF_TRY(tuff_json_array(tensor, "data_offsets", &array));
    if (tuff_json_count(&array) != 2)
        return tuff_json_fail(&array, "expected two numbers");
    for (size_t i = 0; i < 2; i++) {
        const struct tuff_json item = tuff_json_item(&array, i);
        TUFF_TRY(read_size(&item, &offsets[i]));
    }
    if (offsets[0] > offsets[1])
        return tuff_json_fail(&array, "ends at %zu, before its start at %zu", offsets[1], offsets[0]);
    if (offsets[1] > data_size)
        return tuff_json_fail(&array, "ends at byte %zu, but the file has %zu bytes of data", offsets[1],
                              data_size);
    out_view->data = data + offsets[0];
    out_view->size = offsets[1] - offsets[0];
    if (!tuff_multiply(out_view->count, elements[out_view->element].bits, &bits) || bits % 8 != 0 ||
        bits / 8 != out_view->size) {
        char text[TUFF_SHAPE_TEXT_SIZE];
        return tuff_json_fail(tensor, "shape %s of %s does not give the %zu bytes of its span",
                              tuff_shape_text(shape, out_view->rank, text), elements[out_view->element].name,
                              out_view->size);
    }
    return TUFF_OK;
}

/* Memory for the views, their names and their shapes, in one go each. */
static tuff_status reserve_views(struct tuff_safetensors *file, const struct tuff_json *header) {
    size_t names_size = 0;
    size_t dimensions = 0;
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach(header->value, key, value) {
        names_size += strlen(key) + 1;
        dimensions += json_array_size(json_object_get(value, "shape"));
    }
    TUFF_TRY(tuff_alloc(tuff_json_count(header), sizeof *file->views, &file->views));
    TUFF_TRY(tuff_alloc(names_size, 1, &file->names));
    return tuff_alloc(dimensions, sizeof *file->shapes, &file->shapes);
}

static tuff_status read_views(struct tuff_safetensors *file, const struct tuff_json *header,
                              size_t header_size) {
    const unsigned char *data = file->mapping.data + LENGTH_SIZE + header_size;
    const size_t data_size = file->mapping.size - LENGTH_SIZE - header_size;
    TUFF_TRY(reserve_views(file, header));
    char *names = file->names;
    size_t *shapes = file->shapes;
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach(header->value, key, value) {
        const size_t key_size = strlen(key) + 1; /* jansson refuses NUL in keys */
        const struct tuff_json entry = { .value = value, .parent = header, .name = key };
        if (strcmp(key, TUFF_METADATA_KEY) == 0) {
            TUFF_TRY(check_metadata(&entry));
            continue;
        }
        struct tuff_tensor_view *view = &file->views[file->count];
        TUFF_TRY(read_view(&entry, data, data_size, shapes, view));
        view->file = file;
        view->name = memcpy(names, key, key_size);
        names += key_size;
        shapes += view->rank;
        file->count++;
    }
    return TUFF_OK;
}

static int compare_places(const void *left, const void *right) {
    const struct tuff_tensor_view *a = left;
    const struct tuff_tensor_view *b = right;
    if (a->data != b->data)
        return a->data < b->data ? -1 : 1;
    return (a->size > b->size) - (a->size < b->size);
}

/* Sorts by place and sees that each view begins where the one before ends. */
static tuff_status check_coverage(struct tuff_safetensors *file, size_t header_size) {
    const unsigned char *start = file->mapping.data + LENGTH_SIZE + header_size;
    const unsigned char *end = file->mapping.data + file->mapping.size;
    const unsigned char *at = start;
    qsort(file->views, file->count, sizeof *file->views, compare_places);
    for (size_t i = 0; i < file->count; i++) {
        const struct tuff_tensor_view *view = &file->views[i];
        if (view->data != at)
            return tuff_fail(TUFF_FORMAT,
                             "%s: %s begins at byte %td of the data, but what comes before ends at "
                             "%td: tensors must neither overlap nor leave holes",
                             file->path, view->name, view->data - start, at - start);
        at += view->size;
    }
    if (at != end)
        return tuff_fail(TUFF_FORMAT, "%s: %td bytes follow the last tensor", file->path, end - at);
    return TUFF_OK;
}

static int compare_views(const void *left, const void *right) {
    const struct tuff_tensor_view *a = left;
    const struct tuff_tensor_view *b = right;
    return strcmp(a->name, b->name);
}

static tuff_status read_file(struct tuff_safetensors *file) {
    const char *text = NULL;
    size_t size = 0;
    struct tuff_json header = { 0 };
    TUFF_TRY(tuff_file_map(file->path, &file->mapping));
    TUFF_TRY(find_header(file, &text, &size));
    TUFF_TRY(tuff_json_parse(text, size, file->path, TUFF_JSON_UNIQUE_KEYS, &header));
    const tuff_status status = read_views(file, &header, size);
    tuff_json_free(&header);
    TUFF_TRY(status);
    TUFF_TRY(check_coverage(file, size));
    qsort(file->views, file->count, sizeof *file->views, compare_views);
    return TUFF_OK;
}

tuff_status tuff_safetensors_open(const char *path, struct tuff_safetensors **out_file) {
    struct tuff_safetensors *file = NULL;
    *out_file = NULL;
    TUFF_TRY(tuff_alloc(1, sizeof *file, &file));
    tuff_status status = tuff_copy_text(path, strlen(path), &file->path);
    if (status == TUFF_OK)
        status = read_file(file);
    if (status != TUFF_OK) {
        tuff_safetensors_close(file);
        return status;
    }
    *out_file = file;
    return TUFF_OK;
}

void tuff_safetensors_close(struct tuff_safetensors *file) {
    if (!file)
        return;
    tuff_file_unmap(&file->mapping);
    tuff_free(file->views);
    tuff_free(file->names);
    tuff_free(file->shapes);
    tuff_free(file->path);
    tuff_free(file);
}

void tuff_view_release(const struct tuff_tensor_view *view) {
    if (!view->file)
        return;
    tuff_file_release_pages(&view->file->mapping, (size_t)(view->data - view->file->mapping.data),
                            view->size);
}

/* ---------------------------------------------------------------- elements as floats */

bool tuff_view_has_floats(const struct tuff_tensor_view *view) {
    const tuff_dtype dtype = elements[view->element].dtype;
    return dtype == TUFF_F32 || dtype == TUFF_F16 || dtype == TUFF_BF16 || dtype == TUFF_F64;
}

static void convert_doubles(const unsigned char *from, size_t count, float *out) {
    for (size_t i = 0; i < count; i++) {
        double value;
        memcpy(&value, from + 8 * i, sizeof value);
        out[i] = (float)value;
    }
}

/* Adds up "is not finite" without a branch, so that the usual case is quick. */
static tuff_status check_finite(const struct tuff_tensor_view *view, size_t first, size_t count,
                                const float *values) {
    size_t bad = 0;
    for (size_t i = 0; i < count; i++)
        bad += !(fabsf(values[i]) <= FLT_MAX);
    for (size_t i = 0; i < count && bad > 0; i++)
        if (!isfinite(values[i]))
            return tuff_fail(TUFF_FORMAT, "%s: %s: element %zu is %s (%zu of %zu are not finite)",
                             view->file->path, view->name, first + i,
                             isnan(values[i]) ? "not a number" : "infinite", bad, count);
    return TUFF_OK;
}

tuff_status tuff_view_read_f32(const struct tuff_tensor_view *view, size_t first, size_t count,
                               float *out_values) {
    if (first > view->count || count > view->count - first)
        return tuff_fail(TUFF_ARGUMENT, "%s: %s has %zu elements, %zu from %zu on were asked for",
                         view->file->path, view->name, view->count, count, first);
    const unsigned char *from = view->data + first * (elements[view->element].bits / 8);
    switch (view->element) {
    case TUFF_ELEMENT_F32:
        memcpy(out_values, from, count * sizeof *out_values);
        break;
    case TUFF_ELEMENT_F16:
        tuff_halves_to_floats(from, count, out_values);
        break;
    case TUFF_ELEMENT_BF16:
        tuff_bfloat16s_to_floats(from, count, out_values);
        break;
    case TUFF_ELEMENT_F64:
        convert_doubles(from, count, out_values);
        break;
    default:
        return tuff_fail(TUFF_UNSUPPORTED, "%s: %s has type %s; weights may be F32, F16, BF16 or F64",
                         view->file->path, view->name, tuff_element_name(view->element));
    }
    return check_finite(view, first, count, out_values);
}
