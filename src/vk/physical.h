/* SPDX-License-Identifier: Apache-2.0 */
/* What a physical device reports of itself, before it is opened. */
#ifndef TUFF_VK_PHYSICAL_H
#define TUFF_VK_PHYSICAL_H

#include "vk/device.h"

struct tuff_physical {
    VkPhysicalDevice handle;
    uint32_t api_version; /* that may be used: the device's, and the instance's at most */
    uint32_t queue_family;
    struct tuff_extensions extensions;
    struct tuff_features features; /* all that tuff would use */
    struct tuff_limits limits;
    VkPhysicalDeviceMemoryProperties memory;
    tuff_device_info info; /* info.refusal says why tuff cannot use the device */
};

tuff_status tuff_physical_read(const struct tuff_instance *instance, VkPhysicalDevice handle, uint32_t index,
                               struct tuff_physical *out_physical);
/* Writes why a device is below the floor, "" if it is not. */
void tuff_physical_refusal(uint32_t api_version, bool can_compute, const struct tuff_limits *limits,
                           char *text, size_t size);
void tuff_physical_free(struct tuff_physical *physical);

#endif
