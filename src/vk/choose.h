/* SPDX-License-Identifier: Apache-2.0 */
/* Which of the machine's devices to use. */
#ifndef TUFF_VK_CHOOSE_H
#define TUFF_VK_CHOOSE_H

#include "vk/physical.h"

/* `wanted` is an index, a UUID or part of a name (upper and lower case are one); NULL or "": the best that
 * can be used, discrete, integrated, virtual, CPU, the first of equals. TUFF_ARGUMENT if nothing is called
 * so, TUFF_NO_DEVICE if what is called so cannot be used. */
tuff_status tuff_choose_device(const struct tuff_physical *devices, uint32_t count, const char *wanted,
                               uint32_t *out_index);

#endif
