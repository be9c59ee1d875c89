/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "support/op_check.h"

/* rows of x, cols, count, x in panels, y F32, rows of a second part */
static const uint32_t shapes[][8] = {
    { 1, 1, 1 },
    { 5, 7, 30 },
    { 31, 9, 65, 1 },
    { 100, 96, 17, 0, 1 },
    { 64, 384, 256, 1, 1 },
    { 20, 31, 129, 0, 0, 13 },
    { 7, 768, 9, 1, 1, 40 },
    { 3, 1031, 2 },
};

Test(ops_gather_rows, forward) {
    test_op_forward(&tuff_op_gather_rows, shapes, COUNT_OF(shapes), NULL);
}

Test(ops_gather_rows, backward) {
    test_op_backward(&tuff_op_gather_rows, shapes, COUNT_OF(shapes), NULL);
}

Test(ops_gather_rows, differences) {
    static const uint32_t few[][8] = { { 5, 7, 30 }, { 20, 9, 60, 0, 0, 13 } };
    test_op_differences(&tuff_op_gather_rows, few, COUNT_OF(few));
}
