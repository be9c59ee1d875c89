/* SPDX-License-Identifier: Apache-2.0 */
#include "model/weights.h"

#include <string.h>

#include "base/memory.h"

/* What the steps of loading share. */
struct load {
    struct tuff_weights *weights;
    const struct tuff_config *config;
    const struct tuff_parameters *parameters;
};

/* Where in a tensor a piece begins, and how it is spread over heads. */
struct place {
    uint32_t first_row, row_group, row_stride;
    uint32_t first_col, col_group, col_stride;
};

static tuff_status add_tensor(struct tuff_weights *weights, const char *name, struct tuff_shape shape,
                              struct tuff_tensor **out_tensor) {
    struct tuff_tensor *tensor = &weights->tensors[weights->tensor_count++];
    *tensor = (struct tuff_tensor){ .name = name, .shape = shape };
    *out_tensor = tensor;
    return tuff_arena_take(weights->arena, tuff_shape_size(&shape), &tensor->slice);
}

static tuff_status add_piece(struct tuff_weights *weights, const struct tuff_piece *piece) {
    TUFF_TRY(tuff_reserve(&weights->pieces, &weights->piece_capacity, weights->piece_count + 1,
                          sizeof *weights->pieces));
    weights->pieces[weights->piece_count++] = *piece;
    return TUFF_OK;
}

static tuff_status add_placed(struct load *load, enum tuff_role role, uint32_t layer,
                              struct tuff_tensor *tensor, const struct place *place) {
    const struct tuff_parameter *parameter = tuff_parameters_get(load->parameters, role, layer);
    struct tuff_piece piece = {
        .parameter = parameter,
        .tensor = tensor,
        .rows = parameter->rank == 2 ? (uint32_t)parameter->shape[0] : 1,
        .cols = (uint32_t)parameter->shape[parameter->rank - 1],
        .first_row = place->first_row,
        .row_group = place->row_group,
        .row_stride = place->row_stride,
        .first_col = place->first_col,
        .col_group = place->col_group,
        .col_stride = place->col_stride,
    };
    return add_piece(load->weights, &piece);
}

/* A parameter that is a tensor as it stands; *out_tensor stays NULL where the folder has none. Vectors are
 * F32. */
static tuff_status add_plain(struct load *load, enum tuff_role role, uint32_t layer, enum tuff_layout layout,
                             struct tuff_tensor **out_tensor) {
    const struct tuff_parameter *parameter = tuff_parameters_get(load->parameters, role, layer);
    if (!parameter)
        return TUFF_OK;
    bool is_vector = parameter->rank == 1;
    struct tuff_shape shape = {
        .type = is_vector ? TUFF_TYPE_F32 : load->weights->type,
        .layout = is_vector ? TUFF_LAYOUT_ROWS : layout,
        .rows = is_vector ? 1 : (uint32_t)parameter->shape[0],
        .cols = (uint32_t)parameter->shape[parameter->rank - 1],
    };
    TUFF_TRY(add_tensor(load->weights, parameter->name, shape, out_tensor));
    return add_placed(load, role, layer, *out_tensor, &(struct place){ 0 });
}

static tuff_status add_linear(struct load *load, enum tuff_role weight_role, uint32_t layer,
                              struct tuff_tensor **out_weight, struct tuff_tensor **out_bias) {
    TUFF_TRY(add_plain(load, weight_role, layer, TUFF_LAYOUT_PANELS, out_weight));
    return add_plain(load, weight_role + 1, layer, TUFF_LAYOUT_ROWS, out_bias); /* roles of biases follow */
}

static tuff_status add_norm(struct load *load, enum tuff_role weight_role, uint32_t layer,
                            struct tuff_tensor **out_gamma, struct tuff_tensor **out_beta) {
    TUFF_TRY(add_plain(load, weight_role, layer, TUFF_LAYOUT_ROWS, out_gamma));
    return add_plain(load, weight_role + 1, layer, TUFF_LAYOUT_ROWS, out_beta);
}

/* Query, key and value one below the other, each head padded. */
static tuff_status add_qkv(struct load *load, uint32_t layer, struct tuff_layer_weights *out) {
    static const enum tuff_role roles[3] = { TUFF_ROLE_QUERY_WEIGHT, TUFF_ROLE_KEY_WEIGHT,
                                             TUFF_ROLE_VALUE_WEIGHT };
    const struct tuff_config *config = load->config;
    uint32_t head_size = config->hidden_size / config->num_attention_heads;
    uint32_t head_stride = load->weights->head_stride;
    uint32_t width = config->num_attention_heads * head_stride;
    struct tuff_shape shape = { .type = load->weights->type,
                                .layout = TUFF_LAYOUT_PANELS,
                                .rows = 3 * width,
                                .cols = config->hidden_size };
    struct tuff_shape bias_shape = { .type = TUFF_TYPE_F32, .rows = 1, .cols = 3 * width };
    TUFF_TRY(add_tensor(load->weights, "query, key, value", shape, &out->qkv));
    TUFF_TRY(add_tensor(load->weights, "query, key, value bias", bias_shape, &out->qkv_bias));
    for (uint32_t i = 0; i < 3; i++) {
        struct place rows = { .first_row = i * width, .row_group = head_size, .row_stride = head_stride };
        struct place cols = { .first_col = i * width, .col_group = head_size, .col_stride = head_stride };
        TUFF_TRY(add_placed(load, roles[i], layer, out->qkv, &rows));
        TUFF_TRY(add_placed(load, roles[i] + 1, layer, out->qkv_bias, &cols));
    }
    return TUFF_OK;
}

static tuff_status add_attention_output(struct load *load, uint32_t layer, struct tuff_layer_weights *out) {
    const struct tuff_config *config = load->config;
    struct tuff_shape shape = { .type = load->weights->type,
                                .layout = TUFF_LAYOUT_PANELS,
                                .rows = config->hidden_size,
                                .cols = config->num_attention_heads * load->weights->head_stride };
    struct place place = { .col_group = config->hidden_size / config->num_attention_heads,
                           .col_stride = load->weights->head_stride };
    TUFF_TRY(add_tensor(load->weights, "attention output", shape, &out->attention_output));
    TUFF_TRY(add_placed(load, TUFF_ROLE_ATTENTION_OUTPUT_WEIGHT, layer, out->attention_output, &place));
    return add_plain(load, TUFF_ROLE_ATTENTION_OUTPUT_BIAS, layer, TUFF_LAYOUT_ROWS,
                     &out->attention_output_bias);
}

static tuff_status add_layer(struct load *load, uint32_t layer, struct tuff_layer_weights *out) {
    TUFF_TRY(add_qkv(load, layer, out));
    TUFF_TRY(add_attention_output(load, layer, out));
    TUFF_TRY(add_norm(load, TUFF_ROLE_ATTENTION_NORM_WEIGHT, layer, &out->attention_norm_gamma,
                      &out->attention_norm_beta));
    TUFF_TRY(
        add_linear(load, TUFF_ROLE_INTERMEDIATE_WEIGHT, layer, &out->intermediate, &out->intermediate_bias));
    TUFF_TRY(add_linear(load, TUFF_ROLE_OUTPUT_WEIGHT, layer, &out->output, &out->output_bias));
    return add_norm(load, TUFF_ROLE_OUTPUT_NORM_WEIGHT, layer, &out->output_norm_gamma,
                    &out->output_norm_beta);
}

/* The rows [part * word_part_rows, ...) of a parameter as a tensor of its own. */
static tuff_status add_part(struct load *load, const struct tuff_parameter *parameter, uint32_t part,
                            enum tuff_layout layout, struct tuff_tensor **out_tensor) {
    struct tuff_weights *weights = load->weights;
    uint32_t first = part * weights->word_part_rows;
    uint32_t total = (uint32_t)parameter->shape[0];
    uint32_t count = total - first < weights->word_part_rows ? total - first : weights->word_part_rows;
    bool is_vector = parameter->rank == 1;
    uint32_t cols = is_vector ? count : (uint32_t)parameter->shape[1];
    struct tuff_shape shape = { .type = is_vector ? TUFF_TYPE_F32 : weights->type,
                                .layout = is_vector ? TUFF_LAYOUT_ROWS : layout,
                                .rows = is_vector ? 1 : count,
                                .cols = cols };
    TUFF_TRY(add_tensor(weights, parameter->name, shape, out_tensor));
    struct tuff_piece piece = { .parameter = parameter,
                                .tensor = *out_tensor,
                                .first_element = (size_t)first * (is_vector ? 1 : cols),
                                .rows = shape.rows,
                                .cols = cols };
    return add_piece(weights, &piece);
}

static tuff_status add_parts(struct load *load, enum tuff_role role, enum tuff_layout layout,
                             struct tuff_tensor ***out_tensors) {
    const struct tuff_parameter *parameter = tuff_parameters_get(load->parameters, role, 0);
    if (!parameter)
        return TUFF_OK;
    TUFF_TRY(tuff_alloc(load->weights->word_part_count, sizeof **out_tensors, out_tensors));
    for (uint32_t part = 0; part < load->weights->word_part_count; part++)
        TUFF_TRY(add_part(load, parameter, part, layout, &(*out_tensors)[part]));
    return TUFF_OK;
}

static tuff_status add_embeddings(struct load *load) {
    struct tuff_weights *weights = load->weights;
    bool is_multiplied =
        tuff_parameters_get(load->parameters, TUFF_ROLE_DECODER_BIAS, 0) && load->parameters->is_decoder_tied;
    TUFF_TRY(add_parts(load, TUFF_ROLE_WORD_EMBEDDINGS, is_multiplied ? TUFF_LAYOUT_PANELS : TUFF_LAYOUT_ROWS,
                       &weights->word));
    TUFF_TRY(add_plain(load, TUFF_ROLE_POSITION_EMBEDDINGS, 0, TUFF_LAYOUT_ROWS, &weights->position));
    TUFF_TRY(add_plain(load, TUFF_ROLE_TOKEN_TYPE_EMBEDDINGS, 0, TUFF_LAYOUT_ROWS, &weights->token_type));
    return add_norm(load, TUFF_ROLE_EMBEDDINGS_NORM_WEIGHT, 0, &weights->embedding_norm_gamma,
                    &weights->embedding_norm_beta);
}

/* A choice's one logit gets a second one of zeros beside it: the loss of spans then serves choices as it
 * stands. */
static tuff_status add_classifier(struct load *load) {
    struct tuff_weights *weights = load->weights;
    TUFF_TRY(
        add_linear(load, TUFF_ROLE_CLASSIFIER_WEIGHT, 0, &weights->classifier, &weights->classifier_bias));
    if (load->parameters->heads & TUFF_HEAD_MULTIPLE_CHOICE) {
        weights->classifier->shape.rows = 2;
        weights->classifier_bias->shape.cols = 2;
    }
    return TUFF_OK;
}

static tuff_status add_heads(struct load *load) {
    struct tuff_weights *weights = load->weights;
    TUFF_TRY(add_linear(load, TUFF_ROLE_POOLER_WEIGHT, 0, &weights->pooler, &weights->pooler_bias));
    TUFF_TRY(add_linear(load, TUFF_ROLE_TRANSFORM_WEIGHT, 0, &weights->transform, &weights->transform_bias));
    TUFF_TRY(add_norm(load, TUFF_ROLE_TRANSFORM_NORM_WEIGHT, 0, &weights->transform_norm_gamma,
                      &weights->transform_norm_beta));
    TUFF_TRY(add_parts(load, TUFF_ROLE_DECODER_BIAS, TUFF_LAYOUT_ROWS, &weights->decoder_bias));
    TUFF_TRY(add_parts(load, TUFF_ROLE_DECODER_WEIGHT, TUFF_LAYOUT_PANELS, &weights->decoder));
    TUFF_TRY(add_linear(load, TUFF_ROLE_NEXT_SENTENCE_WEIGHT, 0, &weights->next_sentence,
                        &weights->next_sentence_bias));
    TUFF_TRY(add_classifier(load));
    return add_linear(load, TUFF_ROLE_ANSWER_WEIGHT, 0, &weights->answer, &weights->answer_bias);
}

static tuff_status add_all(struct load *load) {
    struct tuff_weights *weights = load->weights;
    uint32_t layers = load->config->num_hidden_layers;
    TUFF_TRY(tuff_alloc(load->parameters->count + 2u * layers + 3u * weights->word_part_count,
                        sizeof *weights->tensors, &weights->tensors));
    TUFF_TRY(tuff_alloc(layers, sizeof *weights->layers, &weights->layers));
    TUFF_TRY(add_embeddings(load));
    for (uint32_t layer = 0; layer < layers; layer++)
        TUFF_TRY(add_layer(load, layer, &weights->layers[layer]));
    return add_heads(load);
}

/* The vocabulary is cut so that each part can be bound, as rows or as panels. */
static tuff_status cut_vocabulary(struct tuff_weights *weights, const struct tuff_config *config) {
    uint64_t row_size = (uint64_t)tuff_padded(config->hidden_size) * (weights->type == TUFF_TYPE_F16 ? 2 : 4);
    uint64_t rows = weights->device->limits.max_storage_range / row_size / TUFF_ROW_ALIGN * TUFF_ROW_ALIGN;
    weights->word_part_rows = rows < config->vocab_size ? (uint32_t)rows : config->vocab_size;
    weights->word_part_count = (config->vocab_size + weights->word_part_rows - 1) / weights->word_part_rows;
    if (weights->word_part_count <= TUFF_MAX_INPUTS - 2)
        return TUFF_OK;
    return tuff_fail(
        TUFF_UNSUPPORTED,
        "a vocabulary of %u words takes %u storage buffers of the %llu bytes that the device can bind; "
        "%d at most are read: --dtype f16 halves it",
        config->vocab_size, weights->word_part_count,
        (unsigned long long)weights->device->limits.max_storage_range, TUFF_MAX_INPUTS - 2);
}

/* What filling one tensor reads. */
struct fill {
    const struct tuff_weights *weights;
    const struct tuff_tensor *tensor;
    float *values; /* of a parameter's row */
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
        TUFF_TRY(tuff_view_read_f32(piece->parameter->source, first, piece->cols, fill->values));
        for (uint32_t col = 0; col < piece->cols; col++)
            out_values[column_of(piece, col)] = fill->values[col];
    }
    return TUFF_OK;
}

static tuff_status upload_tensor(struct tuff_weights *weights, const struct tuff_tensor *tensor) {
    struct fill fill = { .weights = weights, .tensor = tensor };
    TUFF_TRY(tuff_alloc(tensor->shape.cols, sizeof *fill.values, &fill.values));
    tuff_status status = tuff_tensor_fill(weights->device, tensor, read_row, &fill);
    tuff_free(fill.values);
    for (size_t i = 0; i < weights->piece_count; i++)
        if (weights->pieces[i].tensor == tensor)
            tuff_view_release(weights->pieces[i].parameter->source);
    return status;
}

tuff_status tuff_weights_load(struct tuff_device *device, const struct tuff_config *config,
                              const struct tuff_parameters *parameters, enum tuff_type type,
                              struct tuff_weights **out_weights) {
    struct tuff_weights *weights = NULL;
    TUFF_TRY(tuff_alloc(1, sizeof *weights, &weights));
    weights->device = device;
    weights->type = type;
    weights->head_stride = tuff_padded(config->hidden_size / config->num_attention_heads);
    tuff_status status = cut_vocabulary(weights, config);
    struct load load = { .weights = weights, .config = config, .parameters = parameters };
    if (status == TUFF_OK)
        status = tuff_arena_create(device, TUFF_MEMORY_DEVICE, "weights", &weights->arena);
    if (status == TUFF_OK)
        status = add_all(&load);
    if (status == TUFF_OK && !weights->decoder)
        weights->decoder = weights->word;
    for (size_t i = 0; i < weights->tensor_count && status == TUFF_OK; i++)
        status = upload_tensor(weights, &weights->tensors[i]);
    if (status != TUFF_OK) {
        tuff_weights_free(weights);
        return status;
    }
    *out_weights = weights;
    return TUFF_OK;
}

void tuff_weights_free(struct tuff_weights *weights) {
    if (!weights)
        return;
    tuff_arena_destroy(weights->arena);
    if (weights->decoder != weights->word)
        tuff_free(weights->decoder);
    tuff_free(weights->word);
    tuff_free(weights->decoder_bias);
    tuff_free(weights->layers);
    tuff_free(weights->tensors);
    tuff_free(weights->pieces);
    tuff_free(weights);
}
