/* SPDX-License-Identifier: Apache-2.0 */
/* y = x - log(sum(exp(x))) per row, computed about the row's maximum.
 *
 *   inputs   0 x F32 (M, N)
 *   outputs  0 y F32 (M, N)
 *
 * Backward uses y alone. */
#include <math.h>

#include "kernels/log_softmax_backward.h"
#include "kernels/log_softmax_forward.h"
#include "ops/check.h"
#include "ops/expect.h"
#include "ops/teams.h"

static tuff_status shape(const struct tuff_device *device, const struct tuff_node *node,
                         struct tuff_shape outputs[TUFF_MAX_OUTPUTS]) {
    (void)device;
    TUFF_TRY(tuff_expect(node, 0, "x", TUFF_TYPE_F32, 0, 0));
    outputs[0] = node->inputs[0]->shape;
    return TUFF_OK;
}

static tuff_status forward(struct tuff_device *device, struct tuff_recording *recording,
                           const struct tuff_node *node) {
    const struct tuff_shape *x = &node->inputs[0]->shape;
    const struct tuff_teams teams = tuff_teams_for(device, x->rows, x->cols);
    return tuff_run_log_softmax_forward(
        recording, teams.uses_subgroups, teams.grid,
        &(struct tuff_log_softmax_forward){
            .x = node->inputs[0]->slice,
            .y = node->outputs[0]->slice,
            .push = { .rows = x->rows, .cols = x->cols, .groups = tuff_padded(x->cols) / 4 },
            .spec = { .workgroup_size = teams.workgroup_size,
                      .team_size = teams.team_size,
                      .rows_per_workgroup = teams.rows_per_workgroup },
        });
}

static tuff_status backward(struct tuff_device *device, struct tuff_recording *recording,
                            const struct tuff_node *node) {
    const struct tuff_shape *x = &node->inputs[0]->shape;
    const struct tuff_teams teams = tuff_teams_for(device, x->rows, x->cols);
    if (!node->d_inputs[0])
        return TUFF_OK;
    return tuff_run_log_softmax_backward(recording, teams.uses_subgroups, teams.grid,
                                         &(struct tuff_log_softmax_backward){
                                             .y = node->outputs[0]->slice,
                                             .d_y = node->d_outputs[0]->slice,
                                             .d_x = node->d_inputs[0]->slice,
                                             .push = { .rows = x->rows,
                                                       .cols = x->cols,
                                                       .groups = tuff_padded(x->cols) / 4,
                                                       .accumulates = node->accumulates[0] },
                                             .spec = { .workgroup_size = teams.workgroup_size,
                                                       .team_size = teams.team_size,
                                                       .rows_per_workgroup = teams.rows_per_workgroup },
                                         });
}

static void reference_forward(const struct tuff_node *node) {
    const struct tuff_shape *shape_of_x = &node->inputs[0]->shape;
    for (uint32_t row = 0; row < shape_of_x->rows; row++) {
        const double *x = node->inputs[0]->reference + (size_t)row * shape_of_x->cols;
        double *y = node->outputs[0]->reference + (size_t)row * shape_of_x->cols;
        double maximum = x[0];
        double sum = 0;
        for (uint32_t i = 1; i < shape_of_x->cols; i++)
            maximum = fmax(maximum, x[i]);
        for (uint32_t i = 0; i < shape_of_x->cols; i++)
            sum += exp(x[i] - maximum);
        for (uint32_t i = 0; i < shape_of_x->cols; i++)
            y[i] = x[i] - maximum - log(sum);
    }
}

static void reference_backward(const struct tuff_node *node) {
    const struct tuff_shape *shape_of_x = &node->inputs[0]->shape;
    for (uint32_t row = 0; row < shape_of_x->rows; row++) {
        size_t at = (size_t)row * shape_of_x->cols;
        const double *y = node->outputs[0]->reference + at;
        const double *d_y = node->d_outputs[0]->reference + at;
        double sum = 0;
        for (uint32_t i = 0; i < shape_of_x->cols; i++)
            sum += d_y[i];
        for (uint32_t i = 0; i < shape_of_x->cols; i++)
            node->d_inputs[0]->reference[at + i] += d_y[i] - exp(y[i]) * sum;
    }
}

/* numbers: rows, cols. */
static tuff_status make(struct tuff_case *check_case, struct tuff_node *node, const uint32_t *numbers) {
    return tuff_case_random(check_case, TUFF_TYPE_F32, TUFF_LAYOUT_ROWS, numbers[0], numbers[1], 5,
                            &node->inputs[0]);
}

static const uint32_t check_shapes[][8] = { { 3, 2 }, { 65, 31 }, { 2, 30522 }, { 0 } };

const struct tuff_op tuff_op_log_softmax = {
    .name = "log_softmax",
    .shape = shape,
    .forward = forward,
    .backward = backward,
    .reference_forward = reference_forward,
    .reference_backward = reference_backward,
    .make = make,
    .check_shapes = check_shapes,
    .tolerance_f32 = 3e-6,
    .tolerance_f16 = 3e-6, /* F32 whatever the storage type */
};
