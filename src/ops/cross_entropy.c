/* SPDX-License-Identifier: Apache-2.0 */
/* Softmax cross entropy, the mean over the rows whose label is a column (-100 and any other number is
 * ignored); of a row, with lse = log(sum(exp(x))):
 *     (1 - smoothing) * (lse - x[label]) + smoothing * (lse - mean(x))
 *
 *   inputs   0 logits x F32 (M, N)   1 labels I32 (M, 1)   2 normalizer (ops/loss.h)
 *   outputs  of ops/loss.h; rows F32 (M, 4): loss, weight 0 or 1, maximum of x, lse - maximum */
#include <math.h>

#include "kernels/cross_entropy_backward.h"
#include "kernels/cross_entropy_forward.h"
#include "ops/check.h"
#include "ops/expect.h"
#include "ops/loss.h"
#include "ops/teams.h"

enum { X = TUFF_LOSS_PREDICTIONS, LABELS = TUFF_LOSS_TARGETS };

static tuff_status shape(const struct tuff_device *device, const struct tuff_node *node,
                         struct tuff_shape outputs[TUFF_MAX_OUTPUTS]) {
    (void)device;
    TUFF_TRY(tuff_expect(node, X, "logits", TUFF_TYPE_F32, 0, 0));
    uint32_t rows = node->inputs[X]->shape.rows;
    TUFF_TRY(tuff_expect(node, LABELS, "labels", TUFF_TYPE_I32, rows, 1));
    return tuff_loss_outputs(node, rows, 1, outputs);
}

static tuff_status forward(struct tuff_device *device, struct tuff_recording *recording,
                           const struct tuff_node *node) {
    const struct tuff_shape *x = &node->inputs[X]->shape;
    const struct tuff_teams teams = tuff_teams_for(device, x->rows, x->cols);
    TUFF_TRY(tuff_run_cross_entropy_forward(
        recording, teams.uses_subgroups, teams.grid,
        &(struct tuff_cross_entropy_forward){
            .x = node->inputs[X]->slice,
            .labels = node->inputs[LABELS]->slice,
            .losses = node->outputs[TUFF_LOSS_ROWS]->slice,
            .push = { .rows = x->rows,
                      .cols = x->cols,
                      .groups = tuff_padded(x->cols) / 4,
                      .smoothing = node->params.cross_entropy.label_smoothing },
            .spec = { .workgroup_size = teams.workgroup_size,
                      .team_size = teams.team_size,
                      .rows_per_workgroup = teams.rows_per_workgroup },
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
    return tuff_run_cross_entropy_backward(
        recording, TUFF_CROSS_ENTROPY_BACKWARD_F32, tuff_grid_elements(x->rows, groups),
        &(struct tuff_cross_entropy_backward){
            .x = node->inputs[X]->slice,
            .labels = node->inputs[LABELS]->slice,
            .losses = node->outputs[TUFF_LOSS_ROWS]->slice,
            .denominators = node->outputs[TUFF_LOSS_DENOMINATORS]->slice,
            .d_loss = node->d_outputs[TUFF_LOSS_VALUE]->slice,
            .d_x = node->d_inputs[X]->slice,
            .push = { .rows = x->rows,
                      .cols = x->cols,
                      .groups = groups,
                      .accumulates = node->accumulates[X],
                      .smoothing = node->params.cross_entropy.label_smoothing },
        });
}

/* ---------------------------------------------------------------- reference */

static void reference_row(const double *x, uint32_t cols, double label, double smoothing, double *row) {
    double maximum = x[0];
    double sum = 0;
    double mean = 0;
    for (uint32_t i = 1; i < cols; i++)
        maximum = fmax(maximum, x[i]);
    for (uint32_t i = 0; i < cols; i++) {
        sum += exp(x[i] - maximum);
        mean += x[i] / cols;
    }
    bool counts = label >= 0 && label < cols;
    double lse = maximum + log(sum);
    row[0] = counts ? (1 - smoothing) * (lse - x[(size_t)label]) + smoothing * (lse - mean) : 0;
    row[1] = counts;
    row[2] = maximum;
    row[3] = log(sum);
}

static void reference_forward(const struct tuff_node *node) {
    uint32_t cols = node->inputs[X]->shape.cols;
    for (uint32_t row = 0; row < node->inputs[X]->shape.rows; row++)
        reference_row(node->inputs[X]->reference + (size_t)row * cols, cols,
                      node->inputs[LABELS]->reference[row],
                      (double)node->params.cross_entropy.label_smoothing,
                      node->outputs[TUFF_LOSS_ROWS]->reference + 4 * (size_t)row);
    tuff_loss_reference_mean(node);
}

static void reference_backward(const struct tuff_node *node) {
    uint32_t cols = node->inputs[X]->shape.cols;
    double smoothing = (double)node->params.cross_entropy.label_smoothing;
    for (uint32_t row = 0; row < node->inputs[X]->shape.rows; row++) {
        const double *kept = node->outputs[TUFF_LOSS_ROWS]->reference + 4 * (size_t)row;
        double scale = kept[1] > 0 ? tuff_loss_reference_scale(node, 0) : 0;
        for (uint32_t i = 0; i < cols; i++) {
            size_t at = (size_t)row * cols + i;
            double probability = exp(node->inputs[X]->reference[at] - kept[2] - kept[3]);
            double target =
                smoothing / cols + (node->inputs[LABELS]->reference[row] == i ? 1 - smoothing : 0);
            node->d_inputs[X]->reference[at] += scale * (probability - target);
        }
    }
}

/* ---------------------------------------------------------------- checks */

enum { MAX_CHECKED = 256 };

/* numbers: rows (at most 256), cols, smoothing in percent, whether there is a normalizer. */
static tuff_status make(struct tuff_case *check_case, struct tuff_node *node, const uint32_t *numbers) {
    int32_t labels[MAX_CHECKED];
    uint32_t rows = numbers[0] < MAX_CHECKED ? numbers[0] : MAX_CHECKED;
    for (uint32_t i = 0; i < rows; i++)
        labels[i] = i % 5 == 3 ? -100 : (int32_t)tuff_case_draw(check_case, numbers[1]);
    node->params.cross_entropy.label_smoothing = (float)numbers[2] / 100;
    TUFF_TRY(
        tuff_case_random(check_case, TUFF_TYPE_F32, TUFF_LAYOUT_ROWS, rows, numbers[1], 3, &node->inputs[X]));
    TUFF_TRY(tuff_case_ints(check_case, rows, 1, labels, &node->inputs[LABELS]));
    if (numbers[3])
        TUFF_TRY(tuff_case_random(check_case, TUFF_TYPE_F32, TUFF_LAYOUT_ROWS, 1, 2, 10,
                                  &node->inputs[TUFF_LOSS_NORMALIZER]));
    return TUFF_OK;
}

static const uint32_t check_shapes[][8] = { { 7, 3 }, { 40, 31, 10 }, { 5, 30522 }, { 0 } };

const struct tuff_op tuff_op_cross_entropy = {
    .name = "cross_entropy",
    .shape = shape,
    .forward = forward,
    .backward = backward,
    .reference_forward = reference_forward,
    .reference_backward = reference_backward,
    .constant_inputs = 1 << TUFF_LOSS_NORMALIZER,
    .make = make,
    .check_shapes = check_shapes,
    .tolerance_f32 = 4e-6,
    .tolerance_f16 = 4e-6, /* F32 whatever the storage type */
};
