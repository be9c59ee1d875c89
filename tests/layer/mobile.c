/* SPDX-License-Identifier: Apache-2.0 */
#include "mobile.h"

#include <string.h>

static uint32_t smaller(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

void mobile_shrink_properties(VkPhysicalDeviceProperties *properties) {
    VkPhysicalDeviceLimits *limits = &properties->limits;
    properties->apiVersion = VK_API_VERSION_1_1;
    limits->maxComputeWorkGroupInvocations = 128;
    for (int i = 0; i < 3; i++) {
        limits->maxComputeWorkGroupSize[i] = smaller(limits->maxComputeWorkGroupSize[i], i < 2 ? 128 : 64);
        limits->maxComputeWorkGroupCount[i] = 65535;
    }
    limits->maxComputeSharedMemorySize = 16384;
    limits->maxStorageBufferRange = 128u << 20;
    limits->maxPushConstantsSize = 128;
    limits->maxPerStageDescriptorStorageBuffers = 8;
    limits->minStorageBufferOffsetAlignment = 256;
}

void mobile_shrink_features(VkPhysicalDeviceFeatures *features) {
    features->shaderFloat64 = VK_FALSE;
    features->shaderInt64 = VK_FALSE;
    features->shaderInt16 = VK_FALSE;
}

/* The booleans behind the two first members of a struct of features. */
static void clear(VkBaseOutStructure *part, size_t size) {
    memset((char *)part + sizeof *part, 0, size - sizeof *part);
}

void mobile_shrink_chain(void *chain) {
    for (VkBaseOutStructure *part = chain; part; part = part->pNext) {
        switch (part->sType) {
        case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_PROPERTIES:
            ((VkPhysicalDeviceSubgroupProperties *)part)->supportedOperations = VK_SUBGROUP_FEATURE_BASIC_BIT;
            break;
        case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_PROPERTIES:
            ((VkPhysicalDeviceVulkan11Properties *)part)->subgroupSupportedOperations =
                VK_SUBGROUP_FEATURE_BASIC_BIT;
            break;
        case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_16BIT_STORAGE_FEATURES:
            clear(part, sizeof(VkPhysicalDevice16BitStorageFeatures));
            break;
        case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_FLOAT16_INT8_FEATURES:
            clear(part, sizeof(VkPhysicalDeviceShaderFloat16Int8Features));
            break;
        case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES:
            clear(part, sizeof(VkPhysicalDeviceVulkan11Features));
            break;
        case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES:
            clear(part, sizeof(VkPhysicalDeviceVulkan12Features));
            break;
        default:
            break;
        }
    }
}

uint32_t mobile_shrink_extensions(VkExtensionProperties *extensions, uint32_t count) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(extensions[i].extensionName, "VK_KHR_driver_properties") == 0)
            extensions[kept++] = extensions[i];
    return kept;
}
