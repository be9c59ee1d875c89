/* SPDX-License-Identifier: Apache-2.0 */
/* A kernel for tests of the Vulkan layer: y[i] = a * x[i] + y[i]. */
#ifndef TUFF_TESTS_SUPPORT_AXPY_H
#define TUFF_TESTS_SUPPORT_AXPY_H

#include "vk/commands.h"

/* Its constant is `width`, the invocations of a workgroup. */
const struct tuff_kernel *test_axpy(void);
tuff_status test_record_axpy(struct tuff_recording *recording, struct tuff_slice x, struct tuff_slice y,
                             float a, uint64_t cost);

enum { TEST_RAMP_COUNT = 5000 };
/* 0, 1, 2, ... in a new slice of TEST_RAMP_COUNT floats. */
struct tuff_slice test_ramp(struct tuff_arena *arena, struct tuff_device *device);
/* A new slice of the same size, zeros. */
struct tuff_slice test_zeros(struct tuff_arena *arena, struct tuff_device *device);
/* Fails unless the slice holds factor * 0, factor * 1, ... */
void test_expect_ramp(struct tuff_device *device, const struct tuff_slice *slice, float factor);
/* Fails with the error's message unless the status is TUFF_OK. */
void test_ok(tuff_status status);

#endif
