/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of drivers that no feature tells. */
#ifndef TUFF_OPS_DRIVER_H
#define TUFF_OPS_DRIVER_H

#include <stdbool.h>

#include "vk/device.h"

/* Whether a CPU driver loads once what is the same for all invocations. Mesa's does so at least since its
 * releases carry their number; before, each invocation loads for itself, and kernels that read much of what
 * is uniform through addresses are the slower ones (seen with 22.3: by 2.4). */
bool tuff_driver_has_scalar_loads(const struct tuff_device *device);

#endif
