/* SPDX-License-Identifier: Apache-2.0 */
/* A context for tests that see the public header alone: under validation, with a log that fails the test at
 * the first message of the validation layers. */
#ifndef TESTS_API_DEVICE_H
#define TESTS_API_DEVICE_H

#include "tuff.h"

/* Prints the device and its driver once. An absent device or layer fails the test. */
tuff_context *test_context(void);
void test_context_close(tuff_context *context);

#endif
