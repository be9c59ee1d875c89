/* SPDX-License-Identifier: Apache-2.0 */
#include "model/weights.h"

#include "base/memory.h"
#include "ops/matmul_tile.h"

/* What the steps of loading share. */
struct load {
    struct tuff_weights *weights;
    const struct tuff_config *config;
    const struct tuff_parameters *parameters;
    const struct tuff_weights_options *options;
};

/* Where in a tensor a piece begins, and how it is spread over heads. */
struct place {
    uint32_t first_row, row_group, row_stride;
    uint32_t first_col, col_group, col_stride;
};

static bool is_vector(const struct tuff_parameter *parameter) {
    return parameter->rank == 1;
}

struct tuff_tensor *tuff_weights_add_tensor(struct tuff_weights *weights,
                                            const struct tuff_parameter *parameter, struct tuff_shape shape) {
    size_t index = weights->tensor_count++;
    weights->tensors[index] = (struct tuff_tensor){ .name = parameter->name, .shape = shape };
    weights->is_vector[index] = is_vector(parameter);
    return &weights->tensors[index];
}

tuff_status tuff_weights_add_piece(struct tuff_weights *weights, const struct tuff_piece *piece) {
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
    return tuff_weights_add_piece(load->weights, &piece);
}

static enum tuff_type matrix_type(const struct tuff_weights *weights, enum tuff_role role) {
    bool is_in_layer = role >= TUFF_ROLE_QUERY_WEIGHT && role <= TUFF_ROLE_OUTPUT_WEIGHT;
    return is_in_layer ? weights->layer_type : weights->type;
}

/* Of the matrices of layers. */
static enum tuff_layout layer_layout(const struct load *load, uint32_t outputs, uint32_t inputs) {
    const struct tuff_parameters *parameters = load->parameters;
    if (parameters->items[parameters->count - 1].role >=
        TUFF_ROLE_LORA_A) /* adapters, which are the last, take panels */
        return TUFF_LAYOUT_PANELS;
    return tuff_matmul_layout(load->weights->device, load->weights->layer_type, outputs, inputs,
                              load->options->is_trained != NULL);
}

/* A parameter that is a tensor as it stands; *out_tensor stays NULL where the folder has none. Vectors are
 * F32. */
static tuff_status add_plain(struct load *load, enum tuff_role role, uint32_t layer, enum tuff_layout layout,
                             struct tuff_tensor **out_tensor) {
    const struct tuff_parameter *parameter = tuff_parameters_get(load->parameters, role, layer);
    if (!parameter)
        return TUFF_OK;
    bool vector = is_vector(parameter);
    struct tuff_shape shape = {
        .type = vector ? TUFF_TYPE_F32 : matrix_type(load->weights, role),
        .layout = vector ? TUFF_LAYOUT_ROWS : layout,
        .rows = vector ? 1 : (uint32_t)parameter->shape[0],
        .cols = (uint32_t)parameter->shape[parameter->rank - 1],
    };
    *out_tensor = tuff_weights_add_tensor(load->weights, parameter, shape);
    return add_placed(load, role, layer, *out_tensor, &(struct place){ 0 });
}

static tuff_status add_linear(struct load *load, enum tuff_role weight_role, uint32_t layer,
                              struct tuff_tensor **out_weight, struct tuff_tensor **out_bias) {
    const struct tuff_config *config = load->config;
    const uint32_t hidden = config->hidden_size, intermediate = config->intermediate_size;
    enum tuff_layout layout =
        weight_role == TUFF_ROLE_INTERMEDIATE_WEIGHT ? layer_layout(load, intermediate, hidden)
        : weight_role == TUFF_ROLE_OUTPUT_WEIGHT     ? layer_layout(load, hidden, intermediate)
                                                     : TUFF_LAYOUT_PANELS;
    TUFF_TRY(add_plain(load, weight_role, layer, layout, out_weight));
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
    struct tuff_shape shape = { .type = load->weights->layer_type,
                                .layout = layer_layout(load, 3 * width, config->hidden_size),
                                .rows = 3 * width,
                                .cols = config->hidden_size };
    struct tuff_shape bias_shape = { .type = TUFF_TYPE_F32, .rows = 1, .cols = 3 * width };
    out->qkv =
        tuff_weights_add_tensor(load->weights, tuff_parameters_get(load->parameters, roles[0], layer), shape);
    out->qkv_bias = tuff_weights_add_tensor(
        load->weights, tuff_parameters_get(load->parameters, roles[0] + 1, layer), bias_shape);
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
    const uint32_t width = config->num_attention_heads * load->weights->head_stride;
    struct tuff_shape shape = { .type = load->weights->layer_type,
                                .layout = layer_layout(load, config->hidden_size, width),
                                .rows = config->hidden_size,
                                .cols = width };
    struct place place = { .col_group = config->hidden_size / config->num_attention_heads,
                           .col_stride = load->weights->head_stride };
    const struct tuff_parameter *parameter =
        tuff_parameters_get(load->parameters, TUFF_ROLE_ATTENTION_OUTPUT_WEIGHT, layer);
    out->attention_output = tuff_weights_add_tensor(load->weights, parameter, shape);
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
    bool vector = is_vector(parameter);
    uint32_t cols = vector ? count : (uint32_t)parameter->shape[1];
    struct tuff_shape shape = { .type = vector ? TUFF_TYPE_F32 : weights->type,
                                .layout = vector ? TUFF_LAYOUT_ROWS : layout,
                                .rows = vector ? 1 : count,
                                .cols = cols };
    *out_tensor = tuff_weights_add_tensor(weights, parameter, shape);
    struct tuff_piece piece = { .parameter = parameter,
                                .tensor = *out_tensor,
                                .first_element = (size_t)first * (vector ? 1 : cols),
                                .rows = shape.rows,
                                .cols = cols };
    return tuff_weights_add_piece(weights, &piece);
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
    size_t bound = load->parameters->count + 3u * (size_t)weights->word_part_count;
    TUFF_TRY(tuff_alloc(bound, sizeof *weights->tensors, &weights->tensors));
    TUFF_TRY(tuff_alloc(bound, sizeof *weights->is_vector, &weights->is_vector));
    TUFF_TRY(tuff_alloc(layers, sizeof *weights->layers, &weights->layers));
    TUFF_TRY(add_embeddings(load));
    for (uint32_t layer = 0; layer < layers; layer++)
        TUFF_TRY(add_layer(load, layer, &weights->layers[layer]));
    TUFF_TRY(add_heads(load));
    return tuff_weights_add_lora(weights, load->parameters, load->options->lora_alpha);
}

/* The vocabulary is cut so that each part can be bound, as rows or as panels. */
static tuff_status cut_vocabulary(const struct load *load) {
    struct tuff_weights *weights = load->weights;
    const struct tuff_config *config = load->config;
    bool is_half = weights->type == TUFF_TYPE_F16 && !load->options->is_trained;
    uint64_t row_size = (uint64_t)tuff_padded(config->hidden_size) * (is_half ? 2 : 4);
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

static tuff_status record_zeros(const struct tuff_weights *weights, struct tuff_recording *recording) {
    for (size_t i = 0; i < weights->range_count; i++) {
        const struct tuff_weight_range *range = &weights->ranges[i];
        if (range->gradients.buffer)
            TUFF_TRY(tuff_record_fill(recording, range->gradients, 0));
        if (!range->is_trained)
            continue;
        TUFF_TRY(tuff_record_fill(recording, range->first_moments, 0));
        TUFF_TRY(tuff_record_fill(recording, range->second_moments, 0));
    }
    return TUFF_OK;
}

static tuff_status load_all(struct load *load) {
    struct tuff_weights *weights = load->weights;
    TUFF_TRY(cut_vocabulary(load));
    TUFF_TRY(tuff_arena_create(weights->device, TUFF_MEMORY_DEVICE, "weights", &weights->arena));
    TUFF_TRY(add_all(load));
    if (!weights->decoder)
        weights->decoder = weights->word;
    TUFF_TRY(tuff_weights_place(weights, load->options, load->config->num_hidden_layers));
    for (size_t i = 0; i < weights->tensor_count; i++)
        TUFF_TRY(tuff_weights_upload(weights, &weights->tensors[i]));
    if (!load->options->is_trained)
        return TUFF_OK;
    TUFF_TRY(tuff_weights_renew(weights));
    return tuff_weights_run(weights, record_zeros);
}

tuff_status tuff_weights_load(struct tuff_device *device, const struct tuff_config *config,
                              const struct tuff_parameters *parameters,
                              const struct tuff_weights_options *options, struct tuff_weights **out_weights) {
    struct tuff_weights *weights = NULL;
    TUFF_TRY(tuff_alloc(1, sizeof *weights, &weights));
    weights->device = device;
    weights->type = options->type;
    weights->layer_type = options->has_int8_layers ? TUFF_TYPE_I8 : options->type;
    weights->head_stride = tuff_padded(config->hidden_size / config->num_attention_heads);
    struct load load = { .weights = weights, .config = config, .parameters = parameters, .options = options };
    tuff_status status = load_all(&load);
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
    tuff_free(weights->gradients);
    tuff_free(weights->transposed);
    tuff_free(weights->is_vector);
    tuff_free(weights->range_of);
    tuff_free(weights->offset_of);
    tuff_free(weights->ranges);
    tuff_free(weights->pieces);
    tuff_free(weights->adapters);
    tuff_free(weights);
}
