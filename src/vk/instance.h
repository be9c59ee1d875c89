/* SPDX-License-Identifier: Apache-2.0 */
/* The Vulkan loader and one VkInstance with a table of its functions. volk keeps instance functions in
 * process-wide variables, so nothing outside instance.c calls volk: two instances, or a host program with a
 * volk of its own, never meet. */
#ifndef TUFF_VK_INSTANCE_H
#define TUFF_VK_INSTANCE_H

#include <stdbool.h>
#include <stdint.h>

#define VK_NO_PROTOTYPES
#include <volk.h>

#include "base/log.h"

#define TUFF_INSTANCE_FUNCTIONS(X)                                                                           \
    X(vkDestroyInstance)                                                                                     \
    X(vkEnumeratePhysicalDevices)                                                                            \
    X(vkEnumerateDeviceExtensionProperties)                                                                  \
    X(vkGetPhysicalDeviceProperties)                                                                         \
    X(vkGetPhysicalDeviceProperties2)                                                                        \
    X(vkGetPhysicalDeviceFeatures2)                                                                          \
    X(vkGetPhysicalDeviceMemoryProperties2)                                                                  \
    X(vkGetPhysicalDeviceQueueFamilyProperties)                                                              \
    X(vkCreateDevice)                                                                                        \
    X(vkGetDeviceProcAddr)

#ifdef VK_KHR_cooperative_matrix
#define TUFF_COOPERATIVE_MATRIX_FUNCTIONS(X) X(vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR)
#else
#define TUFF_COOPERATIVE_MATRIX_FUNCTIONS(X)
#endif

#ifdef VK_NV_cooperative_matrix2
#define TUFF_COOPERATIVE_MATRIX2_FUNCTIONS(X)                                                                \
    X(vkGetPhysicalDeviceCooperativeMatrixFlexibleDimensionsPropertiesNV)
#else
#define TUFF_COOPERATIVE_MATRIX2_FUNCTIONS(X)
#endif

/* NULL where the extension is not there. */
#define TUFF_OPTIONAL_INSTANCE_FUNCTIONS(X)                                                                  \
    X(vkCreateDebugUtilsMessengerEXT)                                                                        \
    X(vkDestroyDebugUtilsMessengerEXT)                                                                       \
    TUFF_COOPERATIVE_MATRIX_FUNCTIONS(X)                                                                     \
    TUFF_COOPERATIVE_MATRIX2_FUNCTIONS(X)

struct tuff_instance {
    VkInstance handle; /* NULL where no driver is installed: such an instance has no devices */
#define TUFF_INSTANCE_FIELD(name) PFN_##name name;
    TUFF_INSTANCE_FUNCTIONS(TUFF_INSTANCE_FIELD)
    TUFF_OPTIONAL_INSTANCE_FUNCTIONS(TUFF_INSTANCE_FIELD)
#undef TUFF_INSTANCE_FIELD
    uint32_t api_version; /* of Vulkan, that it was made for */
    bool is_lent;         /* the caller's, who destroys it */
    VkDebugUtilsMessengerEXT messenger;
    struct tuff_log log;
    _Atomic uint64_t message_count; /* warnings and errors of the validation layer so far */
};

/* TUFF_NO_DEVICE where there is no loader, where it knows Vulkan 1.0 only, or where `validation` is asked for
 * and its layer is not installed. The validation layer's messages go to `log` as errors. */
tuff_status tuff_instance_create(bool validation, const struct tuff_log *log,
                                 struct tuff_instance **out_instance);
/* Stands for an instance of the caller's. */
tuff_status tuff_instance_borrow(PFN_vkGetInstanceProcAddr get, VkInstance handle, uint32_t api_version,
                                 const struct tuff_log *log, struct tuff_instance **out_instance);
/* NULL is fine. */
void tuff_instance_destroy(struct tuff_instance *instance);
/* The devices in the loader's order, in a block of its own. */
tuff_status tuff_instance_devices(const struct tuff_instance *instance, VkPhysicalDevice **out_devices,
                                  uint32_t *out_count);
/* Fills a device's table of functions. */
void tuff_instance_load_device(const struct tuff_instance *instance, VkDevice device,
                               struct VolkDeviceTable *table);

#endif
