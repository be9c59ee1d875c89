/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "support/op_check.h"

/* rows, cols, normalizer */
static const uint32_t shapes[][8] = { { 1, 1 }, { 16, 1 }, { 31, 3 }, { 7, 96, 1 }, { 300, 5 }, { 2, 1031 } };

Test(ops_squared_error, forward) {
    test_op_forward(&tuff_op_squared_error, shapes, COUNT_OF(shapes), "subgroup_arithmetic");
}

Test(ops_squared_error, backward) {
    test_op_backward(&tuff_op_squared_error, shapes, COUNT_OF(shapes), "subgroup_arithmetic");
}

Test(ops_squared_error, more_rows_than_a_dimension_of_the_grid) {
    static const uint32_t many[][8] = { { 66000, 1 } };
    test_op_backward(&tuff_op_squared_error, many, 1, NULL);
}

Test(ops_squared_error, differences) {
    static const uint32_t few[][8] = { { 3, 7 }, { 5, 9, 1 } };
    test_op_differences(&tuff_op_squared_error, few, COUNT_OF(few));
}
