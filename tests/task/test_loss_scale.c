/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "task/loss_scale.h"

Test(task_loss_scale, halves_after_an_overflow_and_doubles_after_2000_good_steps) {
    struct tuff_loss_scale scale = tuff_loss_scale_make(true);
    cr_expect_eq(scale.value, 65536);
    tuff_loss_scale_update(&scale, true);
    cr_expect_eq(scale.value, 32768);
    for (int i = 0; i < 1999; i++)
        tuff_loss_scale_update(&scale, false);
    cr_expect_eq(scale.value, 32768);
    tuff_loss_scale_update(&scale, false);
    cr_expect_eq(scale.value, 65536);
    cr_expect_eq(scale.good_steps, 0);
    cr_expect_eq(scale.skipped, 1);
}

Test(task_loss_scale, falls_so_far_and_no_further) {
    struct tuff_loss_scale scale = tuff_loss_scale_make(true);
    for (int i = 0; i < 100; i++)
        tuff_loss_scale_update(&scale, true);
    cr_expect(tuff_loss_scale_is_least(&scale));
    cr_expect_eq(scale.value, 1.0 / 65536);
}

Test(task_loss_scale, is_one_where_it_is_not_wanted) {
    struct tuff_loss_scale scale = tuff_loss_scale_make(false);
    for (int i = 0; i < 5000; i++)
        tuff_loss_scale_update(&scale, i % 2);
    cr_expect_eq(scale.value, 1);
    cr_expect_eq(scale.skipped, 2500);
}
