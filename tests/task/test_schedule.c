/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <math.h>

#include "task/schedule.h"

static void expect_rate(tuff_schedule kind, uint64_t warmup, uint64_t step, double expected) {
    const struct tuff_rate schedule = { kind, 2, warmup, 20 };
    const double rate = tuff_rate_at(&schedule, step);
    cr_expect(fabs(rate - expected) < 1e-12, "kind %d, warm-up %d, step %d: %g, not %g", (int)kind,
              (int)warmup, (int)step, rate, expected);
}

Test(task_schedule, warm_up_starts_at_zero_and_rises_evenly) {
    for (int kind = TUFF_SCHEDULE_LINEAR; kind <= TUFF_SCHEDULE_ORIGINAL; kind++) {
        expect_rate((tuff_schedule)kind, 4, 0, 0);
        expect_rate((tuff_schedule)kind, 4, 1, 0.5);
        expect_rate((tuff_schedule)kind, 4, 3, 1.5);
        expect_rate((tuff_schedule)kind, 0, 0, 2);
    }
}

Test(task_schedule, decay_is_the_one_of_its_kind) {
    expect_rate(TUFF_SCHEDULE_LINEAR, 4, 4, 2);
    expect_rate(TUFF_SCHEDULE_LINEAR, 4, 12, 1);
    expect_rate(TUFF_SCHEDULE_LINEAR, 4, 19, 0.125);
    expect_rate(TUFF_SCHEDULE_COSINE, 4, 4, 2);
    expect_rate(TUFF_SCHEDULE_COSINE, 4, 12, 1);
    expect_rate(TUFF_SCHEDULE_COSINE, 4, 8, 1 + sqrt(0.5));
    expect_rate(TUFF_SCHEDULE_ORIGINAL, 4, 4, 1.6);
    expect_rate(TUFF_SCHEDULE_ORIGINAL, 4, 15, 0.5);
    expect_rate(TUFF_SCHEDULE_CONSTANT, 4, 19, 2);
}

Test(task_schedule, beyond_the_end_nothing_is_learned) {
    expect_rate(TUFF_SCHEDULE_LINEAR, 4, 20, 0);
    expect_rate(TUFF_SCHEDULE_COSINE, 4, 25, 0);
    expect_rate(TUFF_SCHEDULE_ORIGINAL, 4, 20, 0);
    expect_rate(TUFF_SCHEDULE_CONSTANT, 4, 25, 2);
    expect_rate(TUFF_SCHEDULE_LINEAR, 20, 20, 0);
    expect_rate(TUFF_SCHEDULE_LINEAR, 30, 25, 2 * 25.0 / 30);
}
