/* SPDX-License-Identifier: Apache-2.0 */
/* The question-answering loss: for each span of rows a cross entropy of its start logits (column 0) and one
 * of its end logits (column 1), over the rows of the span; the mean of the starts' mean and the ends' mean. A
 * label outside [0, rows) is ignored.
 *
 *   inputs   0 logits x F32 (M, 2)
 *            1 spans I32 (S, 4): first row, rows, start label, end label; they do not overlap
 *            2 normalizer (ops/loss.h)
 *   outputs  of ops/loss.h; rows F32 (S, 8): loss and weight of start, of end; maximum and lse - maximum of
 *            start, of end */
#include <math.h>

#include "kernels/span_cross_entropy_backward.h"
#include "kernels/span_cross_entropy_forward.h"
#include "ops/check.h"
#include "ops/expect.h"
#include "ops/loss.h"
#include "ops/teams.h"

enum { X = TUFF_LOSS_PREDICTIONS, SPANS = TUFF_LOSS_TARGETS };

static tuff_status shape(const struct tuff_device *device, const struct tuff_node *node,
                         struct tuff_shape outputs[TUFF_MAX_OUTPUTS]) {
    (void)device;
    TUFF_TRY(tuff_expect(node, X, "logits", TUFF_TYPE_F32, 0, 2));
    TUFF_TRY(tuff_expect(node, SPANS, "spans", TUFF_TYPE_I32, 0, 4));
    return tuff_loss_outputs(node, node->inputs[SPANS]->shape.rows, 2, outputs);
}

static tuff_status forward(struct tuff_device *device, struct tuff_recording *recording,
                           const struct tuff_node *node) {
    uint32_t count = node->inputs[SPANS]->shape.rows;
    uint32_t rows_per_span = (node->inputs[X]->shape.rows + count - 1) / count;
    const struct tuff_teams teams = tuff_teams_for(device, count, 8 * rows_per_span);
    TUFF_TRY(
        tuff_run_span_cross_entropy_forward(recording, teams.uses_subgroups, teams.grid,
                                            &(struct tuff_span_cross_entropy_forward){
                                                .x = node->inputs[X]->slice,
                                                .spans = node->inputs[SPANS]->slice,
                                                .losses = node->outputs[TUFF_LOSS_ROWS]->slice,
                                                .push = { .count = count },
                                                .spec = { .workgroup_size = teams.workgroup_size,
                                                          .team_size = teams.team_size,
                                                          .rows_per_workgroup = teams.rows_per_workgroup },
                                            }));
    return tuff_loss_record_mean(device, recording, node);
}

static tuff_status backward(struct tuff_device *device, struct tuff_recording *recording,
                            const struct tuff_node *node) {
    (void)device;
    const struct tuff_tensor *d_x = node->d_inputs[X];
    uint32_t count = node->inputs[SPANS]->shape.rows;
    struct tuff_grid grid = tuff_grid_line(count, 8 * (uint64_t)node->inputs[X]->shape.rows);
    if (!d_x)
        return TUFF_OK;
    if (!node->accumulates[X])
        TUFF_TRY(tuff_record_fill(recording, d_x->slice, 0));
    return tuff_run_span_cross_entropy_backward(
        recording, TUFF_SPAN_CROSS_ENTROPY_BACKWARD_F32, grid,
        &(struct tuff_span_cross_entropy_backward){
            .x = node->inputs[X]->slice,
            .spans = node->inputs[SPANS]->slice,
            .losses = node->outputs[TUFF_LOSS_ROWS]->slice,
            .denominators = node->outputs[TUFF_LOSS_DENOMINATORS]->slice,
            .d_loss = node->d_outputs[TUFF_LOSS_VALUE]->slice,
            .d_x = d_x->slice,
            .push = { .count = count },
        });
}

/* ---------------------------------------------------------------- reference */

/* One part of a span: part 0 is the start, 1 the end. */
static void reference_part(const struct tuff_node *node, const double *span, uint32_t part, double *row) {
    const double *x = node->inputs[X]->reference + 2 * (size_t)span[0] + part;
    double maximum = -HUGE_VAL;
    double sum = 0;
    for (uint32_t i = 0; i < (uint32_t)span[1]; i++)
        maximum = fmax(maximum, x[2 * (size_t)i]);
    for (uint32_t i = 0; i < (uint32_t)span[1]; i++)
        sum += exp(x[2 * (size_t)i] - maximum);
    double label = span[2 + part];
    bool counts = label >= 0 && label < span[1];
    row[2 * part] = counts ? maximum + log(sum) - x[2 * (size_t)label] : 0;
    row[2 * part + 1] = counts;
    row[4 + 2 * part] = maximum;
    row[5 + 2 * part] = log(sum);
}

static void reference_forward(const struct tuff_node *node) {
    for (uint32_t at = 0; at < node->inputs[SPANS]->shape.rows; at++)
        for (uint32_t part = 0; part < 2; part++)
            reference_part(node, node->inputs[SPANS]->reference + 4 * (size_t)at, part,
                           node->outputs[TUFF_LOSS_ROWS]->reference + 8 * (size_t)at);
    tuff_loss_reference_mean(node);
}

static void reference_backward(const struct tuff_node *node) {
    for (uint32_t at = 0; at < node->inputs[SPANS]->shape.rows; at++) {
        const double *span = node->inputs[SPANS]->reference + 4 * (size_t)at;
        const double *kept = node->outputs[TUFF_LOSS_ROWS]->reference + 8 * (size_t)at;
        for (uint32_t part = 0; part < 2; part++) {
            double scale = kept[2 * part + 1] > 0 ? tuff_loss_reference_scale(node, part) : 0;
            for (uint32_t i = 0; i < (uint32_t)span[1]; i++) {
                size_t col = 2 * ((size_t)span[0] + i) + part;
                double probability =
                    exp(node->inputs[X]->reference[col] - kept[4 + 2 * part] - kept[5 + 2 * part]);
                node->d_inputs[X]->reference[col] += scale * (probability - (span[2 + part] == i ? 1 : 0));
            }
        }
    }
}

/* ---------------------------------------------------------------- checks */

enum { MAX_CHECKED = 64 };

/* numbers: spans (at most 64), rows of the longest, whether there is a normalizer. */
static tuff_status make(struct tuff_case *check_case, struct tuff_node *node, const uint32_t *numbers) {
    int32_t spans[4 * MAX_CHECKED];
    uint32_t count = numbers[0] < MAX_CHECKED ? numbers[0] : MAX_CHECKED;
    int32_t rows = 1; /* the first row is in no span */
    for (uint32_t i = 0; i < count; i++) {
        int32_t length = i == 0 ? (int32_t)numbers[1] : 1 + (int32_t)tuff_case_draw(check_case, numbers[1]);
        spans[4 * i] = rows;
        spans[4 * i + 1] = length;
        spans[4 * i + 2] = (int32_t)tuff_case_draw(check_case, (uint32_t)length);
        /* The second span's end is ignored. */
        spans[4 * i + 3] = i == 1 ? length : (int32_t)tuff_case_draw(check_case, (uint32_t)length);
        rows += length;
    }
    TUFF_TRY(tuff_case_random(check_case, TUFF_TYPE_F32, TUFF_LAYOUT_ROWS, (uint32_t)rows, 2, 3,
                              &node->inputs[X]));
    TUFF_TRY(tuff_case_ints(check_case, count, 4, spans, &node->inputs[SPANS]));
    if (numbers[2])
        TUFF_TRY(tuff_case_random(check_case, TUFF_TYPE_F32, TUFF_LAYOUT_ROWS, 1, 2, 10,
                                  &node->inputs[TUFF_LOSS_NORMALIZER]));
    return TUFF_OK;
}

static const uint32_t check_shapes[][8] = { { 1, 1 }, { 5, 31 }, { 4, 384 }, { 0 } };

const struct tuff_op tuff_op_span_cross_entropy = {
    .name = "span_cross_entropy",
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
