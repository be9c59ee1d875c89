/* SPDX-License-Identifier: Apache-2.0 */
/* The tests' Vulkan layer (tests/layer) in front of every context that this process opens from now on. */
#ifndef TUFF_TESTS_SUPPORT_LAYER_H
#define TUFF_TESTS_SUPPORT_LAYER_H

#include "layer/layer.h"

/* Before the first context. The layer also stands before calls that need no instance. */
struct tuff_layer *test_layer(void);

/* Call `at` (from 1) of a function gives `result`. */
void test_layer_fail(struct tuff_layer *layer, const char *function, uint64_t at, VkResult result);
/* From now on all is well. */
void test_layer_heal(struct tuff_layer *layer);

/* Fails the test where an object is alive, and says of which kind. */
void test_layer_check_empty(const struct tuff_layer *layer, const char *where);

#endif
