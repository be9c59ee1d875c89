/* SPDX-License-Identifier: Apache-2.0 */
/* What a caller says that a device was made with: its VkDeviceCreateInfo, read as tuff's own wishes are kept. */
#ifndef TUFF_VK_STATED_H
#define TUFF_VK_STATED_H

#include "vk/features.h"

/* The enabled extensions, in a block of their own (tuff_free(list)). */
tuff_status tuff_stated_extensions(const VkDeviceCreateInfo *info, struct tuff_extensions *out_extensions);
/* The enabled features, wherever the caller put them: pEnabledFeatures, VkPhysicalDeviceFeatures2, the structs of single
 * extensions or those of a whole Vulkan version. The chain is for tuff_features_limit alone. */
void tuff_stated_features(const VkDeviceCreateInfo *info, struct tuff_feature_chain *out_chain);

#endif
