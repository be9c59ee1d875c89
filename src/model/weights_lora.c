/* SPDX-License-Identifier: Apache-2.0 */
/* The adapters of a model's matrices on the device. */
#include "base/memory.h"
#include "model/lora.h"
#include "model/weights.h"
#include "ops/lora.h"

static struct tuff_adapter *find_adapter(const struct tuff_weights *weights,
                                         const struct tuff_tensor *weight) {
    for (size_t i = 0; i < weights->adapter_count; i++)
        if (weights->adapters[i].weight == weight)
            return &weights->adapters[i];
    return NULL;
}

bool tuff_weights_is_adapted(const struct tuff_weights *weights, const struct tuff_tensor *tensor) {
    return find_adapter(weights, tensor) != NULL;
}

static uint32_t count_pieces(const struct tuff_weights *weights, const struct tuff_tensor *tensor) {
    uint32_t count = 0;
    for (size_t i = 0; i < weights->piece_count; i++)
        count += weights->pieces[i].tensor == tensor;
    return count;
}

/* The adapter of the tensor; a matrix of several parameters has room for as many, those without one stay zeros. */
static tuff_status get_adapter(struct tuff_weights *weights, struct tuff_tensor *weight,
                               const struct tuff_parameter *a, const struct tuff_parameter *b,
                               struct tuff_adapter **out_adapter) {
    const uint32_t parts = count_pieces(weights, weight);
    const uint32_t rank = (uint32_t)a->shape[0];
    *out_adapter = find_adapter(weights, weight);
    if (*out_adapter)
        return TUFF_OK;
    TUFF_TRY(tuff_reserve(&weights->adapters, &weights->adapter_capacity, weights->adapter_count + 1,
                          sizeof *weights->adapters));
    const struct tuff_shape a_shape = { .type = weights->type,
                                        .rows = parts * tuff_lora_rows(rank),
                                        .cols = weight->shape.cols };
    const struct tuff_shape b_shape = { .type = weights->type, .rows = weight->shape.rows, .cols = rank };
    *out_adapter = &weights->adapters[weights->adapter_count++];
    **out_adapter = (struct tuff_adapter){ .weight = weight,
                                           .a = tuff_weights_add_tensor(weights, a, a_shape),
                                           .b = tuff_weights_add_tensor(weights, b, b_shape),
                                           .parts = parts };
    return TUFF_OK;
}

/* Columns of A and rows of B lie as those of the matrix do. */
static tuff_status add_pieces(struct tuff_weights *weights, const struct tuff_piece *piece,
                              const struct tuff_parameter *a, const struct tuff_parameter *b) {
    struct tuff_adapter *adapter = NULL;
    const uint32_t rank = (uint32_t)a->shape[0];
    TUFF_TRY(get_adapter(weights, piece->tensor, a, b, &adapter));
    const uint32_t part = piece->first_row / (piece->tensor->shape.rows / adapter->parts);
    const struct tuff_piece of_a = { .parameter = a,
                                     .tensor = adapter->a,
                                     .rows = rank,
                                     .cols = piece->cols,
                                     .first_row = part * tuff_lora_rows(rank),
                                     .first_col = piece->first_col,
                                     .col_group = piece->col_group,
                                     .col_stride = piece->col_stride };
    const struct tuff_piece of_b = { .parameter = b,
                                     .tensor = adapter->b,
                                     .rows = piece->rows,
                                     .cols = rank,
                                     .first_row = piece->first_row,
                                     .row_group = piece->row_group,
                                     .row_stride = piece->row_stride };
    TUFF_TRY(tuff_weights_add_piece(weights, &of_a));
    return tuff_weights_add_piece(weights, &of_b);
}

tuff_status tuff_weights_add_lora(struct tuff_weights *weights, const struct tuff_parameters *parameters,
                                  double alpha) {
    const size_t count = weights->piece_count;
    for (size_t i = 0; i < count; i++) {
        const struct tuff_piece piece = weights->pieces[i]; /* those that are added move them */
        const struct tuff_parameter *a =
            tuff_parameters_get_lora(parameters, TUFF_ROLE_LORA_A, piece.parameter);
        if (!a)
            continue;
        weights->lora_scale = (float)(alpha / (double)a->shape[0]);
        TUFF_TRY(add_pieces(weights, &piece, a,
                            tuff_parameters_get_lora(parameters, TUFF_ROLE_LORA_B, piece.parameter)));
    }
    return TUFF_OK;
}

static struct tuff_lora_matrix matrix_of(const struct tuff_weights *weights,
                                         const struct tuff_adapter *adapter) {
    return (struct tuff_lora_matrix){
        .base = tuff_weights_view(weights, adapter->weight, TUFF_BASE_WEIGHT),
        .w = tuff_weights_view(weights, adapter->weight, TUFF_WEIGHT),
        .d_w = tuff_weights_view(weights, adapter->weight, TUFF_GRADIENT),
        .a = tuff_weights_view(weights, adapter->a, TUFF_WEIGHT),
        .d_a = tuff_weights_view(weights, adapter->a, TUFF_GRADIENT),
        .b = tuff_weights_view(weights, adapter->b, TUFF_WEIGHT),
        .d_b = tuff_weights_view(weights, adapter->b, TUFF_GRADIENT),
        .parts = adapter->parts,
        .scale = weights->lora_scale,
    };
}

tuff_status tuff_weights_record_merge(const struct tuff_weights *weights, struct tuff_recording *recording) {
    for (size_t i = 0; i < weights->adapter_count; i++) {
        const struct tuff_lora_matrix matrix = matrix_of(weights, &weights->adapters[i]);
        TUFF_TRY(tuff_lora_record_merge(recording, &matrix));
    }
    return TUFF_OK;
}

tuff_status tuff_weights_record_lora(const struct tuff_weights *weights, struct tuff_recording *recording) {
    for (size_t i = 0; i < weights->adapter_count; i++) {
        const struct tuff_lora_matrix matrix = matrix_of(weights, &weights->adapters[i]);
        TUFF_TRY(tuff_lora_record_backward(weights->device, recording, &matrix));
    }
    return TUFF_OK;
}

tuff_status tuff_weights_find_lora_gradients(struct tuff_weights *weights) {
    return weights->adapter_count ? tuff_weights_run(weights, tuff_weights_record_lora) : TUFF_OK;
}
