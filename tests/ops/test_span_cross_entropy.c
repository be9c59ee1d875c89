/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "support/op_check.h"

/* spans, rows of the longest, normalizer */
static const uint32_t shapes[][8] = { { 1, 1 }, { 3, 7 }, { 16, 31, 1 }, { 5, 384 }, { 64, 9 }, { 2, 1031 } };

Test(ops_span_cross_entropy, forward) {
    test_op_forward(&tuff_op_span_cross_entropy, shapes, COUNT_OF(shapes), "subgroup_arithmetic");
}

Test(ops_span_cross_entropy, backward) {
    test_op_backward(&tuff_op_span_cross_entropy, shapes, COUNT_OF(shapes), "subgroup_arithmetic");
}

Test(ops_span_cross_entropy, differences) {
    static const uint32_t few[][8] = { { 3, 7 }, { 5, 9, 1 } };
    test_op_differences(&tuff_op_span_cross_entropy, few, COUNT_OF(few));
}
