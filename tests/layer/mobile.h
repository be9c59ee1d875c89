/* SPDX-License-Identifier: Apache-2.0 */
/* What the profile `mobile` makes of a device's answers: Vulkan 1.1 with the least that phones have. */
#ifndef TUFF_TESTS_LAYER_MOBILE_H
#define TUFF_TESTS_LAYER_MOBILE_H

#include "layer.h"

void mobile_shrink_properties(VkPhysicalDeviceProperties *properties);
/* Of structs linked to VkPhysicalDeviceProperties2 and VkPhysicalDeviceFeatures2. */
void mobile_shrink_chain(void *chain);
void mobile_shrink_features(VkPhysicalDeviceFeatures *features);
/* Leaves those extensions that the profile has; gives how many. */
uint32_t mobile_shrink_extensions(VkExtensionProperties *extensions, uint32_t count);

#endif
