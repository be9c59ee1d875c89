/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/tensor.h"

#include <math.h>
#include <string.h>

#include "base/half.h"
#include "base/memory.h"
#include "ops/rotation.h"

uint32_t tuff_padded(uint32_t count) {
    return (count + TUFF_ROW_ALIGN - 1) / TUFF_ROW_ALIGN * TUFF_ROW_ALIGN;
}

uint32_t tuff_shape_stride(const struct tuff_shape *shape) {
    if (shape->type == TUFF_TYPE_I32)
        return shape->cols;
    return tuff_padded(shape->layout == TUFF_LAYOUT_PANELS ? shape->rows : shape->cols);
}

static uint64_t element_count(const struct tuff_shape *shape) {
    uint64_t stride = tuff_shape_stride(shape);
    return stride * (shape->layout == TUFF_LAYOUT_PANELS ? tuff_padded(shape->cols) : shape->rows);
}

uint64_t tuff_shape_size(const struct tuff_shape *shape) {
    if (shape->type == TUFF_TYPE_I8)
        return tuff_shape_scales(shape) + tuff_padded(shape->rows) * sizeof(float);
    return element_count(shape) * (shape->type == TUFF_TYPE_F16 ? 2 : 4);
}

uint64_t tuff_shape_scales(const struct tuff_shape *shape) {
    return element_count(shape);
}

uint64_t tuff_shape_index(const struct tuff_shape *shape, uint32_t row, uint32_t col) {
    uint64_t stride = tuff_shape_stride(shape);
    if (shape->layout == TUFF_LAYOUT_PANELS)
        return ((uint64_t)(col / 4) * stride + row) * 4 + col % 4;
    if (shape->layout == TUFF_LAYOUT_BLOCKS)
        return (row / TUFF_BLOCK_ROWS * stride + col) * TUFF_BLOCK_ROWS + row % TUFF_BLOCK_ROWS;
    return row * stride + col;
}

uint32_t tuff_shape_row_step(const struct tuff_shape *shape) {
    return shape->layout == TUFF_LAYOUT_PANELS ? 1 : tuff_shape_stride(shape) / 4;
}

uint32_t tuff_shape_group_step(const struct tuff_shape *shape) {
    return shape->layout == TUFF_LAYOUT_PANELS ? tuff_shape_stride(shape) : 1;
}

static uint16_t half_saturated(float value) {
    /* As store4 in shaders/lib/storage.glsl: the largest half instead of infinity, NaN stays. */
    if (value > 65504.0f)
        value = 65504.0f;
    if (value < -65504.0f)
        value = -65504.0f;
    return tuff_half_from_float(value);
}

/* What the values of a row are divided by to fit 8 bits. */
static float scale_of(const float *values, uint32_t count) {
    float largest = 0;
    for (uint32_t i = 0; i < count; i++)
        largest = fmaxf(largest, fabsf(values[i]));
    return largest / 127;
}

/* Turns the values. */
static void put_row_int8(const struct tuff_shape *shape, void *bytes, uint32_t row, float *values) {
    tuff_rotate(values, shape->cols);
    float scale = scale_of(values, shape->cols);
    ((float *)(void *)((char *)bytes + tuff_shape_scales(shape)))[row] = scale;
    for (uint32_t col = 0; scale > 0 && col < shape->cols; col++)
        ((int8_t *)bytes)[tuff_shape_index(shape, row, col)] = (int8_t)lrintf(values[col] / scale);
}

/* Loading a model writes every element through here, so that runs of a row that stay together on the device
 * are written together: all of it, groups of four, or single ones. The values may be changed. */
static void put_row(const struct tuff_tensor *tensor, void *bytes, uint32_t row, float *values) {
    const struct tuff_shape *shape = &tensor->shape;
    uint32_t run = shape->layout == TUFF_LAYOUT_PANELS   ? 4
                   : shape->layout == TUFF_LAYOUT_BLOCKS ? 1
                                                         : shape->cols;
    if (shape->type == TUFF_TYPE_I8) {
        put_row_int8(shape, bytes, row, values);
        return;
    }
    for (uint32_t col = 0; col < shape->cols; col += run) {
        uint32_t count = shape->cols - col < run ? shape->cols - col : run;
        uint64_t at = tuff_shape_index(shape, row, col);
        if (shape->type == TUFF_TYPE_F16)
            for (uint32_t i = 0; i < count; i++)
                ((uint16_t *)bytes)[at + i] = half_saturated(values[col + i]);
        else
            memcpy((float *)bytes + at, values + col, count * sizeof *values);
    }
}

static tuff_status fill_bytes(const struct tuff_tensor *tensor, void *bytes, tuff_row_reader reader,
                              void *user) {
    float *values = NULL;
    TUFF_TRY(tuff_alloc(tensor->shape.cols, sizeof *values, &values));
    memset(bytes, 0, (size_t)tuff_shape_size(&tensor->shape));
    tuff_status status = TUFF_OK;
    for (uint32_t row = 0; row < tensor->shape.rows && status == TUFF_OK; row++) {
        status = reader(user, row, values);
        if (status == TUFF_OK)
            put_row(tensor, bytes, row, values);
    }
    tuff_free(values);
    return status;
}

tuff_status tuff_tensor_fill(struct tuff_device *device, const struct tuff_tensor *tensor,
                             tuff_row_reader reader, void *user) {
    uint64_t size = tuff_shape_size(&tensor->shape);
    void *mapped = tuff_slice_map(&tensor->slice);
    if (mapped) {
        TUFF_TRY(fill_bytes(tensor, mapped, reader, user));
        return tuff_slice_flush(&tensor->slice);
    }
    void *bytes = NULL;
    TUFF_TRY(tuff_alloc((size_t)size, 1, &bytes));
    tuff_status status = fill_bytes(tensor, bytes, reader, user);
    if (status == TUFF_OK)
        status = tuff_upload(device, &tensor->slice, 0, bytes, size);
    tuff_free(bytes);
    return status;
}

struct array_rows {
    const float *values;
    uint32_t cols;
};

static tuff_status read_array_row(void *user, uint32_t row, float *out_values) {
    const struct array_rows *array = user;
    memcpy(out_values, array->values + (size_t)row * array->cols, array->cols * sizeof *out_values);
    return TUFF_OK;
}

tuff_status tuff_tensor_upload(struct tuff_device *device, const struct tuff_tensor *tensor,
                               const float *values) {
    struct array_rows array = { .values = values, .cols = tensor->shape.cols };
    return tuff_tensor_fill(device, tensor, read_array_row, &array);
}

tuff_status tuff_tensor_upload_ints(struct tuff_device *device, const struct tuff_tensor *tensor,
                                    const int32_t *values) {
    return tuff_upload(device, &tensor->slice, 0, values, tuff_shape_size(&tensor->shape));
}

/* As it lies there: I8 is still turned. */
static float get(const struct tuff_tensor *tensor, const void *bytes, uint32_t row, uint32_t col) {
    const struct tuff_shape *shape = &tensor->shape;
    uint64_t at = tuff_shape_index(shape, row, col);
    if (shape->type == TUFF_TYPE_F16)
        return tuff_half_to_float(((const uint16_t *)bytes)[at]);
    if (shape->type == TUFF_TYPE_I32)
        return (float)((const int32_t *)bytes)[at];
    if (shape->type == TUFF_TYPE_I8)
        return ((const int8_t *)bytes)[at] *
               ((const float *)(const void *)((const char *)bytes + tuff_shape_scales(shape)))[row];
    return ((const float *)bytes)[at];
}

/* Padding is what lies between the true shape and the padded one. NaN is not zero. */
static bool padding_is_zero(const struct tuff_tensor *tensor, const void *bytes) {
    struct tuff_shape padded = tensor->shape;
    if (padded.type == TUFF_TYPE_I32)
        return true;
    padded.cols = tuff_padded(padded.cols);
    if (padded.layout == TUFF_LAYOUT_PANELS)
        padded.rows = tuff_padded(padded.rows);
    for (uint32_t row = 0; row < padded.rows; row++)
        for (uint32_t col = row < tensor->shape.rows ? tensor->shape.cols : 0; col < padded.cols; col++)
            if (!(get(tensor, bytes, row, col) == 0.0f))
                return false;
    return true;
}

void tuff_tensor_decode(const struct tuff_tensor *tensor, const void *bytes, float *values,
                        bool *out_padding_is_zero) {
    const struct tuff_shape *shape = &tensor->shape;
    for (uint32_t row = 0; row < shape->rows; row++) {
        float *row_values = values + (size_t)row * shape->cols;
        for (uint32_t col = 0; col < shape->cols; col++)
            row_values[col] = get(tensor, bytes, row, col);
        if (shape->type == TUFF_TYPE_I8)
            tuff_rotate(row_values, shape->cols);
    }
    if (out_padding_is_zero)
        *out_padding_is_zero = padding_is_zero(tensor, bytes);
}

tuff_status tuff_tensor_download(struct tuff_device *device, const struct tuff_tensor *tensor,
                                 float *values) {
    uint64_t size = tuff_shape_size(&tensor->shape);
    void *bytes = NULL;
    TUFF_TRY(tuff_alloc((size_t)size, 1, &bytes));
    tuff_status status = tuff_download(device, &tensor->slice, 0, bytes, size);
    if (status == TUFF_OK)
        tuff_tensor_decode(tensor, bytes, values, NULL);
    tuff_free(bytes);
    return status;
}
