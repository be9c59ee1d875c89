/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "support/op_check.h"

static const struct tuff_op *const ops[] = { &tuff_op_squared_error, &tuff_op_binary_cross_entropy };

/* rows, cols, normalizer */
static const uint32_t shapes[][8] = { { 1, 1 }, { 16, 1 }, { 31, 3 }, { 7, 96, 1 }, { 300, 5 }, { 2, 1031 } };

Test(ops_elementwise_loss, forward) {
    for (size_t i = 0; i < COUNT_OF(ops); i++)
        test_op_forward(ops[i], shapes, COUNT_OF(shapes), "subgroup_arithmetic");
}

Test(ops_elementwise_loss, backward) {
    for (size_t i = 0; i < COUNT_OF(ops); i++)
        test_op_backward(ops[i], shapes, COUNT_OF(shapes), "subgroup_arithmetic");
}

Test(ops_elementwise_loss, more_rows_than_a_dimension_of_the_grid) {
    static const uint32_t many[][8] = { { 66000, 1 } };
    test_op_backward(ops[0], many, 1, NULL);
}

Test(ops_elementwise_loss, differences) {
    static const uint32_t few[][8] = { { 3, 7 }, { 5, 9, 1 } };
    for (size_t i = 0; i < COUNT_OF(ops); i++)
        test_op_differences(ops[i], few, COUNT_OF(few));
}
