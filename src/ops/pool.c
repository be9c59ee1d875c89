/* SPDX-License-Identifier: Apache-2.0 */
/* One row for each span of rows: their mean, the first of them (cls) or their maximum by columns, zeros for
 * an empty span; with params.pool.normalize scaled to length 1: y / max(|y|, 1e-12).
 *
 *   inputs   0 x (M, N)   1 spans I32 (S, 4): first row, rows, 0, 0; they do not overlap
 *   outputs  0 y F32 (S, N)   1 norms F32 (S, 1) in training, where normalised
 *
 * Backward uses x (for max), y and norms. The maximum's gradient goes to the first row that holds it. */
#include <math.h>

#include "kernels/pool_backward.h"
#include "kernels/pool_forward.h"
#include "ops/check.h"
#include "ops/expect.h"
#include "ops/teams.h"

enum { X, SPANS };
enum { Y, NORMS };

static const double smallest_norm = 1e-12; /* as torch.nn.functional.normalize */

static tuff_status shape(const struct tuff_device *device, const struct tuff_node *node,
                         struct tuff_shape outputs[TUFF_MAX_OUTPUTS]) {
    (void)device;
    TUFF_TRY(tuff_expect_float(node, X, "x", 0, 0));
    TUFF_TRY(tuff_expect(node, SPANS, "spans", TUFF_TYPE_I32, 0, 4));
    uint32_t count = node->inputs[SPANS]->shape.rows;
    outputs[Y] =
        (struct tuff_shape){ .type = TUFF_TYPE_F32, .rows = count, .cols = node->inputs[X]->shape.cols };
    if (node->is_training && node->params.pool.normalize)
        outputs[NORMS] = (struct tuff_shape){ .type = TUFF_TYPE_F32, .rows = count, .cols = 1 };
    return TUFF_OK;
}

/* Spans are of the same length on average. */
static struct tuff_teams teams_for_spans(const struct tuff_device *device, const struct tuff_node *node) {
    const struct tuff_shape *x = &node->inputs[X]->shape;
    uint32_t count = node->inputs[SPANS]->shape.rows;
    uint32_t rows_per_span = node->params.pool.kind == TUFF_POOL_CLS ? 1 : (x->rows + count - 1) / count;
    return tuff_teams_for(device, count, rows_per_span * x->cols);
}

static tuff_status forward(struct tuff_device *device, struct tuff_recording *recording,
                           const struct tuff_node *node) {
    const struct tuff_tensor *x = node->inputs[X];
    const struct tuff_tensor *y = node->outputs[Y];
    const struct tuff_tensor *norms = node->outputs[NORMS];
    const struct tuff_teams teams = teams_for_spans(device, node);
    return tuff_run_pool_forward(recording, tuff_is_f16(x) + 2 * teams.uses_subgroups, teams.grid,
                                 &(struct tuff_pool_forward){
                                     .x = x->slice,
                                     .spans = node->inputs[SPANS]->slice,
                                     .y = y->slice,
                                     .norms = norms ? norms->slice : y->slice,
                                     .push = { .count = y->shape.rows,
                                               .cols = y->shape.cols,
                                               .groups = tuff_padded(y->shape.cols) / 4,
                                               .kind = node->params.pool.kind,
                                               .normalizes = node->params.pool.normalize,
                                               .keeps_norms = norms != NULL },
                                     .spec = { .workgroup_size = teams.workgroup_size,
                                               .team_size = teams.team_size,
                                               .rows_per_workgroup = teams.rows_per_workgroup },
                                 });
}

static tuff_status backward(struct tuff_device *device, struct tuff_recording *recording,
                            const struct tuff_node *node) {
    const struct tuff_tensor *x = node->inputs[X];
    const struct tuff_tensor *y = node->outputs[Y];
    const struct tuff_tensor *norms = node->outputs[NORMS];
    const struct tuff_tensor *d_x = node->d_inputs[X];
    const struct tuff_teams teams = teams_for_spans(device, node);
    if (!d_x)
        return TUFF_OK;
    if (!node->accumulates[X])
        TUFF_TRY(tuff_record_fill(recording, d_x->slice, 0));
    return tuff_run_pool_backward(recording, tuff_is_f16(x) + 2 * teams.uses_subgroups, teams.grid,
                                  &(struct tuff_pool_backward){
                                      .x = x->slice,
                                      .spans = node->inputs[SPANS]->slice,
                                      .y = y->slice,
                                      .norms = norms ? norms->slice : y->slice,
                                      .d_y = node->d_outputs[Y]->slice,
                                      .d_x = d_x->slice,
                                      .push = { .count = y->shape.rows,
                                                .cols = y->shape.cols,
                                                .groups = tuff_padded(y->shape.cols) / 4,
                                                .kind = node->params.pool.kind,
                                                .normalizes = node->params.pool.normalize },
                                      .spec = { .workgroup_size = teams.workgroup_size,
                                                .team_size = teams.team_size,
                                                .rows_per_workgroup = teams.rows_per_workgroup },
                                  });
}

/* ---------------------------------------------------------------- reference */

struct span {
    uint32_t first, rows;
};

static struct span span_of(const struct tuff_node *node, uint32_t row) {
    const double *spans = node->inputs[SPANS]->reference + 4 * (size_t)row;
    return (struct span){ (uint32_t)spans[0], (uint32_t)spans[1] };
}

static uint32_t row_of_maximum(const struct tuff_tensor *x, struct span span, uint32_t col) {
    uint32_t where = span.first;
    for (uint32_t row = span.first; row < span.first + span.rows; row++)
        if (x->reference[(size_t)row * x->shape.cols + col] >
            x->reference[(size_t)where * x->shape.cols + col])
            where = row;
    return where;
}

static double pooled(const struct tuff_node *node, struct span span, uint32_t col) {
    const struct tuff_tensor *x = node->inputs[X];
    double sum = 0;
    if (span.rows == 0)
        return 0;
    if (node->params.pool.kind == TUFF_POOL_CLS)
        return x->reference[(size_t)span.first * x->shape.cols + col];
    if (node->params.pool.kind == TUFF_POOL_MAX)
        return x->reference[(size_t)row_of_maximum(x, span, col) * x->shape.cols + col];
    for (uint32_t i = 0; i < span.rows; i++)
        sum += x->reference[(size_t)(span.first + i) * x->shape.cols + col];
    return sum / span.rows;
}

static double norm_of(const struct tuff_node *node, struct span span) {
    double squares = 0;
    for (uint32_t col = 0; col < node->inputs[X]->shape.cols; col++) {
        double v = pooled(node, span, col);
        squares += v * v;
    }
    return sqrt(squares);
}

static void reference_forward(const struct tuff_node *node) {
    const struct tuff_tensor *y = node->outputs[Y];
    for (uint32_t row = 0; row < y->shape.rows; row++) {
        struct span span = span_of(node, row);
        double norm = norm_of(node, span);
        double divisor = node->params.pool.normalize ? fmax(norm, smallest_norm) : 1;
        for (uint32_t col = 0; col < y->shape.cols; col++)
            y->reference[(size_t)row * y->shape.cols + col] = pooled(node, span, col) / divisor;
        if (node->outputs[NORMS])
            node->outputs[NORMS]->reference[row] = norm;
    }
}

static void add_gradient(const struct tuff_node *node, struct span span, uint32_t col, double d) {
    struct tuff_tensor *d_x = node->d_inputs[X];
    uint32_t cols = d_x->shape.cols;
    uint32_t first = span.first;
    uint32_t rows = node->params.pool.kind == TUFF_POOL_MEAN ? span.rows : 1;
    if (node->params.pool.kind == TUFF_POOL_MAX)
        first = row_of_maximum(node->inputs[X], span, col);
    for (uint32_t i = 0; i < rows; i++)
        d_x->reference[(size_t)(first + i) * cols + col] += d / rows;
}

static void reference_backward(const struct tuff_node *node) {
    uint32_t cols = node->outputs[Y]->shape.cols;
    for (uint32_t row = 0; row < node->outputs[Y]->shape.rows; row++) {
        struct span span = span_of(node, row);
        const double *d_y = node->d_outputs[Y]->reference + (size_t)row * cols;
        double norm = norm_of(node, span);
        double product = 0;
        for (uint32_t col = 0; col < cols; col++)
            product += pooled(node, span, col) * d_y[col];
        for (uint32_t col = 0; col < cols && span.rows > 0; col++) {
            double d = d_y[col];
            if (node->params.pool.normalize && norm > smallest_norm)
                d = (d - pooled(node, span, col) * product / (norm * norm)) / norm;
            else if (node->params.pool.normalize)
                d /= smallest_norm;
            add_gradient(node, span, col, d);
        }
    }
}

/* ---------------------------------------------------------------- checks */

enum { MAX_CHECKED = 64 };

/* numbers: spans (at most 64), rows of the longest, cols, kind, whether to normalise. */
static tuff_status make(struct tuff_case *check_case, struct tuff_node *node, const uint32_t *numbers) {
    uint32_t count = numbers[0] < MAX_CHECKED ? numbers[0] : MAX_CHECKED;
    int32_t spans[4 * MAX_CHECKED] = { 0 };
    int32_t rows = 1; /* the first row is in no span */
    for (uint32_t i = 0; i < count; i++) {
        spans[4 * i] = rows;
        /* The second span is empty, the first has the full length. */
        spans[4 * i + 1] = i == 1   ? 0
                           : i == 0 ? (int32_t)numbers[1]
                                    : 1 + (int32_t)tuff_case_draw(check_case, numbers[1]);
        rows += spans[4 * i + 1];
    }
    node->params.pool.kind = (enum tuff_pool_kind)numbers[3];
    node->params.pool.normalize = numbers[4];
    TUFF_TRY(tuff_case_random(check_case, check_case->type, TUFF_LAYOUT_ROWS, (uint32_t)rows, numbers[2], 1,
                              &node->inputs[X]));
    return tuff_case_ints(check_case, count, 4, spans, &node->inputs[SPANS]);
}

static const uint32_t check_shapes[][8] = {
    { 5, 19, 384, TUFF_POOL_MEAN, 1 }, { 3, 7, 31, TUFF_POOL_CLS }, { 9, 12, 768, TUFF_POOL_MAX, 1 }, { 0 }
};

static const uint32_t large_shapes[][8] = { { 64, 16, 384, TUFF_POOL_MEAN, 1 },
                                            { 64, 16, 768, TUFF_POOL_CLS, 1 },
                                            { 0 } };

const struct tuff_op tuff_op_pool = {
    .name = "pool",
    .shape = shape,
    .forward = forward,
    .backward = backward,
    .reference_forward = reference_forward,
    .reference_backward = reference_backward,
    .make = make,
    .check_shapes = check_shapes,
    .large_shapes = large_shapes,
    .tolerance_f32 = 2e-6,
    .tolerance_f16 = 1e-3, /* of the gradient, which is stored as halves; y is F32 */
};
