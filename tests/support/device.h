/* SPDX-License-Identifier: Apache-2.0 */
/* The device that tests run on: opened under the validation layer with synchronization validation. An absent
 * device, an absent layer and any message of the layer fail the test. TUFF_DEVICE and TUFF_DISABLE choose as
 * everywhere. With TUFF_TEST_AS_GPU a driver for the CPU counts as a GPU: kernels and workgroups are chosen by that. */
#ifndef TUFF_TESTS_SUPPORT_DEVICE_H
#define TUFF_TESTS_SUPPORT_DEVICE_H

#include "vk/device.h"

/* Prints the device and its driver. */
struct tuff_device *test_device(void);
/* The same with more switched off ("float16,storage16"), or with options of its own: device, disable and
 * validation are set here. */
struct tuff_device *test_device_without(const char *features);
struct tuff_device *test_device_with(const struct tuff_device_options *options);
/* Closes it; fails if validation said anything or nothing was dispatched. */
void test_device_close(struct tuff_device *device);
/* The same for tests that dispatch nothing. */
void test_device_close_idle(struct tuff_device *device);

#endif
