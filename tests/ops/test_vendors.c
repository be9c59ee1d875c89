/* SPDX-License-Identifier: Apache-2.0 */
/* What devices of a vendor are given that is not here: it runs on any device that says it is one. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "ops/check.h"
#include "ops/driver.h"
#include "support/device.h"

static void check(struct tuff_device *device, const struct tuff_op *op) {
    struct tuff_check_result result;
    for (const uint32_t(*shape)[8] = op->check_shapes; (*shape)[0]; shape++)
        for (int type = TUFF_TYPE_F32; type <= TUFF_TYPE_F16; type++) {
            cr_assert_eq(tuff_op_check_backward(device, op, *shape, (enum tuff_type)type, &result), TUFF_OK,
                         "%s: %s", op->name, tuff_error_message());
            cr_expect(result.error <= result.tolerance && result.padding_is_zero,
                      "%s %u %u %u, type %d: %s is off by %g", op->name, (*shape)[0], (*shape)[1],
                      (*shape)[2], type, result.worst, result.error);
        }
}

/* Tiles without shared memory, a row of attention a lane, rows shared through memory and not by subgroups. */
Test(ops_vendors, arm) {
    const struct tuff_op *const ops[] = { &tuff_op_attention, &tuff_op_linear, &tuff_op_layer_norm };
    struct tuff_device *device = test_device();
    device->info.type = TUFF_DEVICE_INTEGRATED;
    device->info.vendor_id = TUFF_VENDOR_ARM;
    snprintf(device->info.driver, sizeof device->info.driver, "panvk");
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        check(device, ops[i]);
    test_device_close(device);
}
