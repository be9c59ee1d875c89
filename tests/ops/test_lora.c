/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "support/op_check.h"

/* rows, cols, rank, adapters one below the other */
static const uint32_t shapes[][8] = { { 1, 1, 1, 1 },   { 31, 7, 3, 1 },   { 24, 65, 4, 3 },
                                      { 96, 32, 5, 3 }, { 8, 136, 16, 1 }, { 768, 64, 8, 3 },
                                      { 17, 768, 9, 1 } };

Test(ops_lora, forward) {
    test_op_forward(&tuff_op_lora, shapes, COUNT_OF(shapes), "subgroup_arithmetic");
}

Test(ops_lora, backward) {
    test_op_backward(&tuff_op_lora, shapes, COUNT_OF(shapes), "subgroup_arithmetic");
}

Test(ops_lora, differences) {
    static const uint32_t few[][8] = { { 3, 5, 2, 1 }, { 6, 9, 5, 3 } };
    test_op_differences(&tuff_op_lora, few, COUNT_OF(few));
}
