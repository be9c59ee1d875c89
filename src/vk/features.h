/* SPDX-License-Identifier: Apache-2.0 */
/* What tuff uses beyond the floor: found out, switched off by name, and asked for when a device is made. */
#ifndef TUFF_VK_FEATURES_H
#define TUFF_VK_FEATURES_H

#include "vk/instance.h"

/* Everything newer than the floor, used where it is there, each with its name for `disable` and `tuff
 * devices`. */
#define TUFF_FEATURE_LIST(X)                                                                                 \
    X(subgroup_arithmetic)                                                                                   \
    X(subgroup_shuffle)                                                                                      \
    X(storage16)                                                                                             \
    X(storage8)                                                                                              \
    X(float16)                                                                                               \
    X(int8)                                                                                                  \
    X(dot_product)                                                                                           \
    X(subgroup_size_control)                                                                                 \
    X(push_descriptor)                                                                                       \
    X(timeline_semaphore)                                                                                    \
    X(memory_budget)                                                                                         \
    X(mapped_memory) /* device memory that the host can address: no staging */                               \
    X(buffer_address)                                                                                        \
    X(int64)                                                                                                 \
    X(memory_model)                                                                                          \
    X(maintenance4) /* sizes of workgroups as SPIR-V 1.6 states them */                                      \
    X(cooperative_matrix)                                                                                    \
    X(cooperative_matrix2)                                                                                   \
    X(bfloat16)                                                                                              \
    X(global_priority)                                                                                       \
    X(external_memory_fd)                                                                                    \
    X(executable_properties)                                                                                 \
    X(device_fault)

struct tuff_features {
#define TUFF_FEATURE_FIELD(name) bool name;
    TUFF_FEATURE_LIST(TUFF_FEATURE_FIELD)
#undef TUFF_FEATURE_FIELD
};

/* The structs that carry features to and from Vulkan, linked to `head`. */
struct tuff_feature_chain {
    VkPhysicalDeviceFeatures2 head;
    VkPhysicalDevice16BitStorageFeatures storage16;
    VkPhysicalDevice8BitStorageFeatures storage8;
    VkPhysicalDeviceShaderFloat16Int8Features float16_int8;
    VkPhysicalDeviceShaderIntegerDotProductFeatures dot_product;
    VkPhysicalDeviceSubgroupSizeControlFeatures subgroup_size;
    VkPhysicalDeviceTimelineSemaphoreFeatures timeline;
    VkPhysicalDeviceBufferDeviceAddressFeatures address;
    VkPhysicalDeviceVulkanMemoryModelFeatures memory_model;
    VkPhysicalDeviceMaintenance4Features maintenance4;
#ifdef VK_KHR_cooperative_matrix
    VkPhysicalDeviceCooperativeMatrixFeaturesKHR cooperative_matrix;
#endif
#ifdef VK_NV_cooperative_matrix2
    VkPhysicalDeviceCooperativeMatrix2FeaturesNV cooperative_matrix2;
#endif
#ifdef VK_KHR_shader_bfloat16
    VkPhysicalDeviceShaderBfloat16FeaturesKHR bfloat16;
#endif
    VkPhysicalDevicePipelineExecutablePropertiesFeaturesKHR executable;
    VkPhysicalDeviceFaultFeaturesEXT fault;
};

enum { TUFF_MAX_DEVICE_EXTENSIONS = 32 };

struct tuff_extensions {
    VkExtensionProperties *list;
    uint32_t count;
};

bool tuff_extensions_have(const struct tuff_extensions *extensions, const char *name);

/* What vkGetPhysicalDeviceFeatures2 and the extensions say; subgroup operations, push descriptors' limit and
 * memory types are judged by the caller from the device's properties. */
void tuff_features_detect(const struct tuff_instance *instance, VkPhysicalDevice device, uint32_t api_version,
                          const struct tuff_extensions *extensions, struct tuff_features *out_features);
/* Switches off what is not in `chain` and `extensions`: those that a device of the caller's was made with. */
void tuff_features_limit(struct tuff_features *features, uint32_t api_version,
                         const struct tuff_extensions *extensions, struct tuff_feature_chain *chain);
/* Switches off what `names` (comma-separated; may be NULL) lists. TUFF_ARGUMENT for an unknown name. */
tuff_status tuff_features_disable(struct tuff_features *features, const char *names);
/* Comma-separated names of those that are on. */
void tuff_features_text(const struct tuff_features *features, char *text, size_t size);
/* Fills the chain and the extension names (room for TUFF_MAX_DEVICE_EXTENSIONS) that vkCreateDevice takes. */
void tuff_features_request(const struct tuff_features *features, uint32_t api_version,
                           const struct tuff_extensions *extensions, struct tuff_feature_chain *out_chain,
                           const char **out_names, uint32_t *out_count);

#endif
