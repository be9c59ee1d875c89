/* SPDX-License-Identifier: Apache-2.0 */
#include "model/arrays.h"

#include <string.h>

#include "base/memory.h"
#include "model/safetensors.h"

/* One array with its name and data; blocks of their own, so that pointers stay valid while the set grows. */
struct item {
    struct tuff_array array;
    char *name;
    void *data;
};

struct tuff_arrays {
    struct tuff_allocator allocator; /* all NULL: the C library's */
    struct item **items;
    size_t count;
    size_t capacity;
};

static void free_item(struct item *item) {
    if (!item)
        return;
    tuff_free(item->name);
    tuff_free(item->data);
    tuff_free(item);
}

static const struct tuff_allocator *allocator_of(const struct tuff_arrays *arrays) {
    return arrays->allocator.allocate ? &arrays->allocator : NULL;
}

/* Bytes of an array; what is wrong with it otherwise. */
static tuff_status measure(const char *name, tuff_dtype dtype, size_t rank, const size_t *shape,
                           size_t *out_size) {
    enum tuff_element element;
    if (!tuff_element_of(dtype, &element))
        return tuff_fail(TUFF_ARGUMENT, "%s: %d is not a type of arrays", name, (int)dtype);
    if (rank > TUFF_MAX_RANK)
        return tuff_fail(TUFF_ARGUMENT, "%s: has %zu dimensions, at most %d are possible", name, rank,
                         TUFF_MAX_RANK);
    size_t size = tuff_element_bits(element) / 8;
    for (size_t i = 0; i < rank; i++)
        if (!tuff_multiply(size, shape[i], &size))
            return tuff_fail(TUFF_ARGUMENT, "%s: the shape is too large", name);
    *out_size = size;
    return TUFF_OK;
}

static tuff_status make_item(const char *name, tuff_dtype dtype, size_t rank, const size_t *shape,
                             struct item **out_item) {
    struct item *item = NULL;
    size_t size = 0;
    tuff_status status = measure(name, dtype, rank, shape, &size);
    if (status == TUFF_OK)
        status = tuff_alloc(1, sizeof *item, &item);
    if (status == TUFF_OK)
        status = tuff_copy_text(name, strlen(name), &item->name);
    if (status == TUFF_OK)
        status = tuff_alloc(size, 1, &item->data);
    if (status != TUFF_OK) {
        free_item(item);
        return status;
    }
    item->array = (struct tuff_array){ .name = item->name, .dtype = dtype, .rank = rank, .data = item->data };
    for (size_t i = 0; i < rank; i++)
        item->array.shape[i] = shape[i];
    *out_item = item;
    return TUFF_OK;
}

/* Appends without looking for the name. */
static tuff_status append(struct tuff_arrays *arrays, const char *name, tuff_dtype dtype, size_t rank,
                          const size_t *shape, struct item **out_item) {
    const struct tuff_allocator *before = tuff_memory_use(allocator_of(arrays));
    tuff_status status =
        tuff_reserve(&arrays->items, &arrays->capacity, arrays->count + 1, sizeof *arrays->items);
    if (status == TUFF_OK)
        status = make_item(name, dtype, rank, shape, out_item);
    tuff_memory_use(before);
    if (status == TUFF_OK)
        arrays->items[arrays->count++] = *out_item;
    return status;
}

tuff_status tuff_arrays_make(struct tuff_arrays *arrays, const char *name, tuff_dtype dtype, size_t rank,
                             const size_t *shape, void *out_data) {
    struct item *item = NULL;
    if (tuff_arrays_find(arrays, name))
        return tuff_fail(TUFF_ARGUMENT, "%s: an array of this name is there already", name);
    TUFF_TRY(append(arrays, name, dtype, rank, shape, &item));
    *(void **)out_data = item->data;
    return TUFF_OK;
}

tuff_status tuff_arrays_create(const tuff_allocator *allocator, tuff_arrays **out_arrays) {
    if (!out_arrays)
        return tuff_fail(TUFF_ARGUMENT, "tuff_arrays_create: out_arrays is NULL");
    *out_arrays = NULL;
    struct tuff_arrays *arrays = NULL;
    const struct tuff_allocator *before = tuff_memory_use(allocator);
    const tuff_status status = tuff_alloc(1, sizeof *arrays, &arrays);
    tuff_memory_use(before);
    TUFF_TRY(status);
    if (allocator)
        arrays->allocator = *allocator;
    *out_arrays = arrays;
    return TUFF_OK;
}

tuff_status tuff_arrays_add(tuff_arrays *arrays, const tuff_array *array) {
    if (!arrays || !array || !array->name)
        return tuff_fail(TUFF_ARGUMENT, "tuff_arrays_add: the set, the array or its name is NULL");
    size_t size = 0;
    void *data = NULL;
    TUFF_TRY(measure(array->name, array->dtype, array->rank, array->shape, &size));
    if (size > 0 && !array->data)
        return tuff_fail(TUFF_ARGUMENT, "%s: the array has no data", array->name);
    TUFF_TRY(tuff_arrays_make(arrays, array->name, array->dtype, array->rank, array->shape, &data));
    if (size > 0)
        memcpy(data, array->data, size);
    return TUFF_OK;
}

/* The names of a file are unique, so that none has to be looked for. */
static tuff_status copy_view(struct tuff_arrays *arrays, const struct tuff_tensor_view *view) {
    struct item *item = NULL;
    const tuff_dtype dtype = tuff_element_dtype(view->element);
    if (dtype == TUFF_DTYPE_AUTO)
        return tuff_fail(TUFF_UNSUPPORTED, "%s has type %s; F32, F16, BF16, F64, I64 and I32 can be read",
                         view->name, tuff_element_name(view->element));
    TUFF_TRY(append(arrays, view->name, dtype, view->rank, view->shape, &item));
    if (view->size > 0)
        memcpy(item->data, view->data, view->size);
    tuff_view_release(view);
    return TUFF_OK;
}

static tuff_status load(struct tuff_arrays *arrays, const char *path) {
    struct tuff_safetensors *file = NULL;
    TUFF_TRY(tuff_safetensors_open(path, &file));
    tuff_status status = TUFF_OK;
    for (size_t i = 0; i < file->count && status == TUFF_OK; i++)
        status = copy_view(arrays, &file->views[i]);
    if (status != TUFF_OK)
        tuff_fail_prefix(status, "%s", path);
    tuff_safetensors_close(file);
    return status;
}

tuff_status tuff_arrays_load(const char *path, const tuff_allocator *allocator, tuff_arrays **out_arrays) {
    if (!path || !out_arrays)
        return tuff_fail(TUFF_ARGUMENT, "tuff_arrays_load: path or out_arrays is NULL");
    struct tuff_arrays *arrays = NULL;
    *out_arrays = NULL;
    TUFF_TRY(tuff_arrays_create(allocator, &arrays));
    const struct tuff_allocator *before = tuff_memory_use(allocator);
    const tuff_status status = load(arrays, path);
    tuff_memory_use(before);
    if (status != TUFF_OK) {
        tuff_arrays_free(arrays);
        return status;
    }
    *out_arrays = arrays;
    return TUFF_OK;
}

tuff_status tuff_arrays_save(const tuff_arrays *arrays, const char *path) {
    if (!arrays || !path)
        return tuff_fail(TUFF_ARGUMENT, "tuff_arrays_save: the set or the path is NULL");
    const struct tuff_array **list = NULL;
    const struct tuff_allocator *before = tuff_memory_use(allocator_of(arrays));
    tuff_status status = tuff_alloc(arrays->count, sizeof *list, &list);
    for (size_t i = 0; i < arrays->count && status == TUFF_OK; i++)
        list[i] = &arrays->items[i]->array;
    if (status == TUFF_OK)
        status = tuff_safetensors_write(path, list, arrays->count);
    tuff_free(list);
    tuff_memory_use(before);
    return status;
}

size_t tuff_arrays_count(const tuff_arrays *arrays) {
    return arrays->count;
}

const tuff_array *tuff_arrays_get(const tuff_arrays *arrays, size_t index) {
    return index < arrays->count ? &arrays->items[index]->array : NULL;
}

const tuff_array *tuff_arrays_find(const tuff_arrays *arrays, const char *name) {
    for (size_t i = 0; i < arrays->count; i++)
        if (strcmp(arrays->items[i]->name, name) == 0)
            return &arrays->items[i]->array;
    return NULL;
}

void tuff_arrays_free(tuff_arrays *arrays) {
    if (!arrays)
        return;
    for (size_t i = 0; i < arrays->count; i++)
        free_item(arrays->items[i]);
    tuff_free(arrays->items);
    tuff_free(arrays);
}
