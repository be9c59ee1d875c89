/* SPDX-License-Identifier: Apache-2.0 */
/* First the gradient of what activation was applied to, then the products with it: in panels and in place of the gradient of
 * y; or, with a weight in blocks, in blocks of scratch memory. */
#include "base/random.h"
#include "kernels/linear_backward_blocks.h"
#include "kernels/linear_backward_output.h"
#include "ops/linear.h"
#include "ops/matmul.h"
#include "ops/teams.h"

enum { NOT_WANTED, STORED, ADDED };

static uint32_t mode_of(const struct tuff_node *node, uint32_t input) {
    return !node->d_inputs[input] ? NOT_WANTED : node->accumulates[input] ? ADDED : STORED;
}

static bool is_window(const struct tuff_node *node) {
    return node->d_outputs[TUFF_LINEAR_Y]->shape.cols != node->inputs[TUFF_LINEAR_WEIGHT]->shape.rows;
}

/* Gradients of parameters of which y has only some outputs are cleared first and then added to. */
static tuff_status clear_window(struct tuff_recording *recording, const struct tuff_node *node,
                                uint32_t input) {
    if (mode_of(node, input) != STORED || !is_window(node))
        return TUFF_OK;
    return tuff_record_fill(recording, node->d_inputs[input]->slice, 0);
}

/* What is done on the way down the columns of a gradient of y. */
struct output_pass {
    const struct tuff_tensor *d_y;
    uint32_t residual_mode;
    enum tuff_activation activation;
    struct tuff_dropout dropout;
};

static tuff_status run_output(struct tuff_device *device, struct tuff_recording *recording,
                              const struct tuff_node *node, const struct output_pass *pass) {
    const struct tuff_tensor *d_y = pass->d_y;
    const uint32_t bias_mode = mode_of(node, TUFF_LINEAR_BIAS);
    const uint32_t groups = tuff_shape_stride(&d_y->shape) / 4;
    const struct tuff_columns columns = tuff_columns_for(device, d_y->shape.rows, groups);
    const uint32_t variant = !tuff_is_f16(node->inputs[TUFF_LINEAR_X]) ? 0 : tuff_is_f16(d_y) ? 1 : 2;
    TUFF_TRY(clear_window(recording, node, TUFF_LINEAR_BIAS));
    return tuff_run_linear_backward_output(
        recording, variant, columns.grid,
        &(struct tuff_linear_backward_output){
            .d_y = d_y->slice,
            .sum = tuff_slice_or(node->outputs[TUFF_LINEAR_SUM], d_y->slice),
            .seed = tuff_slice_or(node->inputs[TUFF_LINEAR_SEED], d_y->slice),
            .d_residual = tuff_slice_or(node->d_inputs[TUFF_LINEAR_RESIDUAL], d_y->slice),
            .d_bias = tuff_slice_or(node->d_inputs[TUFF_LINEAR_BIAS], d_y->slice),
            .push = { .rows = d_y->shape.rows,
                      .cols = d_y->shape.cols,
                      .groups = groups,
                      .first_output = node->params.linear.first_output,
                      .residual_mode = pass->residual_mode,
                      .bias_mode = bias_mode == STORED && is_window(node) ? ADDED : bias_mode,
                      TUFF_DROPOUT_PUSH(&pass->dropout) },
            .spec = { .workgroup_size = columns.workgroup_size,
                      .row_lanes = columns.row_lanes,
                      .activation = pass->activation },
        });
}

/* From the gradient of y to that of the sum, in its place; the residual's and the bias's on the way. */
static tuff_status backward_output(struct tuff_device *device, struct tuff_recording *recording,
                                   const struct tuff_node *node) {
    const struct output_pass pass = { .d_y = node->d_outputs[TUFF_LINEAR_Y],
                                      .residual_mode = mode_of(node, TUFF_LINEAR_RESIDUAL),
                                      .activation = node->params.linear.activation,
                                      .dropout = node->params.linear.dropout };
    const bool is_changed = pass.activation != TUFF_ACTIVATION_NONE || pass.dropout.probability > 0;
    if (!is_changed && !node->d_inputs[TUFF_LINEAR_RESIDUAL] && !node->d_inputs[TUFF_LINEAR_BIAS])
        return TUFF_OK;
    return run_output(device, recording, node, &pass);
}

/* z: the gradient of the sum. */
static struct tuff_outer_product weight_product(const struct tuff_node *node, const struct tuff_tensor *z,
                                                const struct tuff_tensor *scratch) {
    return (struct tuff_outer_product){
        .z = z,
        .x = node->inputs[TUFF_LINEAR_X],
        .d_weight = node->d_inputs[TUFF_LINEAR_WEIGHT],
        .scratch = scratch,
        .first_output = node->params.linear.first_output,
        .accumulates = node->accumulates[TUFF_LINEAR_WEIGHT] || is_window(node),
    };
}

static struct tuff_matmul input_product(const struct tuff_node *node, const struct tuff_tensor *z) {
    const struct tuff_tensor *weight = node->inputs[TUFF_LINEAR_WEIGHT];
    return (struct tuff_matmul){
        .x = z,
        .weight = weight->transposed ? weight->transposed : weight,
        .residual = node->accumulates[TUFF_LINEAR_X] ? node->d_inputs[TUFF_LINEAR_X] : NULL,
        .y = node->d_inputs[TUFF_LINEAR_X],
        .scratch = node->d_scratch,
        .first_output = node->params.linear.first_output,
        .over_outputs = !weight->transposed,
    };
}

/* ---------------------------------------------------------------- in blocks */

enum {
    SUBGROUPS = 2, /* of a workgroup */
    PART = 64,     /* rows of a subgroup: enough that the sums that it leaves are few */
    RUN = 4,       /* blocks of a subgroup, as in the shader */
};

/* Scratch memory: of the gradient of the sum and of x, both in blocks, and of sums of parts of the rows, which sum_rows
 * counts and which the bias's gradient is made of. */
struct room {
    struct tuff_tensor z, x, sums;
};

static bool is_in_blocks(const struct tuff_node *node) {
    return node->inputs[TUFF_LINEAR_WEIGHT]->shape.layout == TUFF_LAYOUT_BLOCKS;
}

static uint32_t sum_rows(const struct tuff_device *device, uint32_t rows) {
    const uint32_t at_once = device->limits.subgroup_size > 8 ? device->limits.subgroup_size / 8 : 1;
    return tuff_divide_up(tuff_padded(rows), PART) * at_once;
}

static struct tuff_shape room_shape(const struct tuff_device *device, const struct tuff_node *node,
                                    struct room *out_room) {
    const struct tuff_shape *x = &node->inputs[TUFF_LINEAR_X]->shape,
                            *d_y = &node->d_outputs[TUFF_LINEAR_Y]->shape;
    const uint32_t inputs = node->d_inputs[TUFF_LINEAR_WEIGHT] ? x->cols : 0;
    struct tuff_shape whole = { .layout = TUFF_LAYOUT_BLOCKS, .rows = d_y->cols, .cols = d_y->rows };
    out_room->z.shape = whole;
    out_room->x.shape = whole;
    out_room->x.shape.rows = inputs;
    out_room->sums.shape = (struct tuff_shape){ .rows = sum_rows(device, d_y->rows), .cols = d_y->cols };
    const uint64_t sums_size = tuff_shape_size(&out_room->sums.shape);
    const uint64_t block_size = (uint64_t)tuff_shape_stride(&whole) * TUFF_BLOCK_ROWS * sizeof(float);
    whole.rows += inputs + (uint32_t)((sums_size + block_size - 1) / block_size) * TUFF_BLOCK_ROWS;
    return whole;
}

static struct tuff_slice take(struct tuff_slice *free, const struct tuff_shape *shape) {
    struct tuff_slice taken = *free;
    taken.size = tuff_shape_size(shape);
    free->offset += taken.size;
    free->size -= taken.size;
    return taken;
}

static tuff_status output_to_blocks(struct tuff_device *device, struct tuff_recording *recording,
                                    const struct tuff_node *node, const struct room *room) {
    const struct tuff_tensor *d_y = node->d_outputs[TUFF_LINEAR_Y], *sum = node->outputs[TUFF_LINEAR_SUM];
    const struct tuff_dropout *dropout = &node->params.linear.dropout;
    const uint32_t lanes = device->limits.subgroup_size, rows = d_y->shape.rows, cols = d_y->shape.cols;
    const struct tuff_grid grid = { tuff_divide_up(tuff_padded(rows), PART),
                                    tuff_divide_up(cols, SUBGROUPS * RUN * TUFF_BLOCK_ROWS), 1,
                                    (uint64_t)rows * cols };
    return tuff_run_linear_backward_blocks(
        recording, TUFF_LINEAR_BACKWARD_BLOCKS_F32, grid,
        &(struct tuff_linear_backward_blocks){
            .d_y = d_y->slice,
            .sum = tuff_slice_or(sum, d_y->slice),
            .seed = tuff_slice_or(node->inputs[TUFF_LINEAR_SEED], d_y->slice),
            .d_residual = tuff_slice_or(node->d_inputs[TUFF_LINEAR_RESIDUAL], d_y->slice),
            .z = room->z.slice,
            .part_sums = room->sums.slice,
            .push = { .rows = rows,
                      .cols = cols,
                      .z_stride = tuff_shape_stride(&room->z.shape),
                      TUFF_DROPOUT_PUSH(dropout),
                      TUFF_ADDRESS_PUSH(d_y, tuff_tensor_address(d_y)),
                      TUFF_ADDRESS_PUSH(sum, tuff_tensor_address(sum)) },
            .spec = { .workgroup_size = SUBGROUPS * lanes,
                      .lanes = lanes,
                      .part = PART,
                      .residual_mode = mode_of(node, TUFF_LINEAR_RESIDUAL),
                      .activation = node->params.linear.activation,
                      .has_dropout = dropout->probability > 0 },
        });
}

static tuff_status backward_in_blocks(struct tuff_device *device, struct tuff_recording *recording,
                                      const struct tuff_node *node) {
    struct room room = { 0 };
    room_shape(device, node, &room);
    if (!node->d_scratch)
        return tuff_fail(TUFF_ARGUMENT, "linear: a weight in blocks is not trained without scratch memory");
    struct tuff_slice free = node->d_scratch->slice;
    room.z.slice = take(&free, &room.z.shape);
    room.x.slice = take(&free, &room.x.shape);
    room.sums.slice = take(&free, &room.sums.shape);
    TUFF_TRY(output_to_blocks(device, recording, node, &room));
    if (node->d_inputs[TUFF_LINEAR_BIAS])
        TUFF_TRY(run_output(device, recording, node, &(struct output_pass){ .d_y = &room.sums }));
    if (node->d_inputs[TUFF_LINEAR_WEIGHT]) {
        const struct tuff_outer_product outer = weight_product(node, &room.z, &room.x);
        TUFF_TRY(tuff_outer_product_run(device, recording, &outer));
    }
    const struct tuff_matmul product = input_product(node, &room.z);
    return node->d_inputs[TUFF_LINEAR_X] ? tuff_matmul_run(device, recording, &product) : TUFF_OK;
}

/* ---------------------------------------------------------------- both */

tuff_status tuff_linear_backward(struct tuff_device *device, struct tuff_recording *recording,
                                 const struct tuff_node *node) {
    if (is_in_blocks(node))
        return backward_in_blocks(device, recording, node);
    TUFF_TRY(backward_output(device, recording, node));
    if (node->d_inputs[TUFF_LINEAR_WEIGHT]) {
        const struct tuff_outer_product outer =
            weight_product(node, node->d_outputs[TUFF_LINEAR_Y], node->d_scratch);
        TUFF_TRY(clear_window(recording, node, TUFF_LINEAR_WEIGHT));
        TUFF_TRY(tuff_outer_product_run(device, recording, &outer));
    }
    const struct tuff_matmul product = input_product(node, node->d_outputs[TUFF_LINEAR_Y]);
    return node->d_inputs[TUFF_LINEAR_X] ? tuff_matmul_run(device, recording, &product) : TUFF_OK;
}

/* The products follow each other: the larger scratch serves both. */
struct tuff_shape tuff_linear_backward_scratch(const struct tuff_device *device,
                                               const struct tuff_node *node) {
    struct tuff_shape of_weight = { 0 }, of_input = { 0 };
    struct room room = { 0 };
    if (is_in_blocks(node))
        return room_shape(device, node, &room);
    if (node->d_inputs[TUFF_LINEAR_WEIGHT]) {
        const struct tuff_outer_product outer = weight_product(node, node->d_outputs[TUFF_LINEAR_Y], NULL);
        of_weight = tuff_outer_scratch(device, &outer);
    }
    if (node->d_inputs[TUFF_LINEAR_X]) {
        const struct tuff_matmul product = input_product(node, node->d_outputs[TUFF_LINEAR_Y]);
        of_input = tuff_matmul_scratch(device, &product);
    }
    return tuff_shape_size(&of_input) > tuff_shape_size(&of_weight) ? of_input : of_weight;
}
