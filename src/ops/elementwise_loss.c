/* SPDX-License-Identifier: Apache-2.0 */
/* Losses of single numbers, the mean over all of them, as two ops:
 *
 *   squared_error          (x - target)^2
 *   binary_cross_entropy   with logits: max(x, 0) - x * target + log(1 + exp(-|x|))
 *
 *   inputs   0 x F32 (M, N)   1 targets F32 (M, N)   2 normalizer (ops/loss.h)
 *   outputs  of ops/loss.h; rows F32 (M, 4): loss, N, 0, 0 */
#include <math.h>

#include "kernels/elementwise_loss_backward.h"
#include "kernels/elementwise_loss_forward.h"
#include "ops/check.h"
#include "ops/expect.h"
#include "ops/loss.h"
#include "ops/teams.h"

enum { X = TUFF_LOSS_PREDICTIONS, TARGETS = TUFF_LOSS_TARGETS };

static bool is_logistic(const struct tuff_node *node) {
    return node->op == &tuff_op_binary_cross_entropy;
}

static tuff_status shape(const struct tuff_device *device, const struct tuff_node *node,
                         struct tuff_shape outputs[TUFF_MAX_OUTPUTS]) {
    (void)device;
    TUFF_TRY(tuff_expect(node, X, "predictions", TUFF_TYPE_F32, 0, 0));
    const struct tuff_shape *x = &node->inputs[X]->shape;
    TUFF_TRY(tuff_expect(node, TARGETS, "targets", TUFF_TYPE_F32, x->rows, x->cols));
    return tuff_loss_outputs(node, x->rows, 1, outputs);
}

static tuff_status forward(struct tuff_device *device, struct tuff_recording *recording,
                           const struct tuff_node *node) {
    const struct tuff_shape *x = &node->inputs[X]->shape;
    const struct tuff_teams teams = tuff_teams_for(device, x->rows, x->cols);
    TUFF_TRY(tuff_run_elementwise_loss_forward(
        recording, teams.uses_subgroups, teams.grid,
        &(struct tuff_elementwise_loss_forward){
            .x = node->inputs[X]->slice,
            .targets = node->inputs[TARGETS]->slice,
            .losses = node->outputs[TUFF_LOSS_ROWS]->slice,
            .push = { .rows = x->rows, .cols = x->cols, .groups = tuff_padded(x->cols) / 4 },
            .spec = { .workgroup_size = teams.workgroup_size,
                      .team_size = teams.team_size,
                      .rows_per_workgroup = teams.rows_per_workgroup,
                      .is_logistic = is_logistic(node) },
        }));
    return tuff_loss_record_mean(device, recording, node);
}

static tuff_status backward(struct tuff_device *device, struct tuff_recording *recording,
                            const struct tuff_node *node) {
    (void)device;
    const struct tuff_shape *x = &node->inputs[X]->shape;
    uint32_t groups = tuff_padded(x->cols) / 4;
    if (!node->d_inputs[X])
        return TUFF_OK;
    return tuff_run_elementwise_loss_backward(
        recording, 0, tuff_grid_elements(x->rows, groups),
        &(struct tuff_elementwise_loss_backward){
            .x = node->inputs[X]->slice,
            .targets = node->inputs[TARGETS]->slice,
            .denominators = node->outputs[TUFF_LOSS_DENOMINATORS]->slice,
            .d_loss = node->d_outputs[TUFF_LOSS_VALUE]->slice,
            .d_x = node->d_inputs[X]->slice,
            .push = { .rows = x->rows,
                      .cols = x->cols,
                      .groups = groups,
                      .accumulates = node->accumulates[X] },
            .spec = { .is_logistic = is_logistic(node) },
        });
}

static void reference_forward(const struct tuff_node *node) {
    uint32_t cols = node->inputs[X]->shape.cols;
    for (uint32_t row = 0; row < node->inputs[X]->shape.rows; row++) {
        double *losses = node->outputs[TUFF_LOSS_ROWS]->reference + 4 * (size_t)row;
        losses[0] = losses[2] = losses[3] = 0;
        losses[1] = cols;
        for (uint32_t i = 0; i < cols; i++) {
            double x = node->inputs[X]->reference[(size_t)row * cols + i];
            double target = node->inputs[TARGETS]->reference[(size_t)row * cols + i];
            losses[0] += is_logistic(node) ? fmax(x, 0) - x * target + log1p(exp(-fabs(x)))
                                           : (x - target) * (x - target);
        }
    }
    tuff_loss_reference_mean(node);
}

static void reference_backward(const struct tuff_node *node) {
    const struct tuff_tensor *d_x = node->d_inputs[X];
    double scale = tuff_loss_reference_scale(node, 0);
    for (size_t i = 0; i < (size_t)d_x->shape.rows * d_x->shape.cols; i++) {
        double x = node->inputs[X]->reference[i];
        double target = node->inputs[TARGETS]->reference[i];
        double slope = is_logistic(node) ? 1 / (1 + exp(-x)) - target : 2 * (x - target);
        d_x->reference[i] += scale * slope;
    }
}

/* numbers: rows, cols, whether there is a normalizer. */
static tuff_status make(struct tuff_case *check_case, struct tuff_node *node, const uint32_t *numbers) {
    TUFF_TRY(tuff_case_random(check_case, TUFF_TYPE_F32, TUFF_LAYOUT_ROWS, numbers[0], numbers[1], 2,
                              &node->inputs[X]));
    TUFF_TRY(tuff_case_random(check_case, TUFF_TYPE_F32, TUFF_LAYOUT_ROWS, numbers[0], numbers[1], 1,
                              &node->inputs[TARGETS]));
    if (numbers[2])
        TUFF_TRY(tuff_case_random(check_case, TUFF_TYPE_F32, TUFF_LAYOUT_ROWS, 1, 2, 10,
                                  &node->inputs[TUFF_LOSS_NORMALIZER]));
    return TUFF_OK;
}

static const uint32_t check_shapes[][8] = { { 1, 1 }, { 16, 1 }, { 7, 31 }, { 0 } };

#define ELEMENTWISE_LOSS(its_name)                                                                           \
    const struct tuff_op tuff_op_##its_name = {                                                              \
        .name = #its_name,                                                                                   \
        .shape = shape,                                                                                      \
        .forward = forward,                                                                                  \
        .backward = backward,                                                                                \
        .reference_forward = reference_forward,                                                              \
        .reference_backward = reference_backward,                                                            \
        .constant_inputs = 1 << TARGETS | 1 << TUFF_LOSS_NORMALIZER,                                         \
        .make = make,                                                                                        \
        .check_shapes = check_shapes,                                                                        \
        .tolerance_f32 = 4e-6,                                                                               \
        .tolerance_f16 = 4e-6, /* F32 whatever the storage type */                                           \
    };

ELEMENTWISE_LOSS(squared_error)
ELEMENTWISE_LOSS(binary_cross_entropy)
