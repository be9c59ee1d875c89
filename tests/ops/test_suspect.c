/* SPDX-License-Identifier: Apache-2.0 */
/* A device that claims what is not so is found out, and the switch that helps is named. */
#include <criterion/criterion.h>

#include "ops/suspect.h"
#include "support/device.h"

/* Subgroups that are half as large as the device says: sums over them miss the other half. */
Test(ops_suspect, a_lie_about_subgroups_is_named, .timeout = 300) {
    static const uint32_t numbers[8] = { 3, 96 };
    struct tuff_device *device = test_device();
    if (device->info.type != TUFF_DEVICE_CPU ||
        !device->features.subgroup_arithmetic) { /* nothing to lie about */
        test_device_close_idle(device);
        return;
    }
    device->limits.subgroup_size *= 2;
    const char *suspect = tuff_find_suspect(device, &tuff_op_layer_norm, numbers, TUFF_TYPE_F32, false);
    cr_assert(suspect != NULL);
    cr_expect_str_eq(suspect, "subgroup_arithmetic");
    cr_expect(device->features.subgroup_arithmetic);
    test_device_close(device);
}
