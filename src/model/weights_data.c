/* SPDX-License-Identifier: Apache-2.0 */
/* Weights between the device's layout and the files'. */
#include <string.h>

#include "base/memory.h"
#include "model/weights.h"
#include "ops/adamw.h"
#include "ops/transpose.h"

/* What filling one tensor reads. */
struct fill {
    const struct tuff_weights *weights;
    const struct tuff_tensor *tensor;
    float *values; /* of a parameter's row */
    /* Where rows come from: values by parameter, or the folder's files where it is NULL. */
    const float *const *sources;
    const struct tuff_parameters *parameters;
};

/* The index in the piece of a row or column of the tensor; false where it is padding or another piece's. */
static bool find_index(uint32_t at, uint32_t first, uint32_t group, uint32_t stride, uint32_t count,
                       uint32_t *out_index) {
    if (at < first)
        return false;
    uint32_t index = at - first;
    if (group) {
        if (index % stride >= group)
            return false;
        index = index / stride * group + index % stride;
    }
    *out_index = index;
    return index < count;
}

static uint32_t column_of(const struct tuff_piece *piece, uint32_t index) {
    if (!piece->col_group)
        return piece->first_col + index;
    return piece->first_col + index / piece->col_group * piece->col_stride + index % piece->col_group;
}

static tuff_status read_source(struct fill *fill, const struct tuff_piece *piece, size_t first) {
    if (!fill->sources)
        return tuff_view_read_f32(piece->parameter->source, first, piece->cols, fill->values);
    size_t index = (size_t)(piece->parameter - fill->parameters->items);
    memcpy(fill->values, fill->sources[index] + first, piece->cols * sizeof *fill->values);
    return TUFF_OK;
}

static tuff_status check_range(const struct fill *fill, const struct tuff_piece *piece) {
    const float largest = 65504; /* of f16 */
    for (uint32_t i = 0; fill->tensor->shape.type == TUFF_TYPE_F16 && i < piece->cols; i++)
        if (fill->values[i] > largest || fill->values[i] < -largest)
            return tuff_fail(TUFF_UNSUPPORTED,
                             "%s has the value %g, and f16 ends at 65504; f32 computes with it (--dtype f32)",
                             piece->parameter->name, (double)fill->values[i]);
    return TUFF_OK;
}

static tuff_status read_row(void *user, uint32_t row, float *out_values) {
    struct fill *fill = user;
    memset(out_values, 0, fill->tensor->shape.cols * sizeof *out_values);
    for (size_t i = 0; i < fill->weights->piece_count; i++) {
        const struct tuff_piece *piece = &fill->weights->pieces[i];
        uint32_t index = 0;
        if (piece->tensor != fill->tensor ||
            !find_index(row, piece->first_row, piece->row_group, piece->row_stride, piece->rows, &index))
            continue;
        size_t first = piece->first_element + (size_t)index * piece->cols;
        TUFF_TRY(read_source(fill, piece, first));
        TUFF_TRY(check_range(fill, piece));
        for (uint32_t col = 0; col < piece->cols; col++)
            out_values[column_of(piece, col)] = fill->values[col];
    }
    return TUFF_OK;
}

struct tuff_tensor tuff_weights_view(const struct tuff_weights *weights, const struct tuff_tensor *tensor,
                                     enum tuff_weight_kind kind) {
    size_t index = (size_t)(tensor - weights->tensors);
    const struct tuff_weight_range *range = &weights->ranges[weights->range_of[index]];
    const struct tuff_slice slices[] = { range->weights, range->gradients, range->first_moments,
                                         range->second_moments,
                                         range->is_adapted ? range->base : range->weights };
    struct tuff_tensor view = *tensor;
    if (range->is_trained || range->is_adapted)
        view.shape.type = TUFF_TYPE_F32;
    view.slice = slices[kind];
    view.slice.offset += weights->offset_of[index];
    view.slice.size = tuff_shape_size(&view.shape);
    return view;
}

tuff_status tuff_weights_upload(struct tuff_weights *weights, const struct tuff_tensor *tensor) {
    struct fill fill = { .weights = weights, .tensor = tensor };
    const struct tuff_tensor view = tuff_weights_view(weights, tensor, TUFF_BASE_WEIGHT);
    TUFF_TRY(tuff_alloc(tensor->shape.cols, sizeof *fill.values, &fill.values));
    tuff_status status = tuff_tensor_fill(weights->device, &view, read_row, &fill);
    tuff_free(fill.values);
    for (size_t i = 0; i < weights->piece_count; i++)
        if (weights->pieces[i].tensor == tensor)
            tuff_view_release(weights->pieces[i].parameter->source);
    return status;
}

static uint32_t row_of(const struct tuff_piece *piece, uint32_t index) {
    if (!piece->row_group)
        return piece->first_row + index;
    return piece->first_row + index / piece->row_group * piece->row_stride + index % piece->row_group;
}

static tuff_status download_piece(const struct tuff_weights *weights, const struct tuff_piece *piece,
                                  enum tuff_weight_kind kind, float *out_values) {
    struct tuff_tensor view = tuff_weights_view(weights, piece->tensor, kind);
    size_t stride = view.shape.cols;
    float *values = NULL;
    if (!view.slice.buffer) {
        memset(out_values + piece->first_element, 0, (size_t)piece->rows * piece->cols * sizeof *out_values);
        return TUFF_OK;
    }
    if (view.shape.type == TUFF_TYPE_F16) /* not trained: the file has more digits */
        return tuff_view_read_f32(piece->parameter->source, piece->first_element,
                                  (size_t)piece->rows * piece->cols, out_values + piece->first_element);
    TUFF_TRY(tuff_alloc((size_t)view.shape.rows * stride, sizeof *values, &values));
    tuff_status status = tuff_tensor_download(weights->device, &view, values);
    for (uint32_t row = 0; row < piece->rows && status == TUFF_OK; row++)
        for (uint32_t col = 0; col < piece->cols; col++)
            out_values[piece->first_element + (size_t)row * piece->cols + col] =
                values[row_of(piece, row) * stride + column_of(piece, col)];
    tuff_free(values);
    return status;
}

tuff_status tuff_weights_download(const struct tuff_weights *weights, const struct tuff_parameter *parameter,
                                  enum tuff_weight_kind kind, float *out_values) {
    for (size_t i = 0; i < weights->piece_count; i++)
        if (weights->pieces[i].parameter == parameter)
            TUFF_TRY(download_piece(weights, &weights->pieces[i], kind, out_values));
    return TUFF_OK;
}

static tuff_status restore_tensor(struct fill *fill, enum tuff_weight_kind kind) {
    struct tuff_tensor view = tuff_weights_view(fill->weights, fill->tensor, kind);
    if (!view.slice.buffer)
        return TUFF_OK;
    TUFF_TRY(tuff_alloc(view.shape.cols, sizeof *fill->values, &fill->values));
    tuff_status status = tuff_tensor_fill(fill->weights->device, &view, read_row, fill);
    tuff_free(fill->values);
    return status;
}

tuff_status tuff_weights_restore(struct tuff_weights *weights, enum tuff_weight_kind kind,
                                 const struct tuff_parameters *parameters, const float *const *values) {
    for (size_t i = 0; i < weights->tensor_count; i++) {
        struct fill fill = {
            .weights = weights, .tensor = &weights->tensors[i], .sources = values, .parameters = parameters
        };
        TUFF_TRY(restore_tensor(&fill, kind));
    }
    return kind == TUFF_BASE_WEIGHT ? tuff_weights_renew(weights) : TUFF_OK;
}

static tuff_status record_transposes(const struct tuff_weights *weights, struct tuff_recording *recording,
                                     bool trained) {
    for (size_t i = 0; i < weights->tensor_count; i++)
        if (weights->tensors[i].transposed && weights->ranges[weights->range_of[i]].is_trained == trained)
            TUFF_TRY(tuff_transpose_record(weights->device, recording, &weights->tensors[i]));
    return TUFF_OK;
}

tuff_status tuff_weights_record_renewal(const struct tuff_weights *weights,
                                        struct tuff_recording *recording) {
    TUFF_TRY(tuff_weights_record_merge(weights, recording));
    for (size_t i = 0; i < weights->range_count; i++) {
        const struct tuff_weight_range *range = &weights->ranges[i];
        if (range->has_halves)
            TUFF_TRY(
                tuff_cast_record(recording, range->halves, range->weights, (uint32_t)(range->size / 16)));
    }
    return record_transposes(weights, recording, true);
}

static tuff_status record_all(const struct tuff_weights *weights, struct tuff_recording *recording) {
    TUFF_TRY(record_transposes(weights, recording, false));
    return tuff_weights_record_renewal(weights, recording);
}

tuff_status tuff_weights_renew(struct tuff_weights *weights) {
    return tuff_weights_run(weights, record_all);
}

tuff_status tuff_weights_run(struct tuff_weights *weights,
                             tuff_status (*record)(const struct tuff_weights *weights,
                                                   struct tuff_recording *recording)) {
    struct tuff_recording *recording = NULL;
    TUFF_TRY(tuff_recording_create(weights->device, &recording));
    return tuff_recording_finish(recording, record(weights, recording));
}
