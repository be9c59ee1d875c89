/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "support/op_check.h"

/* rows, cols */
static const uint32_t shapes[][8] = {
    { 1, 1 }, { 3, 2 }, { 65, 3 }, { 31, 9 }, { 7, 384 }, { 2, 1031 }, { 9, 5003 }, { 2, 30522 },
};

Test(ops_log_softmax, forward) {
    test_op_forward(&tuff_op_log_softmax, shapes, COUNT_OF(shapes), "subgroup_arithmetic");
}

Test(ops_log_softmax, backward) {
    test_op_backward(&tuff_op_log_softmax, shapes, COUNT_OF(shapes), "subgroup_arithmetic");
}

Test(ops_log_softmax, differences) {
    static const uint32_t few[][8] = { { 3, 2 }, { 5, 31 } };
    test_op_differences(&tuff_op_log_softmax, few, COUNT_OF(few));
}
