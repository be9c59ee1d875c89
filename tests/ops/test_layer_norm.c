/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "support/op_check.h"

/* rows, cols, dropout in percent */
static const uint32_t shapes[][8] = {
    { 1, 1 },    { 7, 3 },     { 8, 4 },    { 9, 5 },    { 31, 7 },      { 64, 8 },
    { 65, 9 },   { 129, 96 },  { 33, 31 },  { 17, 384 }, { 13, 768 },    { 257, 100 },
    { 5, 1024 }, { 19, 1031 }, { 2, 5000 }, { 1, 768 },  { 21, 64, 10 }, { 40, 31, 50 },
};

Test(ops_layer_norm, forward) {
    /* Not for backward: two columns always become 1 and -1, so the gradient is 0 and rounding is all there
     * is. */
    static const uint32_t two_columns[][8] = { { 3, 2 } };
    test_op_forward(&tuff_op_layer_norm, two_columns, 1, NULL);
    test_op_forward(&tuff_op_layer_norm, shapes, COUNT_OF(shapes), "subgroup_arithmetic");
}

Test(ops_layer_norm, backward) {
    test_op_backward(&tuff_op_layer_norm, shapes, COUNT_OF(shapes), "subgroup_arithmetic");
}

Test(ops_layer_norm, more_workgroups_than_a_line_of_the_grid) {
    static const uint32_t many[][8] = { { 263000, 8 } };
    test_op_forward(&tuff_op_layer_norm, many, 1, NULL);
}

Test(ops_layer_norm, differences) {
    static const uint32_t few[][8] = { { 5, 7 }, { 3, 96 }, { 4, 31, 30 } };
    test_op_differences(&tuff_op_layer_norm, few, COUNT_OF(few));
}
