/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/expect.h"

static const char *const type_names[] = {
    [TUFF_TYPE_F32] = "F32",
    [TUFF_TYPE_F16] = "F16",
    [TUFF_TYPE_I32] = "I32",
    [TUFF_TYPE_I8] = "I8",
};

static tuff_status expect_shape(const struct tuff_node *node, uint32_t index, const char *what, uint32_t rows,
                                uint32_t cols) {
    const struct tuff_shape *shape = &node->inputs[index]->shape;
    if (shape->rows == 0 || shape->cols == 0)
        return tuff_fail(TUFF_ARGUMENT, "%s: %s is empty (%u, %u)", node->op->name, what, shape->rows,
                         shape->cols);
    if (rows && shape->rows != rows)
        return tuff_fail(TUFF_ARGUMENT, "%s: %s has %u rows, expected %u", node->op->name, what, shape->rows,
                         rows);
    if (cols && shape->cols != cols)
        return tuff_fail(TUFF_ARGUMENT, "%s: %s has %u columns, expected %u", node->op->name, what,
                         shape->cols, cols);
    return TUFF_OK;
}

tuff_status tuff_expect(const struct tuff_node *node, uint32_t index, const char *what, enum tuff_type type,
                        uint32_t rows, uint32_t cols) {
    const struct tuff_tensor *tensor = node->inputs[index];
    if (!tensor)
        return tuff_fail(TUFF_ARGUMENT, "%s: input %u (%s) is missing", node->op->name, index, what);
    if (tensor->shape.type != type)
        return tuff_fail(TUFF_ARGUMENT, "%s: %s is %s, expected %s", node->op->name, what,
                         type_names[tensor->shape.type], type_names[type]);
    return expect_shape(node, index, what, rows, cols);
}

tuff_status tuff_expect_float(const struct tuff_node *node, uint32_t index, const char *what, uint32_t rows,
                              uint32_t cols) {
    const struct tuff_tensor *tensor = node->inputs[index];
    if (!tensor)
        return tuff_fail(TUFF_ARGUMENT, "%s: input %u (%s) is missing", node->op->name, index, what);
    if (tensor->shape.type != TUFF_TYPE_F32 && tensor->shape.type != TUFF_TYPE_F16)
        return tuff_fail(TUFF_ARGUMENT, "%s: %s is %s, expected F32 or F16", node->op->name, what,
                         type_names[tensor->shape.type]);
    return expect_shape(node, index, what, rows, cols);
}

tuff_status tuff_expect_seed(const struct tuff_node *node, uint32_t index,
                             const struct tuff_dropout *dropout) {
    if (!(dropout->probability > 0))
        return TUFF_OK;
    return tuff_expect(node, index, "the seed of dropout", TUFF_TYPE_I32, 1, 4);
}
