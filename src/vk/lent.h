/* SPDX-License-Identifier: Apache-2.0 */
/* A device that the caller lends: checked, and read as if it had been chosen. Only what the caller enabled is used. */
#ifndef TUFF_VK_LENT_H
#define TUFF_VK_LENT_H

#include "vk/physical.h"

/* TUFF_ARGUMENT where a handle or function is missing or the queue's family cannot compute; TUFF_UNSUPPORTED where the
 * device is below the floor. */
tuff_status tuff_lent_read(const tuff_vulkan_device *lent, const struct tuff_log *log,
                           struct tuff_instance **out_instance, struct tuff_physical *out_physical);

#endif
