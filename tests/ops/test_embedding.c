/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "support/op_check.h"

/* tokens, cols, words in panels, words gathered, dropout in percent */
static const uint32_t shapes[][8] = {
    { 1, 1 },    { 5, 9 },         { 31, 7, 1 },  { 129, 96 },  { 64, 96, 1 },
    { 17, 384 }, { 65, 31, 0, 1 }, { 7, 768, 1 }, { 256, 100 }, { 3, 1031 },
};

Test(ops_embedding, forward) {
    test_op_forward(&tuff_op_embedding, shapes, COUNT_OF(shapes), "subgroup_arithmetic");
}

Test(ops_embedding, backward) {
    static const uint32_t with_dropout[][8] = { { 33, 64, 1, 0, 10 }, { 12, 31, 0, 1, 50 } };
    test_op_backward(&tuff_op_embedding, shapes, COUNT_OF(shapes), "subgroup_arithmetic");
    test_op_backward(&tuff_op_embedding, with_dropout, COUNT_OF(with_dropout), NULL);
}

Test(ops_embedding, differences) {
    static const uint32_t few[][8] = { { 12, 31, 0, 1 }, { 5, 8, 1, 1, 30 } };
    test_op_differences(&tuff_op_embedding, few, COUNT_OF(few));
}
