/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "support/op_check.h"

/* rows, vocabulary, types */
static const uint32_t shapes[][8] = {
    { 1, 1, 1 }, { 7, 5, 2 }, { 64, 30522, 2 }, { 65, 9, 3 }, { 251, 40, 1 }
};

Test(ops_fetch_tokens, forward) {
    test_op_forward(&tuff_op_fetch_tokens, shapes, COUNT_OF(shapes), NULL);
}
