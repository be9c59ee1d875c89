/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "support/op_check.h"

/* rows, cols, smoothing in percent, normalizer */
static const uint32_t shapes[][8] = { { 1, 1 },          { 3, 2 },           { 64, 3 },   { 31, 9, 10 },
                                      { 129, 31, 0, 1 }, { 7, 1031, 20, 1 }, { 4, 30522 } };

Test(ops_cross_entropy, forward) {
    test_op_forward(&tuff_op_cross_entropy, shapes, COUNT_OF(shapes), "subgroup_arithmetic");
}

Test(ops_cross_entropy, backward) {
    test_op_backward(&tuff_op_cross_entropy, shapes, COUNT_OF(shapes), "subgroup_arithmetic");
}

Test(ops_cross_entropy, differences) {
    static const uint32_t few[][8] = { { 5, 3 }, { 9, 31, 10 }, { 4, 7, 0, 1 } };
    test_op_differences(&tuff_op_cross_entropy, few, COUNT_OF(few));
}
