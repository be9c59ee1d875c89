/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "support/op_check.h"

static const uint32_t shapes[][8] = { { 1, 1 }, { 3, 7 }, { 65, 64 }, { 31, 1031 }, { 130, 129 } };

Test(ops_quantize, forward) {
    test_op_forward(&tuff_op_quantize, shapes, COUNT_OF(shapes), "subgroup_arithmetic");
}
