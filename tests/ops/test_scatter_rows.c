/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "ops/scatter_rows.h"

enum { TO, FIRST, LENGTH, SOURCE };

Test(ops_scatter_rows, look_ups_are_sorted_into_segments) {
    static const int32_t ids[] = { 7, 2, 7, 0, 2, 7 };
    int32_t list[6][4];
    cr_assert_eq(tuff_scatter_list(ids, 1, 6, -1, list[0]), TUFF_OK);
    static const int32_t expected[6][4] = { { 0, 0, 1, 3 }, { 2, 1, 2, 1 }, { 7, 3, 3, 4 },
                                            { 0, 0, 0, 0 }, { 0, 0, 0, 2 }, { 0, 0, 0, 5 } };
    cr_assert_arr_eq(list, expected, sizeof expected);
}

Test(ops_scatter_rows, skipped_and_negative_ids_get_nothing) {
    static const int32_t tokens[][4] = { { 0 }, { 3 }, { -1 }, { 0 }, { 3 } };
    int32_t list[5][4];
    cr_assert_eq(tuff_scatter_list(tokens[0], 4, 5, 0, list[0]), TUFF_OK);
    cr_assert_eq(list[0][TO], 3);
    cr_assert_eq(list[0][FIRST], 0);
    cr_assert_eq(list[0][LENGTH], 2);
    cr_assert_eq(list[0][SOURCE], 1);
    cr_assert_eq(list[1][SOURCE], 4);
    for (int i = 1; i < 5; i++)
        cr_assert_eq(list[i][LENGTH], 0);
}
