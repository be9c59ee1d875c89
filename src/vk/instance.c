/* SPDX-License-Identifier: Apache-2.0 */
#include "vk/instance.h"

#include <string.h>

#include "base/memory.h"
#include "base/thread.h"

#define VALIDATION_LAYER "VK_LAYER_KHRONOS_validation"

/* Functions that need no instance. */
struct loader {
    PFN_vkGetInstanceProcAddr vkGetInstanceProcAddr;
    PFN_vkEnumerateInstanceVersion vkEnumerateInstanceVersion;
    PFN_vkEnumerateInstanceExtensionProperties vkEnumerateInstanceExtensionProperties;
    PFN_vkEnumerateInstanceLayerProperties vkEnumerateInstanceLayerProperties;
    PFN_vkCreateInstance vkCreateInstance;
};

/* Held while volk's process-wide variables are set and read. */
static struct tuff_mutex volk_lock = { TUFF_MUTEX_INITIALIZER };

static tuff_status load_loader(struct loader *loader) {
    tuff_mutex_lock(&volk_lock);
    PFN_vkGetInstanceProcAddr get = volkInitialize() == VK_SUCCESS ? vkGetInstanceProcAddr : NULL;
    tuff_mutex_unlock(&volk_lock);
    if (!get)
        return tuff_fail(
            TUFF_NO_DEVICE,
            "there is no Vulkan loader; install the package libvulkan1 and the graphics driver, or "
            "mesa-vulkan-drivers, which also has a driver that runs on the CPU");
    *loader = (struct loader){ .vkGetInstanceProcAddr = get };
#define LOAD(name) loader->name = (PFN_##name)get(NULL, #name)
    LOAD(vkEnumerateInstanceVersion);
    LOAD(vkEnumerateInstanceExtensionProperties);
    LOAD(vkEnumerateInstanceLayerProperties);
    LOAD(vkCreateInstance);
#undef LOAD
    if (!loader->vkEnumerateInstanceVersion || !loader->vkCreateInstance)
        return tuff_fail(TUFF_NO_DEVICE,
                         "the Vulkan loader is older than Vulkan 1.1; install a newer libvulkan1");
    return TUFF_OK;
}

static bool has_layer(const struct loader *loader, const char *name) {
    uint32_t count = 0;
    VkLayerProperties *layers = NULL;
    bool is_found = false;
    if (loader->vkEnumerateInstanceLayerProperties(&count, NULL) != VK_SUCCESS ||
        tuff_alloc(count, sizeof *layers, &layers) != TUFF_OK)
        return false;
    if (loader->vkEnumerateInstanceLayerProperties(&count, layers) >= VK_SUCCESS)
        for (uint32_t i = 0; i < count; i++)
            is_found = is_found || strcmp(layers[i].layerName, name) == 0;
    tuff_free(layers);
    return is_found;
}

/* `layer` NULL: of the loader and its implicit layers. */
static bool has_extension(const struct loader *loader, const char *layer, const char *name) {
    uint32_t count = 0;
    VkExtensionProperties *extensions = NULL;
    bool is_found = false;
    if (loader->vkEnumerateInstanceExtensionProperties(layer, &count, NULL) != VK_SUCCESS ||
        tuff_alloc(count, sizeof *extensions, &extensions) != TUFF_OK)
        return false;
    if (loader->vkEnumerateInstanceExtensionProperties(layer, &count, extensions) >= VK_SUCCESS)
        for (uint32_t i = 0; i < count; i++)
            is_found = is_found || strcmp(extensions[i].extensionName, name) == 0;
    tuff_free(extensions);
    return is_found;
}

static VKAPI_ATTR VkBool32 VKAPI_CALL on_message(VkDebugUtilsMessageSeverityFlagBitsEXT severity,
                                                 VkDebugUtilsMessageTypeFlagsEXT types,
                                                 const VkDebugUtilsMessengerCallbackDataEXT *data,
                                                 void *user) {
    struct tuff_instance *instance = user;
    (void)severity;
    (void)types;
    instance->message_count++;
    tuff_log_write(&instance->log, TUFF_LOG_ERROR, "validation: %s", data->pMessage);
    return VK_FALSE;
}

static VkDebugUtilsMessengerCreateInfoEXT messenger_info(struct tuff_instance *instance) {
    return (VkDebugUtilsMessengerCreateInfoEXT){
        .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT,
        .messageSeverity =
            VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT | VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT,
        .messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT,
        .pfnUserCallback = on_message,
        .pUserData = instance,
    };
}

/* What the validation layer is to watch beyond its defaults: order of accesses, those of shaders included.
 * Newer layers take settings, older ones take features and look into shaders anyway. */
struct watch {
    VkDebugUtilsMessengerCreateInfoEXT messenger;
    VkValidationFeaturesEXT features;
#ifdef VK_EXT_layer_settings
    VkLayerSettingEXT settings[2];
    VkLayerSettingsCreateInfoEXT settings_info;
#endif
    const void *chain;
    const char *extension; /* of the layer, that the chain needs; NULL: none */
};

static void set_up_watch(const struct loader *loader, struct tuff_instance *instance, struct watch *watch) {
    static const VkValidationFeatureEnableEXT enables[] = {
        VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT,
    };
    *watch = (struct watch){ .messenger = messenger_info(instance) };
    watch->chain = &watch->messenger;
    if (has_extension(loader, VALIDATION_LAYER, VK_EXT_VALIDATION_FEATURES_EXTENSION_NAME)) {
        watch->features = (VkValidationFeaturesEXT){
            .sType = VK_STRUCTURE_TYPE_VALIDATION_FEATURES_EXT,
            .pNext = &watch->messenger,
            .enabledValidationFeatureCount = 1,
            .pEnabledValidationFeatures = enables,
        };
        watch->chain = &watch->features;
        watch->extension = VK_EXT_VALIDATION_FEATURES_EXTENSION_NAME;
    }
#ifdef VK_EXT_layer_settings
    static const VkBool32 on = VK_TRUE;
    if (has_extension(loader, VALIDATION_LAYER, VK_EXT_LAYER_SETTINGS_EXTENSION_NAME)) {
        static const char *const names[] = { "validate_sync", "syncval_shader_accesses_heuristic" };
        for (size_t i = 0; i < 2; i++)
            watch->settings[i] =
                (VkLayerSettingEXT){ VALIDATION_LAYER, names[i], VK_LAYER_SETTING_TYPE_BOOL32_EXT, 1, &on };
        watch->settings_info = (VkLayerSettingsCreateInfoEXT){
            .sType = VK_STRUCTURE_TYPE_LAYER_SETTINGS_CREATE_INFO_EXT,
            .pNext = &watch->messenger,
            .settingCount = 2,
            .pSettings = watch->settings,
        };
        watch->chain = &watch->settings_info;
        watch->extension = VK_EXT_LAYER_SETTINGS_EXTENSION_NAME;
    }
#endif
}

static VkResult create(const struct loader *loader, bool validation, struct tuff_instance *instance) {
    const char *layers[] = { VALIDATION_LAYER };
    const char *extensions[3];
    uint32_t extension_count = 0;
    struct watch watch;
    bool has_portability = has_extension(loader, NULL, VK_KHR_PORTABILITY_ENUMERATION_EXTENSION_NAME);
    if (validation)
        set_up_watch(loader, instance, &watch);
    if (has_portability)
        extensions[extension_count++] = VK_KHR_PORTABILITY_ENUMERATION_EXTENSION_NAME;
    if (validation)
        extensions[extension_count++] = VK_EXT_DEBUG_UTILS_EXTENSION_NAME;
    if (validation && watch.extension)
        extensions[extension_count++] = watch.extension;
    const VkApplicationInfo application = {
        .sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
        .pApplicationName = "tuff",
        .pEngineName = "tuff",
        .apiVersion = instance->api_version,
    };
    const VkInstanceCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
        .pNext = validation ? watch.chain : NULL,
        .flags = has_portability ? VK_INSTANCE_CREATE_ENUMERATE_PORTABILITY_BIT_KHR : 0,
        .pApplicationInfo = &application,
        .enabledLayerCount = validation ? 1 : 0,
        .ppEnabledLayerNames = layers,
        .enabledExtensionCount = extension_count,
        .ppEnabledExtensionNames = extensions,
    };
    return loader->vkCreateInstance(&info, NULL, &instance->handle);
}

static tuff_status load_functions(PFN_vkGetInstanceProcAddr get, struct tuff_instance *instance) {
#define LOAD(name) instance->name = (PFN_##name)get(instance->handle, #name);
    TUFF_INSTANCE_FUNCTIONS(LOAD)
    TUFF_OPTIONAL_INSTANCE_FUNCTIONS(LOAD)
#undef LOAD
#define CHECK(name)                                                                                          \
    if (!instance->name)                                                                                     \
        return tuff_fail(TUFF_NO_DEVICE, "the Vulkan loader lacks %s; install a newer libvulkan1", #name);
    TUFF_INSTANCE_FUNCTIONS(CHECK)
#undef CHECK
    return TUFF_OK;
}

static tuff_status listen(struct tuff_instance *instance) {
    const VkDebugUtilsMessengerCreateInfoEXT info = messenger_info(instance);
    if (!instance->vkCreateDebugUtilsMessengerEXT ||
        instance->vkCreateDebugUtilsMessengerEXT(instance->handle, &info, NULL, &instance->messenger) !=
            VK_SUCCESS)
        return tuff_fail(TUFF_NO_DEVICE, "the messages of %s cannot be received", VALIDATION_LAYER);
    return TUFF_OK;
}

tuff_status tuff_instance_create(bool validation, const struct tuff_log *log,
                                 struct tuff_instance **out_instance) {
    struct loader loader;
    struct tuff_instance *instance = NULL;
    tuff_status status = TUFF_OK;
    *out_instance = NULL;
    TUFF_TRY(load_loader(&loader));
    if (validation && !has_layer(&loader, VALIDATION_LAYER))
        return tuff_fail(TUFF_NO_DEVICE, "%s is not installed; the package is vulkan-validationlayers",
                         VALIDATION_LAYER);
    TUFF_TRY(tuff_alloc(1, sizeof *instance, &instance));
    if (log)
        instance->log = *log;
    instance->api_version = VK_API_VERSION_1_3;
    VkResult result = create(&loader, validation, instance);
    if (result == VK_ERROR_INCOMPATIBLE_DRIVER) {
        instance->handle = VK_NULL_HANDLE;
        *out_instance = instance;
        return TUFF_OK;
    }
    if (result != VK_SUCCESS)
        TUFF_TRY_GOTO(tuff_fail(result == VK_ERROR_OUT_OF_HOST_MEMORY ? TUFF_HOST_MEMORY : TUFF_NO_DEVICE,
                                "a Vulkan instance cannot be created (VkResult %d)", (int)result));
    TUFF_TRY_GOTO(load_functions(loader.vkGetInstanceProcAddr, instance));
    if (validation)
        TUFF_TRY_GOTO(listen(instance));
    *out_instance = instance;
    return TUFF_OK;
done:
    tuff_instance_destroy(instance);
    return status;
}

tuff_status tuff_instance_borrow(PFN_vkGetInstanceProcAddr get, VkInstance handle, uint32_t api_version,
                                 const struct tuff_log *log, struct tuff_instance **out_instance) {
    struct tuff_instance *instance = NULL;
    *out_instance = NULL;
    TUFF_TRY(tuff_alloc(1, sizeof *instance, &instance));
    *instance = (struct tuff_instance){ .handle = handle, .api_version = api_version, .is_lent = true };
    if (log)
        instance->log = *log;
    tuff_status status = load_functions(get, instance);
    if (status == TUFF_OK)
        *out_instance = instance;
    else
        tuff_free(instance);
    return status;
}

void tuff_instance_destroy(struct tuff_instance *instance) {
    if (!instance)
        return;
    if (instance->messenger)
        instance->vkDestroyDebugUtilsMessengerEXT(instance->handle, instance->messenger, NULL);
    if (instance->handle && instance->vkDestroyInstance && !instance->is_lent)
        instance->vkDestroyInstance(instance->handle, NULL);
    tuff_free(instance);
}

tuff_status tuff_instance_devices(const struct tuff_instance *instance, VkPhysicalDevice **out_devices,
                                  uint32_t *out_count) {
    uint32_t count = 0;
    VkResult result = VK_SUCCESS;
    *out_devices = NULL;
    *out_count = 0;
    if (!instance->handle)
        return TUFF_OK;
    result = instance->vkEnumeratePhysicalDevices(instance->handle, &count, NULL);
    /* The loader says so where drivers are listed but none of them starts. */
    if (result == VK_ERROR_INITIALIZATION_FAILED || (result == VK_SUCCESS && count == 0))
        return TUFF_OK;
    TUFF_TRY(tuff_alloc(count, sizeof **out_devices, out_devices));
    if (result == VK_SUCCESS)
        result = instance->vkEnumeratePhysicalDevices(instance->handle, &count, *out_devices);
    if (result >= VK_SUCCESS) {
        *out_count = count;
        return TUFF_OK;
    }
    tuff_free(*out_devices);
    *out_devices = NULL;
    return tuff_fail(result == VK_ERROR_OUT_OF_HOST_MEMORY ? TUFF_HOST_MEMORY : TUFF_NO_DEVICE,
                     "the Vulkan devices cannot be listed (VkResult %d)", (int)result);
}

void tuff_instance_load_device(const struct tuff_instance *instance, VkDevice device,
                               struct VolkDeviceTable *table) {
    tuff_mutex_lock(&volk_lock);
    vkGetDeviceProcAddr = instance->vkGetDeviceProcAddr;
    volkLoadDeviceTable(table, device);
    tuff_mutex_unlock(&volk_lock);
}
