/* SPDX-License-Identifier: Apache-2.0 */
/* Layer normalisation: y = dropout((x - mean) * rstd * gamma + beta), per row; rstd = 1 / sqrt(variance +
 * epsilon).
 *
 *   inputs   0 x (M, N)   1 gamma F32 (1, N)   2 beta F32 (1, N)   3 seed I32 (1, 4) where there is dropout
 *   outputs  0 y (M, N) of x's type   1 stats F32 (M, 2), mean and rstd, in training
 *
 * Backward uses x, gamma and stats, not y. */
#include <math.h>

#include "base/random.h"
#include "kernels/layer_norm_backward.h"
#include "kernels/layer_norm_backward_lanes.h"
#include "kernels/layer_norm_backward_params.h"
#include "kernels/layer_norm_backward_params_lanes.h"
#include "kernels/layer_norm_forward.h"
#include "ops/check.h"
#include "ops/expect.h"
#include "ops/matmul.h"
#include "ops/teams.h"

enum { X, GAMMA, BETA, SEED };
enum { Y, STATS };

static tuff_status shape(const struct tuff_device *device, const struct tuff_node *node,
                         struct tuff_shape outputs[TUFF_MAX_OUTPUTS]) {
    (void)device;
    TUFF_TRY(tuff_expect_float(node, X, "x", 0, 0));
    const struct tuff_shape *x = &node->inputs[X]->shape;
    TUFF_TRY(tuff_expect(node, GAMMA, "gamma", TUFF_TYPE_F32, 1, x->cols));
    TUFF_TRY(tuff_expect(node, BETA, "beta", TUFF_TYPE_F32, 1, x->cols));
    TUFF_TRY(tuff_expect_seed(node, SEED, &node->params.layer_norm.dropout));
    outputs[Y] = *x;
    if (node->is_training)
        outputs[STATS] = (struct tuff_shape){ .type = TUFF_TYPE_F32, .rows = x->rows, .cols = 2 };
    return TUFF_OK;
}

/* How gradients of parameters are given. */
#define PARAMS_PUSH(node)                                                                                    \
    .gamma_mode = (node)->d_inputs[GAMMA] ? 1 + (node)->accumulates[GAMMA] : 0,                              \
    .beta_mode = (node)->d_inputs[BETA] ? 1 + (node)->accumulates[BETA] : 0

static tuff_status forward(struct tuff_device *device, struct tuff_recording *recording,
                           const struct tuff_node *node) {
    const struct tuff_tensor *x = node->inputs[X];
    const struct tuff_dropout *dropout = &node->params.layer_norm.dropout;
    const struct tuff_teams teams = tuff_teams_for(device, x->shape.rows, x->shape.cols);
    struct tuff_slice gamma = node->inputs[GAMMA]->slice;
    struct tuff_slice y = node->outputs[Y]->slice;
    return tuff_run_layer_norm_forward(recording, tuff_is_f16(x) + 2 * teams.uses_subgroups, teams.grid,
                                       &(struct tuff_layer_norm_forward){
                                           .x = x->slice,
                                           .gamma = gamma,
                                           .beta = node->inputs[BETA]->slice,
                                           .seed = tuff_slice_or(node->inputs[SEED], gamma),
                                           .y = y,
                                           .stats = tuff_slice_or(node->outputs[STATS], y),
                                           .push = { .rows = x->shape.rows,
                                                     .cols = x->shape.cols,
                                                     .groups = tuff_padded(x->shape.cols) / 4,
                                                     .keeps_stats = node->is_training,
                                                     .epsilon = node->params.layer_norm.epsilon,
                                                     TUFF_DROPOUT_PUSH(dropout) },
                                           .spec = { .workgroup_size = teams.workgroup_size,
                                                     .team_size = teams.team_size,
                                                     .rows_per_workgroup = teams.rows_per_workgroup },
                                       });
}

/* Whether the kernels for CPU drivers that take addresses serve backward. */
static bool uses_lanes(const struct tuff_device *device, const struct tuff_shape *x) {
    return tuff_matmul_uses_lanes(device, x->type) && device->features.subgroup_arithmetic &&
           tuff_padded(x->cols) / 2 >= device->limits.subgroup_size;
}

static tuff_status backward_x_lanes(struct tuff_device *device, struct tuff_recording *recording,
                                    const struct tuff_node *node) {
    enum { TILE_ROWS = 4 };
    const struct tuff_tensor *x = node->inputs[X], *gamma = node->inputs[GAMMA], *d_y = node->d_outputs[Y];
    const struct tuff_dropout *dropout = &node->params.layer_norm.dropout;
    const uint32_t lanes = device->limits.subgroup_size;
    return tuff_run_layer_norm_backward_lanes(
        recording, TUFF_LAYER_NORM_BACKWARD_LANES_F32,
        tuff_grid_line(tuff_divide_up(x->shape.rows, TILE_ROWS), (uint64_t)x->shape.rows * x->shape.cols),
        &(struct tuff_layer_norm_backward_lanes){
            .x = x->slice,
            .gamma = gamma->slice,
            .stats = node->outputs[STATS]->slice,
            .d_y = d_y->slice,
            .seed = tuff_slice_or(node->inputs[SEED], gamma->slice),
            .d_x = node->d_inputs[X]->slice,
            .push = { .rows = x->shape.rows,
                      .cols = x->shape.cols,
                      .row_pairs = tuff_padded(x->shape.cols) / 2,
                      .accumulates = node->accumulates[X],
                      TUFF_DROPOUT_PUSH(dropout),
                      TUFF_ADDRESS_PUSH(x, tuff_tensor_address(x)),
                      TUFF_ADDRESS_PUSH(gamma, tuff_tensor_address(gamma)),
                      TUFF_ADDRESS_PUSH(d_y, tuff_tensor_address(d_y)) },
            .spec = { .workgroup_size = lanes,
                      .lanes = lanes,
                      .tile_rows = TILE_ROWS,
                      .has_dropout = dropout->probability > 0 },
        });
}

static tuff_status backward_x(struct tuff_device *device, struct tuff_recording *recording,
                              const struct tuff_node *node) {
    const struct tuff_tensor *x = node->inputs[X];
    const struct tuff_dropout *dropout = &node->params.layer_norm.dropout;
    const struct tuff_teams teams = tuff_teams_for(device, x->shape.rows, x->shape.cols);
    struct tuff_slice gamma = node->inputs[GAMMA]->slice;
    return tuff_run_layer_norm_backward(recording, tuff_is_f16(x) + 2 * teams.uses_subgroups, teams.grid,
                                        &(struct tuff_layer_norm_backward){
                                            .x = x->slice,
                                            .gamma = gamma,
                                            .stats = node->outputs[STATS]->slice,
                                            .d_y = node->d_outputs[Y]->slice,
                                            .seed = tuff_slice_or(node->inputs[SEED], gamma),
                                            .d_x = node->d_inputs[X]->slice,
                                            .push = { .rows = x->shape.rows,
                                                      .cols = x->shape.cols,
                                                      .groups = tuff_padded(x->shape.cols) / 4,
                                                      .accumulates = node->accumulates[X],
                                                      TUFF_DROPOUT_PUSH(dropout) },
                                            .spec = { .workgroup_size = teams.workgroup_size,
                                                      .team_size = teams.team_size,
                                                      .rows_per_workgroup = teams.rows_per_workgroup },
                                        });
}

static tuff_status backward_params(struct tuff_device *device, struct tuff_recording *recording,
                                   const struct tuff_node *node) {
    const struct tuff_tensor *x = node->inputs[X];
    const struct tuff_dropout *dropout = &node->params.layer_norm.dropout;
    const struct tuff_tensor *d_gamma = node->d_inputs[GAMMA];
    const struct tuff_tensor *d_beta = node->d_inputs[BETA];
    uint32_t groups = tuff_padded(x->shape.cols) / 4;
    const struct tuff_columns columns = tuff_columns_for(device, x->shape.rows, groups);
    return tuff_run_layer_norm_backward_params(
        recording, tuff_is_f16(x), columns.grid,
        &(struct tuff_layer_norm_backward_params){
            .x = x->slice,
            .stats = node->outputs[STATS]->slice,
            .d_y = node->d_outputs[Y]->slice,
            .seed = tuff_slice_or(node->inputs[SEED], x->slice),
            .d_gamma = (d_gamma ? d_gamma : d_beta)->slice,
            .d_beta = (d_beta ? d_beta : d_gamma)->slice,
            .push = { .rows = x->shape.rows,
                      .groups = groups,
                      PARAMS_PUSH(node),
                      TUFF_DROPOUT_PUSH(dropout) },
            .spec = { .workgroup_size = columns.workgroup_size, .row_lanes = columns.row_lanes },
        });
}

static tuff_status backward_params_lanes(struct tuff_device *device, struct tuff_recording *recording,
                                         const struct tuff_node *node) {
    const struct tuff_tensor *x = node->inputs[X], *d_y = node->d_outputs[Y];
    const struct tuff_tensor *d_gamma = node->d_inputs[GAMMA], *d_beta = node->d_inputs[BETA];
    const struct tuff_dropout *dropout = &node->params.layer_norm.dropout;
    const uint32_t lanes = device->limits.subgroup_size, row_pairs = tuff_padded(x->shape.cols) / 2;
    const struct tuff_grid grid = { tuff_divide_up(row_pairs, lanes), 1, 1,
                                    (uint64_t)x->shape.rows * x->shape.cols };
    return tuff_run_layer_norm_backward_params_lanes(
        recording, TUFF_LAYER_NORM_BACKWARD_PARAMS_LANES_F32, grid,
        &(struct tuff_layer_norm_backward_params_lanes){
            .x = x->slice,
            .stats = node->outputs[STATS]->slice,
            .d_y = d_y->slice,
            .seed = tuff_slice_or(node->inputs[SEED], x->slice),
            .d_gamma = (d_gamma ? d_gamma : d_beta)->slice,
            .d_beta = (d_beta ? d_beta : d_gamma)->slice,
            .push = { .rows = x->shape.rows,
                      .row_pairs = row_pairs,
                      PARAMS_PUSH(node),
                      TUFF_DROPOUT_PUSH(dropout),
                      TUFF_ADDRESS_PUSH(x, tuff_tensor_address(x)),
                      TUFF_ADDRESS_PUSH(d_y, tuff_tensor_address(d_y)) },
            .spec = { .workgroup_size = lanes, .lanes = lanes, .has_dropout = dropout->probability > 0 },
        });
}

static tuff_status backward(struct tuff_device *device, struct tuff_recording *recording,
                            const struct tuff_node *node) {
    const bool has_lanes = uses_lanes(device, &node->inputs[X]->shape);
    if (node->d_inputs[X])
        TUFF_TRY(has_lanes ? backward_x_lanes(device, recording, node) : backward_x(device, recording, node));
    if (!node->d_inputs[GAMMA] && !node->d_inputs[BETA])
        return TUFF_OK;
    return has_lanes ? backward_params_lanes(device, recording, node)
                     : backward_params(device, recording, node);
}

/* ---------------------------------------------------------------- reference */

static struct tuff_seed seed_of(const struct tuff_node *node) {
    struct tuff_seed seed = { { 0 } };
    for (uint32_t i = 0; node->inputs[SEED] && i < 4; i++)
        seed.words[i] = (uint32_t)(int32_t)node->inputs[SEED]->reference[i];
    return seed;
}

static double survival(const struct tuff_node *node, const struct tuff_seed *seed, uint32_t row,
                       uint32_t col) {
    const struct tuff_dropout *dropout = &node->params.layer_norm.dropout;
    if (!(dropout->probability > 0))
        return 1;
    return tuff_dropout_factor(seed, dropout->probability, dropout->stream, 0, row, col);
}

static void row_statistics(const double *x, uint32_t cols, double epsilon, double *out_mean,
                           double *out_rstd) {
    double sum = 0;
    for (uint32_t i = 0; i < cols; i++)
        sum += x[i];
    double mean = sum / cols;
    double squares = 0;
    for (uint32_t i = 0; i < cols; i++)
        squares += (x[i] - mean) * (x[i] - mean);
    *out_mean = mean;
    *out_rstd = 1 / sqrt(squares / cols + epsilon);
}

/* x and y may be the same tensor. */
static void reference_forward(const struct tuff_node *node) {
    const struct tuff_shape *x_shape = &node->inputs[X]->shape;
    uint32_t cols = x_shape->cols;
    struct tuff_seed seed = seed_of(node);
    for (uint32_t row = 0; row < x_shape->rows; row++) {
        const double *x = node->inputs[X]->reference + (size_t)row * cols;
        double *y = node->outputs[Y]->reference + (size_t)row * cols;
        double mean, rstd;
        row_statistics(x, cols, node->params.layer_norm.epsilon, &mean, &rstd);
        for (uint32_t i = 0; i < cols; i++)
            y[i] = ((x[i] - mean) * rstd * node->inputs[GAMMA]->reference[i] +
                    node->inputs[BETA]->reference[i]) *
                   survival(node, &seed, row, i);
        if (node->outputs[STATS]) {
            node->outputs[STATS]->reference[2 * row] = mean;
            node->outputs[STATS]->reference[2 * row + 1] = rstd;
        }
    }
}

static void add(const struct tuff_tensor *tensor, size_t at, double value) {
    if (tensor)
        tensor->reference[at] += value;
}

static void reference_backward(const struct tuff_node *node) {
    const struct tuff_shape *x_shape = &node->inputs[X]->shape;
    uint32_t cols = x_shape->cols;
    struct tuff_seed seed = seed_of(node);
    for (uint32_t row = 0; row < x_shape->rows; row++) {
        size_t at = (size_t)row * cols;
        const double *x = node->inputs[X]->reference + at;
        const double *d_y = node->d_outputs[Y]->reference + at;
        const double *gamma = node->inputs[GAMMA]->reference;
        double mean, rstd;
        row_statistics(x, cols, node->params.layer_norm.epsilon, &mean, &rstd);
        double mean_g = 0;
        double mean_gn = 0;
        for (uint32_t i = 0; i < cols; i++) {
            double d = d_y[i] * survival(node, &seed, row, i);
            double normalized = (x[i] - mean) * rstd;
            mean_g += d * gamma[i] / cols;
            mean_gn += d * gamma[i] * normalized / cols;
            add(node->d_inputs[GAMMA], i, d * normalized);
            add(node->d_inputs[BETA], i, d);
        }
        for (uint32_t i = 0; i < cols; i++) {
            double g = d_y[i] * survival(node, &seed, row, i) * gamma[i];
            add(node->d_inputs[X], at + i, rstd * (g - mean_g - (x[i] - mean) * rstd * mean_gn));
        }
    }
}

/* ---------------------------------------------------------------- checks */

/* numbers: rows, cols, dropout in percent. */
static tuff_status make(struct tuff_case *check_case, struct tuff_node *node, const uint32_t *numbers) {
    uint32_t rows = numbers[0];
    uint32_t cols = numbers[1];
    node->params.layer_norm.epsilon = 1e-12f;
    node->params.layer_norm.dropout = (struct tuff_dropout){ (float)numbers[2] / 100, 3 };
    TUFF_TRY(
        tuff_case_random(check_case, check_case->type, TUFF_LAYOUT_ROWS, rows, cols, 3, &node->inputs[X]));
    TUFF_TRY(tuff_case_random(check_case, TUFF_TYPE_F32, TUFF_LAYOUT_ROWS, 1, cols, 1, &node->inputs[GAMMA]));
    TUFF_TRY(tuff_case_random(check_case, TUFF_TYPE_F32, TUFF_LAYOUT_ROWS, 1, cols, 1, &node->inputs[BETA]));
    return tuff_case_ints(check_case, 1, 4, (const int32_t[]){ 12345, -678, 9, 0 }, &node->inputs[SEED]);
}

static const uint32_t check_shapes[][8] = { { 5, 96 }, { 130, 384 }, { 17, 1031 }, { 33, 768, 10 }, { 0 } };

const struct tuff_op tuff_op_layer_norm = {
    .name = "layer_norm",
    .shape = shape,
    .forward = forward,
    .backward = backward,
    .reference_forward = reference_forward,
    .reference_backward = reference_backward,
    .make = make,
    .check_shapes = check_shapes,
    .tolerance_f32 = 2e-6,
    .tolerance_f16 = 1e-3, /* half a unit of the last of 11 bits, and the gradient's own rounding */
};
