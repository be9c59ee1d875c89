/* SPDX-License-Identifier: Apache-2.0 */
/* A module of SPIR-V with its specialization constants replaced by plain ones, for compilers that set their values but
 * go on to compile what these rule out. */
#ifndef TUFF_VK_SPECIALIZE_H
#define TUFF_VK_SPECIALIZE_H

#include "base/status.h"
#include "vk/kernel.h"

/* The caller frees *out_code. `specs` are the values of the kernel's constants. */
tuff_status tuff_specialize(const struct tuff_kernel *kernel, uint32_t variant, const uint32_t *specs,
                            uint32_t **out_code, size_t *out_size);

#endif
