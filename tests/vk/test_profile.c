/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "support/axpy.h"
#include "support/device.h"
#include "vk/profile.h"

Test(vk_profile, runs_are_counted_and_timed) {
    struct tuff_device *device = test_device_with(&(struct tuff_device_options){ .profile = true });
    struct tuff_arena *arena = NULL;
    struct tuff_recording *recording = NULL;
    struct tuff_profile_row rows[4];
    device->dispatch_cost = 10; /* pieces of a run count as one */
    test_ok(tuff_arena_create(device, TUFF_MEMORY_DEVICE, "test", &arena));
    struct tuff_slice x = test_ramp(arena, device);
    struct tuff_slice y = test_zeros(arena, device);
    test_ok(tuff_recording_create(device, &recording));
    for (int i = 0; i < TUFF_TIMER_CAPACITY / 4; i++)
        test_ok(test_record_axpy(recording, x, y, 1, 80));
    test_ok(tuff_recording_end(recording));
    for (int i = 0; i < 3; i++)
        test_ok(tuff_recording_run(recording, NULL, NULL));
    cr_assert_eq(tuff_profile_read(device, rows, 4), 1);
    cr_assert_eq(rows[0].kernel, test_axpy());
    cr_assert_eq(rows[0].count, 3 * TUFF_TIMER_CAPACITY / 4);
    cr_assert_gt(rows[0].ns, 0);
    cr_assert_lt(rows[0].ns, 60e9);
    tuff_profile_reset(device);
    cr_assert_eq(tuff_profile_read(device, rows, 4), 0);
    tuff_recording_destroy(recording);
    tuff_arena_destroy(arena);
    test_device_close(device);
}
