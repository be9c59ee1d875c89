/* SPDX-License-Identifier: Apache-2.0 */
#include "vk/features.h"

#include <stdio.h>
#include <string.h>

enum { MAX_MEMBERS = 7 };

/* How a feature shows itself: the struct that carries it (none: the extension alone), the members of it that
 * must all be true, the Vulkan version that took it in and the extension that had it before. */
struct row {
    size_t flag;  /* in struct tuff_features */
    size_t place; /* of the struct in struct tuff_feature_chain */
    VkStructureType type;
    uint32_t core;         /* 0: never taken in */
    const char *extension; /* NULL: part of Vulkan 1.1 */
    size_t member_count;
    size_t members[MAX_MEMBERS];
};

#define FLAG(name) .flag = offsetof(struct tuff_features, name)
#define CARRIER(name, s_type)                                                                                \
    .place = offsetof(struct tuff_feature_chain, name), .type = VK_STRUCTURE_TYPE_##s_type
#define CORE_1_1 .core = VK_API_VERSION_1_1
#define CORE_1_2 .core = VK_API_VERSION_1_2
#define CORE_1_3 .core = VK_API_VERSION_1_3

static const struct row rows[] = {
    { FLAG(storage16), CARRIER(storage16, PHYSICAL_DEVICE_16BIT_STORAGE_FEATURES), CORE_1_1,
      .extension = "VK_KHR_16bit_storage", .member_count = 1,
      .members = { offsetof(VkPhysicalDevice16BitStorageFeatures, storageBuffer16BitAccess) } },
    { FLAG(storage8), CARRIER(storage8, PHYSICAL_DEVICE_8BIT_STORAGE_FEATURES), CORE_1_2,
      .extension = "VK_KHR_8bit_storage", .member_count = 1,
      .members = { offsetof(VkPhysicalDevice8BitStorageFeatures, storageBuffer8BitAccess) } },
    { FLAG(float16), CARRIER(float16_int8, PHYSICAL_DEVICE_SHADER_FLOAT16_INT8_FEATURES), CORE_1_2,
      .extension = "VK_KHR_shader_float16_int8", .member_count = 1,
      .members = { offsetof(VkPhysicalDeviceShaderFloat16Int8Features, shaderFloat16) } },
    { FLAG(int8), CARRIER(float16_int8, PHYSICAL_DEVICE_SHADER_FLOAT16_INT8_FEATURES), CORE_1_2,
      .extension = "VK_KHR_shader_float16_int8", .member_count = 1,
      .members = { offsetof(VkPhysicalDeviceShaderFloat16Int8Features, shaderInt8) } },
    { FLAG(dot_product), CARRIER(dot_product, PHYSICAL_DEVICE_SHADER_INTEGER_DOT_PRODUCT_FEATURES), CORE_1_3,
      .extension = "VK_KHR_shader_integer_dot_product", .member_count = 1,
      .members = { offsetof(VkPhysicalDeviceShaderIntegerDotProductFeatures, shaderIntegerDotProduct) } },
    { FLAG(subgroup_size_control), CARRIER(subgroup_size, PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_FEATURES),
      CORE_1_3, .extension = "VK_EXT_subgroup_size_control", .member_count = 2,
      .members = { offsetof(VkPhysicalDeviceSubgroupSizeControlFeatures, subgroupSizeControl),
                   offsetof(VkPhysicalDeviceSubgroupSizeControlFeatures, computeFullSubgroups) } },
    { FLAG(push_descriptor), .extension = "VK_KHR_push_descriptor" },
    { FLAG(timeline_semaphore), CARRIER(timeline, PHYSICAL_DEVICE_TIMELINE_SEMAPHORE_FEATURES), CORE_1_2,
      .extension = "VK_KHR_timeline_semaphore", .member_count = 1,
      .members = { offsetof(VkPhysicalDeviceTimelineSemaphoreFeatures, timelineSemaphore) } },
    { FLAG(memory_budget), .extension = "VK_EXT_memory_budget" },
    { FLAG(global_priority), .extension = "VK_KHR_global_priority" },
    { FLAG(external_memory_fd), .extension = "VK_KHR_external_memory_fd" },
    { FLAG(buffer_address), CARRIER(address, PHYSICAL_DEVICE_BUFFER_DEVICE_ADDRESS_FEATURES), CORE_1_2,
      .extension = "VK_KHR_buffer_device_address", .member_count = 1,
      .members = { offsetof(VkPhysicalDeviceBufferDeviceAddressFeatures, bufferDeviceAddress) } },
    { FLAG(int64), CARRIER(head, PHYSICAL_DEVICE_FEATURES_2), CORE_1_1, .member_count = 1,
      .members = { offsetof(VkPhysicalDeviceFeatures2, features.shaderInt64) } },
    { FLAG(memory_model), CARRIER(memory_model, PHYSICAL_DEVICE_VULKAN_MEMORY_MODEL_FEATURES), CORE_1_2,
      .extension = "VK_KHR_vulkan_memory_model", .member_count = 1,
      .members = { offsetof(VkPhysicalDeviceVulkanMemoryModelFeatures, vulkanMemoryModel) } },
    { FLAG(maintenance4), CARRIER(maintenance4, PHYSICAL_DEVICE_MAINTENANCE_4_FEATURES), CORE_1_3,
      .extension = "VK_KHR_maintenance4", .member_count = 1,
      .members = { offsetof(VkPhysicalDeviceMaintenance4Features, maintenance4) } },
#ifdef VK_KHR_cooperative_matrix
    { FLAG(cooperative_matrix), CARRIER(cooperative_matrix, PHYSICAL_DEVICE_COOPERATIVE_MATRIX_FEATURES_KHR),
      .extension = "VK_KHR_cooperative_matrix", .member_count = 1,
      .members = { offsetof(VkPhysicalDeviceCooperativeMatrixFeaturesKHR, cooperativeMatrix) } },
#endif
#ifdef VK_NV_cooperative_matrix2
    { FLAG(cooperative_matrix2),
      CARRIER(cooperative_matrix2, PHYSICAL_DEVICE_COOPERATIVE_MATRIX_2_FEATURES_NV),
      .extension = "VK_NV_cooperative_matrix2", .member_count = 7,
      .members = { offsetof(VkPhysicalDeviceCooperativeMatrix2FeaturesNV, cooperativeMatrixWorkgroupScope),
                   offsetof(VkPhysicalDeviceCooperativeMatrix2FeaturesNV,
                            cooperativeMatrixFlexibleDimensions),
                   offsetof(VkPhysicalDeviceCooperativeMatrix2FeaturesNV, cooperativeMatrixReductions),
                   offsetof(VkPhysicalDeviceCooperativeMatrix2FeaturesNV, cooperativeMatrixConversions),
                   offsetof(VkPhysicalDeviceCooperativeMatrix2FeaturesNV,
                            cooperativeMatrixPerElementOperations),
                   offsetof(VkPhysicalDeviceCooperativeMatrix2FeaturesNV, cooperativeMatrixTensorAddressing),
                   offsetof(VkPhysicalDeviceCooperativeMatrix2FeaturesNV, cooperativeMatrixBlockLoads) } },
#endif
#ifdef VK_KHR_shader_bfloat16
    { FLAG(bfloat16), CARRIER(bfloat16, PHYSICAL_DEVICE_SHADER_BFLOAT16_FEATURES_KHR),
      .extension = "VK_KHR_shader_bfloat16", .member_count = 2,
      .members = { offsetof(VkPhysicalDeviceShaderBfloat16FeaturesKHR, shaderBFloat16Type),
                   offsetof(VkPhysicalDeviceShaderBfloat16FeaturesKHR, shaderBFloat16CooperativeMatrix) } },
#endif
    { FLAG(executable_properties),
      CARRIER(executable, PHYSICAL_DEVICE_PIPELINE_EXECUTABLE_PROPERTIES_FEATURES_KHR),
      .extension = "VK_KHR_pipeline_executable_properties", .member_count = 1,
      .members = { offsetof(VkPhysicalDevicePipelineExecutablePropertiesFeaturesKHR,
                            pipelineExecutableInfo) } },
    { FLAG(device_fault), CARRIER(fault, PHYSICAL_DEVICE_FAULT_FEATURES_EXT),
      .extension = "VK_EXT_device_fault", .member_count = 1,
      .members = { offsetof(VkPhysicalDeviceFaultFeaturesEXT, deviceFault) } },
};

enum { ROW_COUNT = sizeof rows / sizeof rows[0] };

bool tuff_extensions_have(const struct tuff_extensions *extensions, const char *name) {
    for (uint32_t i = 0; i < extensions->count; i++)
        if (strcmp(extensions->list[i].extensionName, name) == 0)
            return true;
    return false;
}

static bool *flag_of(struct tuff_features *features, const struct row *row) {
    return (bool *)((char *)features + row->flag);
}

static VkBool32 *member_of(struct tuff_feature_chain *chain, const struct row *row, size_t member) {
    return (VkBool32 *)((char *)chain + row->place + row->members[member]);
}

/* Links the row's struct, once. */
static void link_row(struct tuff_feature_chain *chain, const struct row *row) {
    VkBaseOutStructure *part = (VkBaseOutStructure *)((char *)chain + row->place);
    if (row->member_count == 0 || part->sType == row->type)
        return;
    part->sType = row->type;
    part->pNext = chain->head.pNext;
    chain->head.pNext = part;
}

static bool is_offered(const struct row *row, uint32_t api_version,
                       const struct tuff_extensions *extensions) {
    return (row->core != 0 && api_version >= row->core) ||
           (row->extension && tuff_extensions_have(extensions, row->extension));
}

static bool is_there(const struct row *row, struct tuff_feature_chain *chain, uint32_t api_version,
                     const struct tuff_extensions *extensions) {
    bool is_true = is_offered(row, api_version, extensions);
    for (size_t member = 0; member < row->member_count; member++)
        is_true = is_true && *member_of(chain, row, member) == VK_TRUE;
    return is_true;
}

void tuff_features_detect(const struct tuff_instance *instance, VkPhysicalDevice device, uint32_t api_version,
                          const struct tuff_extensions *extensions, struct tuff_features *out_features) {
    struct tuff_feature_chain chain = { .head.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2 };
    *out_features = (struct tuff_features){ 0 };
    for (size_t i = 0; i < ROW_COUNT; i++)
        if (is_offered(&rows[i], api_version, extensions))
            link_row(&chain, &rows[i]);
    instance->vkGetPhysicalDeviceFeatures2(device, &chain.head);
    for (size_t i = 0; i < ROW_COUNT; i++)
        *flag_of(out_features, &rows[i]) = is_there(&rows[i], &chain, api_version, extensions);
}

void tuff_features_limit(struct tuff_features *features, uint32_t api_version,
                         const struct tuff_extensions *extensions, struct tuff_feature_chain *chain) {
    for (size_t i = 0; i < ROW_COUNT; i++)
        if (!is_there(&rows[i], chain, api_version, extensions))
            *flag_of(features, &rows[i]) = false;
}

static bool *find(struct tuff_features *features, const char *name, size_t length) {
#define FIND(feature)                                                                                        \
    if (strlen(#feature) == length && memcmp(#feature, name, length) == 0)                                   \
        return &features->feature;
    TUFF_FEATURE_LIST(FIND)
#undef FIND
    return NULL;
}

tuff_status tuff_features_disable(struct tuff_features *features, const char *names) {
    static const char separators[] = ", ";
    for (const char *name = names ? names + strspn(names, separators) : ""; *name;) {
        size_t length = strcspn(name, separators);
        bool *flag = find(features, name, length);
        if (!flag) {
            char known[512];
            struct tuff_features all;
            memset(&all, 1, sizeof all);
            tuff_features_text(&all, known, sizeof known);
            return tuff_fail(TUFF_ARGUMENT, "there is no feature '%.*s' to disable; the features are %s",
                             (int)length, name, known);
        }
        *flag = false;
        name += length;
        name += strspn(name, separators);
    }
    /* Both matrix extensions are spoken of in the first one's types. */
    features->cooperative_matrix2 = features->cooperative_matrix2 && features->cooperative_matrix;
    return TUFF_OK;
}

void tuff_features_text(const struct tuff_features *features, char *text, size_t size) {
    size_t length = 0;
    text[0] = '\0';
#define APPEND(name)                                                                                         \
    if (features->name && length < size)                                                                     \
        length += (size_t)snprintf(text + length, size - length, "%s%s", length > 0 ? "," : "", #name);
    TUFF_FEATURE_LIST(APPEND)
#undef APPEND
}

static void add_name(const char **names, uint32_t *count, const char *name) {
    for (uint32_t i = 0; i < *count; i++)
        if (strcmp(names[i], name) == 0)
            return;
    if (*count < TUFF_MAX_DEVICE_EXTENSIONS)
        names[(*count)++] = name;
}

void tuff_features_request(const struct tuff_features *features, uint32_t api_version,
                           const struct tuff_extensions *extensions, struct tuff_feature_chain *out_chain,
                           const char **out_names, uint32_t *out_count) {
    struct tuff_features wanted = *features;
    *out_chain = (struct tuff_feature_chain){ .head.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2 };
    *out_count = 0;
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (!*flag_of(&wanted, &rows[i]) || !is_offered(&rows[i], api_version, extensions))
            continue;
        link_row(out_chain, &rows[i]);
        for (size_t member = 0; member < rows[i].member_count; member++)
            *member_of(out_chain, &rows[i], member) = VK_TRUE;
        if (rows[i].extension && tuff_extensions_have(extensions, rows[i].extension))
            add_name(out_names, out_count, rows[i].extension);
    }
    /* Vulkan demands that a device which is not fully conformant is asked for as such. */
    if (tuff_extensions_have(extensions, "VK_KHR_portability_subset"))
        add_name(out_names, out_count, "VK_KHR_portability_subset");
}
