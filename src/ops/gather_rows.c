/* SPDX-License-Identifier: Apache-2.0 */
/* Looked-up rows: y[i] = x[indices[i]], a row of zeros where the index is -1.
 *
 *   inputs   0 x (M, N), rows or panels   1 indices I32 (count, 1)
 *            2 list I32 (count, 4) of ops/scatter_rows.h, for backward alone
 *            3 ... 7 further parts of x, where it is too large for one storage range: their rows follow on
 *            those of the parts before
 *   outputs  0 y (count, N), of x's type or F32 (params.gather_rows.output_f32)
 *
 * The host has refused indices beyond the last row. */
#include "kernels/gather_rows.h"
#include "ops/check.h"
#include "ops/expect.h"
#include "ops/scatter_rows.h"
#include "ops/teams.h"

enum { X, INDICES, LIST, MORE_PARTS };
enum { Y };

/* The inputs that hold parts of x, in order: 0, 3, 4, ... */
static uint32_t next_part(uint32_t part) {
    return part == X ? MORE_PARTS : part + 1;
}

static bool is_part(const struct tuff_node *node, uint32_t part) {
    return part < TUFF_MAX_INPUTS && node->inputs[part];
}

static tuff_status shape(const struct tuff_device *device, const struct tuff_node *node,
                         struct tuff_shape outputs[TUFF_MAX_OUTPUTS]) {
    (void)device;
    TUFF_TRY(tuff_expect_float(node, X, "x", 0, 0));
    TUFF_TRY(tuff_expect(node, INDICES, "indices", TUFF_TYPE_I32, 0, 1));
    const struct tuff_shape *x = &node->inputs[X]->shape;
    uint32_t count = node->inputs[INDICES]->shape.rows;
    if (node->inputs[LIST])
        TUFF_TRY(tuff_expect(node, LIST, "list", TUFF_TYPE_I32, count, 4));
    for (uint32_t part = MORE_PARTS; is_part(node, part); part++)
        TUFF_TRY(tuff_expect(node, part, "part of x", x->type, 0, x->cols));
    enum tuff_type type = node->params.gather_rows.output_f32 ? TUFF_TYPE_F32 : x->type;
    outputs[Y] = (struct tuff_shape){ .type = type, .rows = count, .cols = x->cols };
    return TUFF_OK;
}

static tuff_status gather_part(struct tuff_recording *recording, const struct tuff_node *node, uint32_t part,
                               uint32_t first) {
    const struct tuff_tensor *x = node->inputs[part];
    const struct tuff_tensor *y = node->outputs[Y];
    uint32_t groups = tuff_padded(x->shape.cols) / 4;
    uint32_t variant = !tuff_is_f16(x)  ? TUFF_GATHER_ROWS_F32
                       : tuff_is_f16(y) ? TUFF_GATHER_ROWS_F16
                                        : TUFF_GATHER_ROWS_F16_WIDEN;
    return tuff_run_gather_rows(recording, variant, tuff_grid_elements(y->shape.rows, groups),
                                &(struct tuff_gather_rows){
                                    .x = x->slice,
                                    .indices = node->inputs[INDICES]->slice,
                                    .y = y->slice,
                                    .push = { .rows = y->shape.rows,
                                              .groups = groups,
                                              .x_row_step = tuff_shape_row_step(&x->shape),
                                              .x_group_step = tuff_shape_group_step(&x->shape),
                                              .first = first,
                                              .part_rows = x->shape.rows,
                                              .writes_zeros = part == X },
                                });
}

static tuff_status forward(struct tuff_device *device, struct tuff_recording *recording,
                           const struct tuff_node *node) {
    (void)device;
    uint32_t first = 0;
    for (uint32_t part = X; is_part(node, part); part = next_part(part)) {
        TUFF_TRY(gather_part(recording, node, part, first));
        first += node->inputs[part]->shape.rows;
    }
    return TUFF_OK;
}

static struct tuff_scatter scatter_to(const struct tuff_node *node, uint32_t part, uint32_t first) {
    return (struct tuff_scatter){
        .x = node->d_outputs[Y], .list = node->inputs[LIST], .y = node->d_inputs[part], .first = first
    };
}

static tuff_status backward(struct tuff_device *device, struct tuff_recording *recording,
                            const struct tuff_node *node) {
    if (!node->inputs[LIST])
        return tuff_fail(TUFF_ARGUMENT, "gather_rows: backward needs the sorted list of look-ups");
    uint32_t first = 0;
    for (uint32_t part = X; is_part(node, part); part = next_part(part)) {
        const struct tuff_tensor *d_x = node->d_inputs[part];
        const struct tuff_scatter scatter = scatter_to(node, part, first);
        if (d_x && !node->accumulates[part])
            TUFF_TRY(tuff_record_fill(recording, d_x->slice, 0));
        if (d_x)
            TUFF_TRY(tuff_scatter_record(device, recording, &scatter));
        first += node->inputs[part]->shape.rows;
    }
    return TUFF_OK;
}

/* ---------------------------------------------------------------- reference */

static void reference_forward(const struct tuff_node *node) {
    const struct tuff_tensor *y = node->outputs[Y];
    uint32_t cols = y->shape.cols;
    for (uint32_t row = 0; row < y->shape.rows; row++) {
        double index = node->inputs[INDICES]->reference[row];
        for (uint32_t part = X; is_part(node, part); part = next_part(part)) {
            const struct tuff_tensor *x = node->inputs[part];
            for (uint32_t col = 0; col < cols && index >= 0 && index < x->shape.rows; col++)
                y->reference[(size_t)row * cols + col] = x->reference[(size_t)index * cols + col];
            index -= x->shape.rows;
        }
    }
}

static void reference_backward(const struct tuff_node *node) {
    uint32_t first = 0;
    for (uint32_t part = X; is_part(node, part); part = next_part(part)) {
        const struct tuff_scatter scatter = scatter_to(node, part, first);
        if (scatter.y)
            tuff_scatter_reference(&scatter);
        first += node->inputs[part]->shape.rows;
    }
}

/* ---------------------------------------------------------------- checks */

enum { MAX_CHECKED = 256 };

/* numbers: rows of x, cols, count (at most 256), whether x lies in panels, whether y is F32, rows of a second
 * part. */
static tuff_status make(struct tuff_case *check_case, struct tuff_node *node, const uint32_t *numbers) {
    uint32_t rows = numbers[0];
    uint32_t cols = numbers[1];
    uint32_t count = numbers[2] < MAX_CHECKED ? numbers[2] : MAX_CHECKED;
    enum tuff_layout layout = numbers[3] ? TUFF_LAYOUT_PANELS : TUFF_LAYOUT_ROWS;
    int32_t indices[MAX_CHECKED], list[4 * MAX_CHECKED];
    node->params.gather_rows.output_f32 = numbers[4];
    TUFF_TRY(tuff_case_random(check_case, check_case->type, layout, rows, cols, 1, &node->inputs[X]));
    if (numbers[5])
        TUFF_TRY(tuff_case_random(check_case, check_case->type, layout, numbers[5], cols, 1,
                                  &node->inputs[MORE_PARTS]));
    for (uint32_t i = 0; i < count; i++)
        indices[i] = i % 7 == 3 ? -1 : (int32_t)tuff_case_draw(check_case, rows + numbers[5]);
    TUFF_TRY(tuff_case_ints(check_case, count, 1, indices, &node->inputs[INDICES]));
    TUFF_TRY(tuff_scatter_list(indices, 1, count, -1, list));
    return tuff_case_ints(check_case, count, 4, list, &node->inputs[LIST]);
}

static const uint32_t check_shapes[][8] = {
    { 11, 96, 40 }, { 100, 384, 33, 1, 1 }, { 20, 31, 50, 0, 0, 13 }, { 0 }
};

const struct tuff_op tuff_op_gather_rows = {
    .name = "gather_rows",
    .shape = shape,
    .forward = forward,
    .backward = backward,
    .reference_forward = reference_forward,
    .reference_backward = reference_backward,
    .make = make,
    .check_shapes = check_shapes,
    .tolerance_f32 = 1e-6,
    .tolerance_f16 = 1e-3,
};
