/* SPDX-License-Identifier: Apache-2.0 */
/* Where the parameters and what training keeps of them lie in the device's memory. */
#include "base/memory.h"
#include "model/weights.h"
#include "ops/transpose.h"

struct placing {
    struct tuff_weights *weights;
    const struct tuff_weights_options *options;
    uint32_t layer_count;
};

/* The first piece speaks for a tensor: query, key and value are trained together. */
static const struct tuff_parameter *parameter_of(const struct tuff_weights *weights,
                                                 const struct tuff_tensor *tensor) {
    size_t i = 0;
    while (weights->pieces[i].tensor != tensor)
        i++;
    return weights->pieces[i].parameter;
}

static bool is_trained(const struct placing *placing, const struct tuff_tensor *tensor) {
    return placing->options->is_trained &&
           placing->options->is_trained(placing->options->user, parameter_of(placing->weights, tensor));
}

static uint32_t depth_of(const struct placing *placing, const struct tuff_tensor *tensor) {
    const struct tuff_parameter *parameter = parameter_of(placing->weights, tensor);
    if (!placing->options->splits_layers || parameter->role < TUFF_ROLE_QUERY_WEIGHT)
        return 0;
    const bool is_of_layer =
        parameter->role <= TUFF_ROLE_OUTPUT_NORM_BIAS || parameter->role >= TUFF_ROLE_LORA_A;
    return is_of_layer ? parameter->layer + 1 : placing->layer_count + 1;
}

static struct tuff_weight_range new_range(const struct placing *placing, size_t index, bool trained) {
    const struct tuff_weights *weights = placing->weights;
    bool is_matrix = !weights->is_vector[index];
    bool is_adapted = tuff_weights_is_adapted(weights, &weights->tensors[index]);
    return (struct tuff_weight_range){
        .is_trained = trained,
        .is_adapted = is_adapted,
        .decays = trained && is_matrix,
        .has_halves = (trained || is_adapted) && is_matrix && weights->type == TUFF_TYPE_F16,
        .depth = depth_of(placing, &weights->tensors[index]),
    };
}

/* Bytes of a tensor in its range. */
static uint64_t kept_size(const struct placing *placing, size_t index, bool trained) {
    struct tuff_shape shape = placing->weights->tensors[index].shape;
    /* An offset in the halves is half of it, and has to be aligned too. */
    uint64_t alignment = 2 * tuff_slice_alignment(placing->weights->device);
    if (trained || tuff_weights_is_adapted(placing->weights, &placing->weights->tensors[index]))
        shape.type = TUFF_TYPE_F32;
    return (tuff_shape_size(&shape) + alignment - 1) / alignment * alignment;
}

enum range_kind { FROZEN, TRAINED_MATRICES, TRAINED_VECTORS, ADAPTED, RANGE_KINDS };

/* The last range of a kind. */
struct current {
    uint32_t range, depth;
};

/* Puts a tensor behind the last one of its kind, or into a new range where that would be too large to bind.
 */
static tuff_status place_tensor(const struct placing *placing, size_t index, struct current *currents) {
    struct tuff_weights *weights = placing->weights;
    bool trained = is_trained(placing, &weights->tensors[index]);
    uint64_t size = kept_size(placing, index, trained);
    uint32_t depth = depth_of(placing, &weights->tensors[index]);
    bool is_adapted = tuff_weights_is_adapted(weights, &weights->tensors[index]);
    enum range_kind kind = is_adapted                  ? ADAPTED
                           : !trained                  ? FROZEN
                           : weights->is_vector[index] ? TRAINED_VECTORS
                                                       : TRAINED_MATRICES;
    struct current *current = &currents[kind];
    uint32_t *range = &current->range;
    if (*range == UINT32_MAX || current->depth != depth ||
        weights->ranges[*range].size + size > weights->device->limits.max_storage_range) {
        TUFF_TRY(tuff_reserve(&weights->ranges, &weights->range_capacity, weights->range_count + 1,
                              sizeof *weights->ranges));
        *range = (uint32_t)weights->range_count++;
        weights->ranges[*range] = new_range(placing, index, trained);
        current->depth = depth;
    }
    weights->range_of[index] = *range;
    weights->offset_of[index] = weights->ranges[*range].size;
    weights->ranges[*range].size += size;
    return TUFF_OK;
}

static struct tuff_slice part_of(struct tuff_slice range, uint64_t offset, uint64_t size) {
    return (struct tuff_slice){ range.buffer, range.offset + offset, size };
}

static tuff_status take_range(struct tuff_weights *weights, struct tuff_weight_range *range) {
    TUFF_TRY(tuff_arena_take(weights->arena, range->size, &range->weights));
    if (range->has_halves)
        TUFF_TRY(tuff_arena_take(weights->arena, range->size / 2, &range->halves));
    if (range->is_adapted)
        TUFF_TRY(tuff_arena_take(weights->arena, range->size, &range->base));
    if (range->is_trained || range->is_adapted)
        TUFF_TRY(tuff_arena_take(weights->arena, range->size, &range->gradients));
    if (!range->is_trained)
        return TUFF_OK;
    TUFF_TRY(tuff_arena_take(weights->arena, range->size, &range->first_moments));
    return tuff_arena_take(weights->arena, range->size, &range->second_moments);
}

/* Of what training multiplies with by blocks. */
static tuff_status place_transposed(struct tuff_weights *weights) {
    TUFF_TRY(tuff_alloc(weights->tensor_count, sizeof *weights->transposed, &weights->transposed));
    for (size_t i = 0; i < weights->tensor_count; i++) {
        struct tuff_tensor *tensor = &weights->tensors[i], *transposed = &weights->transposed[i];
        if (!tuff_can_transpose(&tensor->shape))
            continue;
        *transposed =
            (struct tuff_tensor){ .name = tensor->name, .shape = tuff_transposed_shape(&tensor->shape) };
        TUFF_TRY(tuff_arena_take(weights->arena, tuff_shape_size(&transposed->shape), &transposed->slice));
        tensor->transposed = transposed;
    }
    return TUFF_OK;
}

static tuff_status place_all(const struct placing *placing) {
    struct tuff_weights *weights = placing->weights;
    struct current currents[RANGE_KINDS];
    for (size_t i = 0; i < RANGE_KINDS; i++)
        currents[i] = (struct current){ UINT32_MAX, 0 };
    TUFF_TRY(tuff_alloc(weights->tensor_count, sizeof *weights->range_of, &weights->range_of));
    TUFF_TRY(tuff_alloc(weights->tensor_count, sizeof *weights->offset_of, &weights->offset_of));
    TUFF_TRY(tuff_alloc(weights->tensor_count, sizeof *weights->gradients, &weights->gradients));
    for (size_t i = 0; i < weights->tensor_count; i++)
        TUFF_TRY(place_tensor(placing, i, currents));
    for (size_t i = 0; i < weights->range_count; i++)
        TUFF_TRY(take_range(weights, &weights->ranges[i]));
    for (size_t i = 0; i < weights->tensor_count; i++) {
        struct tuff_tensor *tensor = &weights->tensors[i];
        const struct tuff_weight_range *range = &weights->ranges[weights->range_of[i]];
        uint64_t size = tuff_shape_size(&tensor->shape);
        tensor->slice = range->has_halves ? part_of(range->halves, weights->offset_of[i] / 2, size)
                                          : part_of(range->weights, weights->offset_of[i], size);
        if (!range->gradients.buffer)
            continue;
        weights->gradients[i] = *tensor;
        weights->gradients[i].shape.type = TUFF_TYPE_F32;
        weights->gradients[i].slice =
            part_of(range->gradients, weights->offset_of[i], tuff_shape_size(&weights->gradients[i].shape));
        tensor->gradient = &weights->gradients[i];
    }
    return TUFF_OK;
}

tuff_status tuff_weights_place(struct tuff_weights *weights, const struct tuff_weights_options *options,
                               uint32_t layer_count) {
    const struct placing placing = { weights, options, layer_count };
    TUFF_TRY(place_all(&placing));
    return options->is_trained ? place_transposed(weights) : TUFF_OK;
}
