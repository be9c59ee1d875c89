/* SPDX-License-Identifier: Apache-2.0 */
/* Rows in 8 bits: y = round(turned x / scale), scale = max|turned x| / 127 of the row; turned as ops/rotation.h says.
 *
 *   inputs   0 x (M, N)
 *   outputs  0 y I8 (M, N), which stands for x: the scales lie behind the values */
#include "kernels/quantize.h"
#include "ops/check.h"
#include "ops/expect.h"
#include "ops/rotation.h"
#include "ops/teams.h"

enum { X };
enum { Y };

static tuff_status shape(const struct tuff_device *device, const struct tuff_node *node,
                         struct tuff_shape outputs[TUFF_MAX_OUTPUTS]) {
    (void)device;
    TUFF_TRY(tuff_expect_float(node, X, "x", 0, 0));
    const struct tuff_shape *x = &node->inputs[X]->shape;
    outputs[Y] = (struct tuff_shape){ .type = TUFF_TYPE_I8, .rows = x->rows, .cols = x->cols };
    return TUFF_OK;
}

static tuff_status forward(struct tuff_device *device, struct tuff_recording *recording,
                           const struct tuff_node *node) {
    const struct tuff_tensor *x = node->inputs[X];
    const struct tuff_tensor *y = node->outputs[Y];
    const struct tuff_teams teams = tuff_teams_for(device, x->shape.rows, x->shape.cols);
    return tuff_run_quantize(recording, tuff_is_f16(x) + 2 * teams.uses_subgroups, teams.grid,
                             &(struct tuff_quantize){
                                 .x = x->slice,
                                 .y = y->slice,
                                 .push = { .rows = x->shape.rows,
                                           .groups = tuff_padded(x->shape.cols) / 4,
                                           .first_scale = (uint32_t)(tuff_shape_scales(&y->shape) / 4) },
                                 .spec = { .workgroup_size = teams.workgroup_size,
                                           .team_size = teams.team_size,
                                           .rows_per_workgroup = teams.rows_per_workgroup,
                                           .block = tuff_rotation_block(x->shape.cols) },
                             });
}

/* What y stands for is x. Turning it back adds up what rounding took from the columns of a block: 0.29 steps of 127, by
 * the mean of squares, as of one column; six times that is passed once in a billion numbers. */
static void reference_forward(const struct tuff_node *node) {
    const struct tuff_shape *x = &node->inputs[X]->shape;
    for (size_t i = 0; i < (size_t)x->rows * x->cols; i++)
        node->outputs[Y]->reference[i] = node->inputs[X]->reference[i];
}

/* numbers: M, N. */
static tuff_status make(struct tuff_case *check_case, struct tuff_node *node, const uint32_t *numbers) {
    return tuff_case_random(check_case, check_case->type, TUFF_LAYOUT_ROWS, numbers[0], numbers[1], 1,
                            &node->inputs[X]);
}

static const uint32_t check_shapes[][8] = {
    { 1, 1 }, { 5, 96 }, { 130, 384 }, { 9, 312 }, { 17, 1031 }, { 0 }
};

const struct tuff_op tuff_op_quantize = {
    .name = "quantize",
    .shape = shape,
    .forward = forward,
    .reference_forward = reference_forward,
    .make = make,
    .check_shapes = check_shapes,
    .tolerance_f32 = 1.75 / 127,
    .tolerance_f16 = 1.75 / 127,
};
