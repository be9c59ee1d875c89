/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "support/op_check.h"

/* pairs, cols */
static const uint32_t shapes[][8] = { { 1, 1 }, { 2, 7 }, { 5, 31 }, { 33, 96 }, { 64, 384 }, { 130, 40 } };

Test(ops_pair_scores, forward) {
    test_op_forward(&tuff_op_pair_scores, shapes, COUNT_OF(shapes), NULL);
}

Test(ops_pair_scores, backward) {
    test_op_backward(&tuff_op_pair_scores, shapes, COUNT_OF(shapes), NULL);
}

Test(ops_pair_scores, differences) {
    static const uint32_t few[][8] = { { 1, 3 }, { 4, 5 } };
    test_op_differences(&tuff_op_pair_scores, few, COUNT_OF(few));
}
