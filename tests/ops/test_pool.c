/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "support/op_check.h"

/* spans, rows of the longest, cols, kind, normalised */
static const uint32_t shapes[][8] = {
    { 1, 1, 1, TUFF_POOL_MEAN, 1 },     { 3, 5, 7, TUFF_POOL_MEAN },        { 9, 31, 96, TUFF_POOL_MEAN, 1 },
    { 64, 12, 384, TUFF_POOL_MEAN, 1 }, { 2, 200, 384, TUFF_POOL_MEAN, 1 }, { 5, 9, 31, TUFF_POOL_CLS },
    { 17, 13, 768, TUFF_POOL_CLS, 1 },  { 7, 19, 9, TUFF_POOL_MAX },        { 33, 8, 384, TUFF_POOL_MAX, 1 },
    { 3, 40, 1031, TUFF_POOL_MAX, 1 },
};

Test(ops_pool, forward) {
    test_op_forward(&tuff_op_pool, shapes, COUNT_OF(shapes), "subgroup_arithmetic");
}

Test(ops_pool, backward) {
    test_op_backward(&tuff_op_pool, shapes, COUNT_OF(shapes), "subgroup_arithmetic");
}

Test(ops_pool, differences) {
    static const uint32_t few[][8] = { { 3, 5, 7, TUFF_POOL_MEAN },
                                       { 3, 5, 7, TUFF_POOL_MEAN, 1 },
                                       { 4, 6, 9, TUFF_POOL_CLS, 1 },
                                       { 4, 6, 9, TUFF_POOL_MAX },
                                       { 4, 6, 9, TUFF_POOL_MAX, 1 } };
    test_op_differences(&tuff_op_pool, few, COUNT_OF(few));
}
