/* SPDX-License-Identifier: Apache-2.0 */
/* A Vulkan layer for tests. It fails the call that a test chose (layer.h), counts the objects that exist, and
 * with TUFF_TEST_PROFILE=mobile in the environment shows a small device (mobile.h). As an implicit layer it
 * also stands before the calls that need no instance. */
#include "layer.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <vulkan/vk_layer.h>

#include "calls.h"
#include "mobile.h"

#define EXPORT __attribute__((visibility("default")))

#ifdef VK_KHR_cooperative_matrix
#define LAYER_MATRIX_FUNCTIONS(X) X(vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR)
#else
#define LAYER_MATRIX_FUNCTIONS(X)
#endif
#define LAYER_INSTANCE_FUNCTIONS(X)                                                                          \
    X(vkDestroyInstance)                                                                                     \
    X(vkEnumeratePhysicalDevices)                                                                            \
    X(vkCreateDebugUtilsMessengerEXT)                                                                        \
    X(vkDestroyDebugUtilsMessengerEXT)                                                                       \
    X(vkEnumerateDeviceExtensionProperties)                                                                  \
    X(vkGetPhysicalDeviceProperties)                                                                         \
    X(vkGetPhysicalDeviceProperties2)                                                                        \
    X(vkGetPhysicalDeviceMemoryProperties2)                                                                  \
    X(vkGetPhysicalDeviceFeatures)                                                                           \
    X(vkGetPhysicalDeviceFeatures2)                                                                          \
    LAYER_MATRIX_FUNCTIONS(X)

/* The functions below this layer, found by what the loader writes at the start of every handle. They are asked
 * for while the instance is made: later some loaders answer with the topmost layer's. */
struct instance {
    void *key;
    VkInstance handle;
    PFN_vkGetInstanceProcAddr get;
#define FUNCTION(name) PFN_##name name;
    LAYER_INSTANCE_FUNCTIONS(FUNCTION)
#undef FUNCTION
};
struct device {
    void *key;
    VkDevice handle;
    PFN_vkGetDeviceProcAddr get;
    _Atomic bool is_lost;
#define OBJECT(create, destroy, handle, info)                                                                \
    PFN_##create create;                                                                                     \
    PFN_##destroy destroy;
#define CALL(name, parameters, arguments) PFN_##name name;
    LAYER_OBJECTS(OBJECT)
    LAYER_CALLS(CALL)
    LAYER_WORK_CALLS(CALL)
#undef OBJECT
#undef CALL
    PFN_vkCreateComputePipelines vkCreateComputePipelines;
    PFN_vkDestroyPipeline vkDestroyPipeline;
    PFN_vkDestroyDevice vkDestroyDevice;
    PFN_vkDeviceWaitIdle vkDeviceWaitIdle;
};

enum { MOST = 16 };
static struct instance instances[MOST];
static struct device devices[MOST];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

enum kind {
#define KIND(create, destroy, handle, info) KIND_##create,
    LAYER_OBJECTS(KIND)
#undef KIND
        KIND_vkCreateComputePipelines,
    KIND_vkCreateDevice,
    KIND_vkCreateInstance,
    KIND_vkCreateDebugUtilsMessengerEXT,
    KIND_COUNT
};

static struct tuff_layer state = {
    .kind_count = KIND_COUNT,
    .kinds = {
#define KIND(create, destroy, handle, info) #create,
        LAYER_OBJECTS(KIND)
#undef KIND
        "vkCreateComputePipelines", "vkCreateDevice", "vkCreateInstance", "vkCreateDebugUtilsMessengerEXT" },
};

EXPORT struct tuff_layer *tuff_layer(void) {
    return &state;
}

static bool is_mobile(void) {
    const char *profile = getenv("TUFF_TEST_PROFILE");
    return profile && strcmp(profile, "mobile") == 0;
}

static void *key_of(const void *handle) {
    return *(void *const *)handle;
}

static struct instance *instance_of(const void *handle) {
    struct instance *found = NULL;
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < MOST; i++)
        if (instances[i].key == key_of(handle))
            found = &instances[i];
    pthread_mutex_unlock(&lock);
    return found;
}

static struct device *device_of(const void *handle) {
    struct device *found = NULL;
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < MOST; i++)
        if (devices[i].key == key_of(handle))
            found = &devices[i];
    pthread_mutex_unlock(&lock);
    return found;
}

/* Whether this call is a chosen one. */
static bool must_fail(const char *name) {
    if (!state.fail_function || strcmp(state.fail_function, name) != 0)
        return false;
    uint64_t call = ++state.calls;
    bool is_chosen = state.fail_every_other
                         ? call % 2 == 1
                         : call >= state.fail_at && call - state.fail_at < state.fail_times;
    state.failures += is_chosen;
    return is_chosen;
}

/* The same on a device, which remembers that it was lost. Nothing runs on a lost one: what a test's device still does is
 * waited for. */
static bool must_fail_on(struct device *device, const char *name, VkResult *out_result) {
    if (!must_fail(name))
        return false;
    *out_result = state.fail_with;
    if (state.fail_with == VK_ERROR_DEVICE_LOST) {
        device->is_lost = true;
        device->vkDeviceWaitIdle(device->handle);
    }
    return true;
}

/* ---------------------------------------------------------------- on a device */

#define OBJECT(create, destroy, handle, info_type)                                                           \
    static VKAPI_ATTR VkResult VKAPI_CALL layer_##create(                                                    \
        VkDevice d, const info_type *info, const VkAllocationCallbacks *callbacks, handle *out) {            \
        struct device *device = device_of(d);                                                                \
        VkResult result;                                                                                     \
        if (must_fail_on(device, #create, &result))                                                          \
            return result;                                                                                   \
        result = device->create(d, info, callbacks, out);                                                    \
        state.live[KIND_##create] += result == VK_SUCCESS;                                                   \
        return result;                                                                                       \
    }                                                                                                        \
    static VKAPI_ATTR void VKAPI_CALL layer_##destroy(VkDevice d, handle object,                             \
                                                      const VkAllocationCallbacks *callbacks) {              \
        state.live[KIND_##create] -= object != VK_NULL_HANDLE;                                               \
        device_of(d)->destroy(d, object, callbacks);                                                         \
    }
LAYER_OBJECTS(OBJECT)
#undef OBJECT

#define CALL(name, parameters, arguments)                                                                    \
    static VKAPI_ATTR VkResult VKAPI_CALL layer_##name parameters {                                          \
        struct device *device = device_of(d);                                                                \
        VkResult result;                                                                                     \
        if (must_fail_on(device, #name, &result))                                                            \
            return result;                                                                                   \
        return device->name arguments;                                                                       \
    }
LAYER_CALLS(CALL)
#undef CALL

#define CALL(name, parameters, arguments)                                                                    \
    static VKAPI_ATTR VkResult VKAPI_CALL layer_##name parameters {                                          \
        struct device *device = device_of(d);                                                                \
        VkResult result;                                                                                     \
        if (must_fail_on(device, #name, &result))                                                            \
            return result;                                                                                   \
        return device->is_lost ? VK_ERROR_DEVICE_LOST : device->name arguments;                              \
    }
LAYER_WORK_CALLS(CALL)
#undef CALL

static VKAPI_ATTR VkResult VKAPI_CALL layer_vkCreateComputePipelines(VkDevice d, VkPipelineCache cache,
                                                                     uint32_t count,
                                                                     const VkComputePipelineCreateInfo *infos,
                                                                     const VkAllocationCallbacks *callbacks,
                                                                     VkPipeline *out) {
    struct device *device = device_of(d);
    VkResult result;
    if (must_fail_on(device, "vkCreateComputePipelines", &result)) {
        memset(out, 0, count * sizeof *out);
        return result;
    }
    result = device->vkCreateComputePipelines(d, cache, count, infos, callbacks, out);
    for (uint32_t i = 0; i < count; i++)
        state.live[KIND_vkCreateComputePipelines] += out[i] != VK_NULL_HANDLE;
    return result;
}

static VKAPI_ATTR void VKAPI_CALL layer_vkDestroyPipeline(VkDevice d, VkPipeline pipeline,
                                                          const VkAllocationCallbacks *callbacks) {
    state.live[KIND_vkCreateComputePipelines] -= pipeline != VK_NULL_HANDLE;
    device_of(d)->vkDestroyPipeline(d, pipeline, callbacks);
}

static VKAPI_ATTR void VKAPI_CALL layer_vkDestroyDevice(VkDevice d, const VkAllocationCallbacks *callbacks) {
    struct device *device = d ? device_of(d) : NULL;
    if (!device)
        return;
    PFN_vkDestroyDevice destroy = device->vkDestroyDevice;
    destroy(d, callbacks);
    state.live[KIND_vkCreateDevice]--;
    pthread_mutex_lock(&lock);
    memset(device, 0, sizeof *device);
    pthread_mutex_unlock(&lock);
}

static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL layer_vkGetDeviceProcAddr(VkDevice d, const char *name);

static PFN_vkVoidFunction device_function(const char *name) {
#define OWN(function)                                                                                        \
    if (strcmp(name, #function) == 0)                                                                        \
        return (PFN_vkVoidFunction)layer_##function;
#define OBJECT(create, destroy, handle, info) OWN(create) OWN(destroy)
#define CALL(function, parameters, arguments) OWN(function)
    LAYER_OBJECTS(OBJECT)
    LAYER_CALLS(CALL)
    LAYER_WORK_CALLS(CALL)
#undef OBJECT
#undef CALL
    OWN(vkCreateComputePipelines)
    OWN(vkDestroyPipeline)
    OWN(vkDestroyDevice)
    OWN(vkGetDeviceProcAddr)
    return NULL;
}

static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL layer_vkGetDeviceProcAddr(VkDevice d, const char *name) {
    PFN_vkVoidFunction below = device_of(d)->get(d, name);
    PFN_vkVoidFunction own = device_function(name);
    return below && own ? own : below;
}

/* ---------------------------------------------------------------- on an instance */

#define CALL(name, parameters, arguments)                                                                    \
    static VKAPI_ATTR VkResult VKAPI_CALL layer_##name parameters {                                          \
        struct instance *instance = instance_of(d);                                                          \
        return must_fail(#name) ? state.fail_with : instance->name arguments;                                \
    }
LAYER_INSTANCE_CALLS(CALL)
#undef CALL

/* The struct in which the loader hands over what lies below. */
static void *link_in(const void *chain, VkStructureType type) {
    VkBaseOutStructure *part = (VkBaseOutStructure *)chain;
    while (part &&
           !(part->sType == type && ((VkLayerDeviceCreateInfo *)part)->function == VK_LAYER_LINK_INFO))
        part = part->pNext;
    return part;
}

static VKAPI_ATTR VkResult VKAPI_CALL layer_vkCreateInstance(const VkInstanceCreateInfo *info,
                                                             const VkAllocationCallbacks *callbacks,
                                                             VkInstance *out) {
    VkLayerInstanceCreateInfo *link = link_in(info->pNext, VK_STRUCTURE_TYPE_LOADER_INSTANCE_CREATE_INFO);
    if (must_fail("vkCreateInstance"))
        return state.fail_with;
    PFN_vkGetInstanceProcAddr get = link->u.pLayerInfo->pfnNextGetInstanceProcAddr;
    link->u.pLayerInfo = link->u.pLayerInfo->pNext;
    VkResult result = ((PFN_vkCreateInstance)get(VK_NULL_HANDLE, "vkCreateInstance"))(info, callbacks, out);
    if (result != VK_SUCCESS)
        return result;
    state.live[KIND_vkCreateInstance]++;
    pthread_mutex_lock(&lock);
    struct instance *instance = NULL;
    for (size_t i = 0; i < MOST && !instance; i++)
        if (!instances[i].key)
            instance = &instances[i];
    *instance = (struct instance){ .key = key_of(*out), .handle = *out, .get = get };
#define FUNCTION(name) instance->name = (PFN_##name)get(*out, #name);
    LAYER_INSTANCE_FUNCTIONS(FUNCTION)
#undef FUNCTION
    pthread_mutex_unlock(&lock);
    return VK_SUCCESS;
}

static VKAPI_ATTR void VKAPI_CALL layer_vkDestroyInstance(VkInstance d,
                                                          const VkAllocationCallbacks *callbacks) {
    struct instance *instance = d ? instance_of(d) : NULL;
    if (!instance)
        return;
    instance->vkDestroyInstance(d, callbacks);
    state.live[KIND_vkCreateInstance]--;
    pthread_mutex_lock(&lock);
    memset(instance, 0, sizeof *instance);
    pthread_mutex_unlock(&lock);
}

static VKAPI_ATTR VkResult VKAPI_CALL layer_vkCreateDevice(VkPhysicalDevice d, const VkDeviceCreateInfo *info,
                                                           const VkAllocationCallbacks *callbacks,
                                                           VkDevice *out) {
    struct instance *instance = instance_of(d);
    VkLayerDeviceCreateInfo *link = link_in(info->pNext, VK_STRUCTURE_TYPE_LOADER_DEVICE_CREATE_INFO);
    if (must_fail("vkCreateDevice"))
        return state.fail_with;
    PFN_vkGetInstanceProcAddr get_instance = link->u.pLayerInfo->pfnNextGetInstanceProcAddr;
    PFN_vkGetDeviceProcAddr get = link->u.pLayerInfo->pfnNextGetDeviceProcAddr;
    link->u.pLayerInfo = link->u.pLayerInfo->pNext;
    VkResult result =
        ((PFN_vkCreateDevice)get_instance(instance->handle, "vkCreateDevice"))(d, info, callbacks, out);
    if (result != VK_SUCCESS)
        return result;
    state.live[KIND_vkCreateDevice]++;
    struct device *device = NULL;
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < MOST && !device; i++)
        if (!devices[i].key)
            device = &devices[i];
    device->get = get;
#define FIND(function) device->function = (PFN_##function)get(*out, #function);
#define OBJECT(create, destroy, handle, info_type) FIND(create) FIND(destroy)
#define CALL(name, parameters, arguments) FIND(name)
    LAYER_OBJECTS(OBJECT)
    LAYER_CALLS(CALL)
    LAYER_WORK_CALLS(CALL)
    FIND(vkCreateComputePipelines)
    FIND(vkDestroyPipeline)
    FIND(vkDestroyDevice)
    FIND(vkDeviceWaitIdle)
#undef FIND
#undef OBJECT
#undef CALL
    device->handle = *out;
    device->key = key_of(*out);
    pthread_mutex_unlock(&lock);
    return VK_SUCCESS;
}

static VKAPI_ATTR VkResult VKAPI_CALL
layer_vkCreateDebugUtilsMessengerEXT(VkInstance d, const VkDebugUtilsMessengerCreateInfoEXT *info,
                                     const VkAllocationCallbacks *callbacks, VkDebugUtilsMessengerEXT *out) {
    struct instance *instance = instance_of(d);
    if (must_fail("vkCreateDebugUtilsMessengerEXT"))
        return state.fail_with;
    VkResult result = instance->vkCreateDebugUtilsMessengerEXT(d, info, callbacks, out);
    state.live[KIND_vkCreateDebugUtilsMessengerEXT] += result == VK_SUCCESS;
    return result;
}

static VKAPI_ATTR void VKAPI_CALL layer_vkDestroyDebugUtilsMessengerEXT(
    VkInstance d, VkDebugUtilsMessengerEXT messenger, const VkAllocationCallbacks *callbacks) {
    struct instance *instance = instance_of(d);
    state.live[KIND_vkCreateDebugUtilsMessengerEXT] -= messenger != VK_NULL_HANDLE;
    instance->vkDestroyDebugUtilsMessengerEXT(d, messenger, callbacks);
}

static VKAPI_ATTR VkResult VKAPI_CALL layer_vkEnumerateDeviceExtensionProperties(
    VkPhysicalDevice d, const char *layer, uint32_t *count, VkExtensionProperties *extensions) {
    struct instance *instance = instance_of(d);
    if (must_fail("vkEnumerateDeviceExtensionProperties"))
        return state.fail_with;
    VkResult result = instance->vkEnumerateDeviceExtensionProperties(d, layer, count, extensions);
    if (result == VK_SUCCESS && extensions && is_mobile())
        *count = mobile_shrink_extensions(extensions, *count);
    return result;
}

static VKAPI_ATTR void VKAPI_CALL
layer_vkGetPhysicalDeviceProperties(VkPhysicalDevice d, VkPhysicalDeviceProperties *properties) {
    struct instance *instance = instance_of(d);
    instance->vkGetPhysicalDeviceProperties(d, properties);
    if (is_mobile())
        mobile_shrink_properties(properties);
}

static VKAPI_ATTR void VKAPI_CALL
layer_vkGetPhysicalDeviceProperties2(VkPhysicalDevice d, VkPhysicalDeviceProperties2 *properties) {
    struct instance *instance = instance_of(d);
    instance->vkGetPhysicalDeviceProperties2(d, properties);
    if (is_mobile()) {
        mobile_shrink_properties(&properties->properties);
        mobile_shrink_chain(properties->pNext);
    }
}

static VKAPI_ATTR void VKAPI_CALL layer_vkGetPhysicalDeviceMemoryProperties2(
    VkPhysicalDevice d, VkPhysicalDeviceMemoryProperties2 *properties) {
    struct instance *instance = instance_of(d);
    VkPhysicalDeviceMemoryProperties *memory = &properties->memoryProperties;
    instance->vkGetPhysicalDeviceMemoryProperties2(d, properties);
    for (uint32_t i = 0; i < memory->memoryTypeCount && state.hides_coherence; i++)
        memory->memoryTypes[i].propertyFlags &= ~(VkMemoryPropertyFlags)VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
}

static VKAPI_ATTR void VKAPI_CALL layer_vkGetPhysicalDeviceFeatures(VkPhysicalDevice d,
                                                                    VkPhysicalDeviceFeatures *features) {
    struct instance *instance = instance_of(d);
    instance->vkGetPhysicalDeviceFeatures(d, features);
    if (is_mobile())
        mobile_shrink_features(features);
}

static VKAPI_ATTR void VKAPI_CALL layer_vkGetPhysicalDeviceFeatures2(VkPhysicalDevice d,
                                                                     VkPhysicalDeviceFeatures2 *features) {
    struct instance *instance = instance_of(d);
    instance->vkGetPhysicalDeviceFeatures2(d, features);
    if (is_mobile()) {
        mobile_shrink_features(&features->features);
        mobile_shrink_chain(features->pNext);
    }
}

#ifdef VK_KHR_cooperative_matrix
static VKAPI_ATTR VkResult VKAPI_CALL layer_vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR(
    VkPhysicalDevice d, uint32_t *count, VkCooperativeMatrixPropertiesKHR *properties) {
    struct instance *instance = instance_of(d);
    if (must_fail("vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR"))
        return state.fail_with;
    return instance->vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR(d, count, properties);
}
#endif

/* ---------------------------------------------------------------- what the loader asks for */

EXPORT VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL layer_vkGetInstanceProcAddr(VkInstance d, const char *name) {
    OWN(vkGetInstanceProcAddr)
    OWN(vkCreateInstance)
    OWN(vkDestroyInstance)
    OWN(vkCreateDevice)
    OWN(vkEnumeratePhysicalDevices)
    OWN(vkEnumerateDeviceExtensionProperties)
    OWN(vkGetPhysicalDeviceProperties)
    OWN(vkGetPhysicalDeviceProperties2)
    OWN(vkGetPhysicalDeviceFeatures)
    OWN(vkGetPhysicalDeviceMemoryProperties2)
    OWN(vkGetPhysicalDeviceFeatures2)
    PFN_vkVoidFunction own = device_function(name);
    PFN_vkVoidFunction below = d ? instance_of(d)->get(d, name) : NULL;
    if (!below || own)
        return below ? own : NULL;
    OWN(vkCreateDebugUtilsMessengerEXT)
    OWN(vkDestroyDebugUtilsMessengerEXT)
#ifdef VK_KHR_cooperative_matrix
    OWN(vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR)
#endif
    return below;
}

EXPORT VKAPI_ATTR VkResult VKAPI_CALL
vkNegotiateLoaderLayerInterfaceVersion(VkNegotiateLayerInterface *negotiation) {
    negotiation->loaderLayerInterfaceVersion = 2;
    negotiation->pfnGetInstanceProcAddr = layer_vkGetInstanceProcAddr;
    negotiation->pfnGetDeviceProcAddr = layer_vkGetDeviceProcAddr;
    negotiation->pfnGetPhysicalDeviceProcAddr = NULL;
    return VK_SUCCESS;
}

/* Before there is an instance: the loader hands over the next one's function instead of a handle. */
EXPORT VKAPI_ATTR VkResult VKAPI_CALL
layer_extensions(const VkEnumerateInstanceExtensionPropertiesChain *chain, const char *layer, uint32_t *count,
                 VkExtensionProperties *properties) {
    if (must_fail("vkEnumerateInstanceExtensionProperties"))
        return state.fail_with;
    return chain->pfnNextLayer(chain->pNextLink, layer, count, properties);
}

EXPORT VKAPI_ATTR VkResult VKAPI_CALL layer_layers(const VkEnumerateInstanceLayerPropertiesChain *chain,
                                                   uint32_t *count, VkLayerProperties *properties) {
    if (must_fail("vkEnumerateInstanceLayerProperties"))
        return state.fail_with;
    return chain->pfnNextLayer(chain->pNextLink, count, properties);
}
