/* SPDX-License-Identifier: Apache-2.0 */
/* An op's test is a table of shapes: rows of numbers as the op's make() reads them. */
#ifndef TUFF_TESTS_SUPPORT_OP_CHECK_H
#define TUFF_TESTS_SUPPORT_OP_CHECK_H

#include "ops/check.h"

/* Device against reference at both storage types, for inference and training, with every feature and without
 * those in `without` (NULL: no such run); a CPU driver also in the workgroups that a GPU gets. Padding must
 * be zero. */
void test_op_forward(const struct tuff_op *op, const uint32_t (*shapes)[8], size_t count,
                     const char *without);
/* The gradients likewise, stored and accumulated. */
void test_op_backward(const struct tuff_op *op, const uint32_t (*shapes)[8], size_t count,
                      const char *without);
/* Both with the kernels that a GPU is given, whatever the device is. */
void test_op_as_gpu(const struct tuff_op *op, const uint32_t (*shapes)[8], size_t count);
/* The same as on a GPU of a vendor and driver that are not here. */
void test_op_as(const struct tuff_op *op, const uint32_t (*shapes)[8], size_t count, uint32_t vendor_id,
                const char *driver);
/* The reference's gradients of output 0 against finite differences of its forward. */
void test_op_differences(const struct tuff_op *op, const uint32_t (*shapes)[8], size_t count);

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#endif
