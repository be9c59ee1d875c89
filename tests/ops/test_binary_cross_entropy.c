/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "support/op_check.h"

/* rows, cols, normalizer */
static const uint32_t shapes[][8] = { { 1, 1 }, { 16, 1 }, { 31, 3 }, { 7, 96, 1 }, { 300, 5 }, { 2, 1031 } };

Test(ops_binary_cross_entropy, forward) {
    test_op_forward(&tuff_op_binary_cross_entropy, shapes, COUNT_OF(shapes), "subgroup_arithmetic");
}

Test(ops_binary_cross_entropy, backward) {
    test_op_backward(&tuff_op_binary_cross_entropy, shapes, COUNT_OF(shapes), "subgroup_arithmetic");
}

Test(ops_binary_cross_entropy, differences) {
    static const uint32_t few[][8] = { { 3, 7 }, { 5, 9, 1 } };
    test_op_differences(&tuff_op_binary_cross_entropy, few, COUNT_OF(few));
}
