/* SPDX-License-Identifier: Apache-2.0 */
/* What devices of a vendor are given that is not here: it runs on any device that says it is one. */
#include <criterion/criterion.h>

#include "ops/driver.h"
#include "support/device.h"
#include "support/op_check.h"

static void check_as_arm(const struct tuff_op *op) {
    size_t count = 0;
    while (op->check_shapes[count][0])
        count++;
    test_op_as(op, op->check_shapes, count, TUFF_VENDOR_ARM, "panvk");
}

/* Tiles without shared memory. */
Test(ops_vendors, products_on_arm) {
    check_as_arm(&tuff_op_linear);
}

/* The kernel for arithmetic in f16 has tiles in shared memory alone, for few rows as for many. */
Test(ops_vendors, products_in_f16_on_arm) {
    static const uint32_t shapes[][8] = { { 5, 96, 96, 0, 1 | TUFF_LINEAR_F16_ARITHMETIC },
                                          { 37, 72, 64, 0, 1 | TUFF_LINEAR_F16_ARITHMETIC } };
    struct tuff_device *device = test_device();
    bool able = device->features.float16;
    test_device_close_idle(device);
    if (able)
        test_op_as(&tuff_op_linear, shapes, COUNT_OF(shapes), TUFF_VENDOR_ARM, "panvk");
}

/* A row a lane. */
Test(ops_vendors, attention_on_arm) {
    check_as_arm(&tuff_op_attention);
}

/* Rows shared through memory and not by subgroups. */
Test(ops_vendors, rows_on_panvk) {
    check_as_arm(&tuff_op_layer_norm);
}
