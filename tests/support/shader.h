/* SPDX-License-Identifier: Apache-2.0 */
/* Small kernels that tests write in place, compiled with the build's glslang while the test runs. */
#ifndef TUFF_TESTS_SUPPORT_SHADER_H
#define TUFF_TESTS_SUPPORT_SHADER_H

#include "vk/kernel.h"

/* Compiles GLSL for Vulkan 1.1; a failure fails the test. The code lives as long as the process. */
struct tuff_kernel_variant test_shader(const char *name, const char *source);

#endif
