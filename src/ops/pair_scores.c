/* SPDX-License-Identifier: Apache-2.0 */
/* Scores of all pairs of first and second texts: y[i][j] = scale * x[2i] . x[2j + 1], the rows of x being first and
 * second texts in turn. Of rows of length 1 these are cosines times the scale, whose cross entropy with each text's own
 * pair as its class is the multiple negatives ranking loss (Henderson et al. 2017; sentence-transformers').
 *
 *   inputs   0 x F32 (2 P, N)
 *   outputs  0 y F32 (P, P)
 *
 * Backward uses x. */
#include "kernels/pair_scores_backward.h"
#include "kernels/pair_scores_forward.h"
#include "ops/check.h"
#include "ops/expect.h"
#include "ops/teams.h"

static tuff_status shape(const struct tuff_device *device, const struct tuff_node *node,
                         struct tuff_shape outputs[TUFF_MAX_OUTPUTS]) {
    (void)device;
    TUFF_TRY(tuff_expect(node, 0, "x", TUFF_TYPE_F32, 0, 0));
    uint32_t rows = node->inputs[0]->shape.rows;
    if (rows % 2)
        return tuff_fail(TUFF_ARGUMENT, "pair_scores: %u rows are no pairs", rows);
    outputs[0] = (struct tuff_shape){ .type = TUFF_TYPE_F32, .rows = rows / 2, .cols = rows / 2 };
    return TUFF_OK;
}

static tuff_status forward(struct tuff_device *device, struct tuff_recording *recording,
                           const struct tuff_node *node) {
    (void)device;
    const struct tuff_tensor *x = node->inputs[0];
    const struct tuff_tensor *y = node->outputs[0];
    uint32_t groups = tuff_padded(y->shape.cols) / 4;
    return tuff_run_pair_scores_forward(recording, TUFF_PAIR_SCORES_FORWARD_F32,
                                        tuff_grid_elements(y->shape.rows, groups),
                                        &(struct tuff_pair_scores_forward){
                                            .x = x->slice,
                                            .y = y->slice,
                                            .push = { .pairs = y->shape.rows,
                                                      .x_groups = tuff_padded(x->shape.cols) / 4,
                                                      .y_groups = groups,
                                                      .scale = node->params.pair_scores.scale },
                                        });
}

static tuff_status backward(struct tuff_device *device, struct tuff_recording *recording,
                            const struct tuff_node *node) {
    (void)device;
    const struct tuff_tensor *x = node->inputs[0];
    const struct tuff_tensor *d_y = node->d_outputs[0];
    uint32_t groups = tuff_padded(x->shape.cols) / 4;
    if (!node->d_inputs[0])
        return TUFF_OK;
    return tuff_run_pair_scores_backward(recording, TUFF_PAIR_SCORES_BACKWARD_F32,
                                         tuff_grid_elements(x->shape.rows, groups),
                                         &(struct tuff_pair_scores_backward){
                                             .x = x->slice,
                                             .d_y = d_y->slice,
                                             .d_x = node->d_inputs[0]->slice,
                                             .push = { .pairs = d_y->shape.rows,
                                                       .x_groups = groups,
                                                       .y_groups = tuff_padded(d_y->shape.cols) / 4,
                                                       .accumulates = node->accumulates[0],
                                                       .scale = node->params.pair_scores.scale },
                                         });
}

/* ---------------------------------------------------------------- reference */

static const double *row_of(const struct tuff_node *node, uint32_t row) {
    return node->inputs[0]->reference + (size_t)row * node->inputs[0]->shape.cols;
}

static void reference_forward(const struct tuff_node *node) {
    const uint32_t pairs = node->outputs[0]->shape.rows;
    for (uint32_t i = 0; i < pairs; i++)
        for (uint32_t j = 0; j < pairs; j++) {
            double sum = 0;
            for (uint32_t k = 0; k < node->inputs[0]->shape.cols; k++)
                sum += row_of(node, 2 * i)[k] * row_of(node, 2 * j + 1)[k];
            node->outputs[0]->reference[(size_t)i * pairs + j] = (double)node->params.pair_scores.scale * sum;
        }
}

static void reference_backward(const struct tuff_node *node) {
    const uint32_t pairs = node->outputs[0]->shape.rows, cols = node->inputs[0]->shape.cols;
    for (uint32_t i = 0; i < pairs; i++)
        for (uint32_t j = 0; j < pairs; j++) {
            double d =
                (double)node->params.pair_scores.scale * node->d_outputs[0]->reference[(size_t)i * pairs + j];
            double *d_first = node->d_inputs[0]->reference + (size_t)2 * i * cols;
            double *d_second = node->d_inputs[0]->reference + ((size_t)2 * j + 1) * cols;
            for (uint32_t k = 0; k < cols; k++) {
                d_first[k] += d * row_of(node, 2 * j + 1)[k];
                d_second[k] += d * row_of(node, 2 * i)[k];
            }
        }
}

/* ---------------------------------------------------------------- checks */

/* numbers: pairs, cols. */
static tuff_status make(struct tuff_case *check_case, struct tuff_node *node, const uint32_t *numbers) {
    node->params.pair_scores.scale = 20;
    return tuff_case_random(check_case, TUFF_TYPE_F32, TUFF_LAYOUT_ROWS, 2 * numbers[0], numbers[1], 1,
                            &node->inputs[0]);
}

static const uint32_t check_shapes[][8] = { { 1, 31 }, { 33, 384 }, { 0 } };

const struct tuff_op tuff_op_pair_scores = {
    .name = "pair_scores",
    .shape = shape,
    .forward = forward,
    .backward = backward,
    .reference_forward = reference_forward,
    .reference_backward = reference_backward,
    .make = make,
    .check_shapes = check_shapes,
    .tolerance_f32 = 4e-6,
    .tolerance_f16 = 4e-6, /* F32 whatever the storage type */
};
