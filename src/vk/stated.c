/* SPDX-License-Identifier: Apache-2.0 */
#include "vk/stated.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"

/* A struct of one extension, that our chain has as well. */
struct part {
    VkStructureType type;
    size_t place, size; /* in struct tuff_feature_chain */
};

#define PART(name, s_type)                                                                                   \
    {                                                                                                        \
        VK_STRUCTURE_TYPE_##s_type, offsetof(struct tuff_feature_chain, name),                               \
            sizeof(((struct tuff_feature_chain *)0)->name)                                                   \
    }

static const struct part parts[] = {
    PART(head, PHYSICAL_DEVICE_FEATURES_2),
    PART(storage16, PHYSICAL_DEVICE_16BIT_STORAGE_FEATURES),
    PART(storage8, PHYSICAL_DEVICE_8BIT_STORAGE_FEATURES),
    PART(float16_int8, PHYSICAL_DEVICE_SHADER_FLOAT16_INT8_FEATURES),
    PART(dot_product, PHYSICAL_DEVICE_SHADER_INTEGER_DOT_PRODUCT_FEATURES),
    PART(subgroup_size, PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_FEATURES),
    PART(timeline, PHYSICAL_DEVICE_TIMELINE_SEMAPHORE_FEATURES),
    PART(address, PHYSICAL_DEVICE_BUFFER_DEVICE_ADDRESS_FEATURES),
    PART(memory_model, PHYSICAL_DEVICE_VULKAN_MEMORY_MODEL_FEATURES),
    PART(maintenance4, PHYSICAL_DEVICE_MAINTENANCE_4_FEATURES),
#ifdef VK_KHR_cooperative_matrix
    PART(cooperative_matrix, PHYSICAL_DEVICE_COOPERATIVE_MATRIX_FEATURES_KHR),
#endif
#ifdef VK_NV_cooperative_matrix2
    PART(cooperative_matrix2, PHYSICAL_DEVICE_COOPERATIVE_MATRIX_2_FEATURES_NV),
#endif
#ifdef VK_KHR_shader_bfloat16
    PART(bfloat16, PHYSICAL_DEVICE_SHADER_BFLOAT16_FEATURES_KHR),
#endif
    PART(executable, PHYSICAL_DEVICE_PIPELINE_EXECUTABLE_PROPERTIES_FEATURES_KHR),
    PART(fault, PHYSICAL_DEVICE_FAULT_FEATURES_EXT),
};

/* A member of a struct that gathers a Vulkan version's features, and where our chain has it. */
struct member {
    VkStructureType type;
    size_t from, to;
};

#define MEMBER(version, feature, place)                                                                      \
    {                                                                                                        \
        VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_##version##_FEATURES,                                     \
            offsetof(VkPhysicalDeviceVulkan1##version##Features, feature),                                   \
            offsetof(struct tuff_feature_chain, place.feature)                                               \
    }

static const struct member members[] = {
    MEMBER(1, storageBuffer16BitAccess, storage16), MEMBER(2, storageBuffer8BitAccess, storage8),
    MEMBER(2, shaderFloat16, float16_int8),         MEMBER(2, shaderInt8, float16_int8),
    MEMBER(2, timelineSemaphore, timeline),         MEMBER(2, bufferDeviceAddress, address),
    MEMBER(2, vulkanMemoryModel, memory_model),     MEMBER(3, shaderIntegerDotProduct, dot_product),
    MEMBER(3, subgroupSizeControl, subgroup_size),  MEMBER(3, computeFullSubgroups, subgroup_size),
    MEMBER(3, maintenance4, maintenance4),
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

tuff_status tuff_stated_extensions(const VkDeviceCreateInfo *info, struct tuff_extensions *out_extensions) {
    *out_extensions = (struct tuff_extensions){ 0 };
    TUFF_TRY(tuff_alloc(info->enabledExtensionCount, sizeof *out_extensions->list, &out_extensions->list));
    out_extensions->count = info->enabledExtensionCount;
    for (uint32_t i = 0; i < info->enabledExtensionCount; i++)
        snprintf(out_extensions->list[i].extensionName, sizeof out_extensions->list[i].extensionName, "%s",
                 info->ppEnabledExtensionNames[i]);
    return TUFF_OK;
}

static void take(const VkBaseInStructure *given, struct tuff_feature_chain *chain) {
    for (size_t i = 0; i < COUNT(parts); i++)
        if (given->sType == parts[i].type)
            memcpy((char *)chain + parts[i].place, given, parts[i].size);
    for (size_t i = 0; i < COUNT(members); i++)
        if (given->sType == members[i].type)
            memcpy((char *)chain + members[i].to, (const char *)given + members[i].from, sizeof(VkBool32));
}

void tuff_stated_features(const VkDeviceCreateInfo *info, struct tuff_feature_chain *out_chain) {
    *out_chain = (struct tuff_feature_chain){ 0 };
    for (const VkBaseInStructure *given = info->pNext; given; given = given->pNext)
        take(given, out_chain);
    if (info->pEnabledFeatures)
        out_chain->head.features = *info->pEnabledFeatures;
}
