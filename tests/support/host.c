/* SPDX-License-Identifier: Apache-2.0 */
#include "support/host.h"

#include <criterion/criterion.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#define LAYER "VK_LAYER_KHRONOS_validation"

static VKAPI_ATTR VkBool32 VKAPI_CALL on_message(VkDebugUtilsMessageSeverityFlagBitsEXT severity,
                                                 VkDebugUtilsMessageTypeFlagsEXT types,
                                                 const VkDebugUtilsMessengerCallbackDataEXT *data,
                                                 void *user) {
    struct test_host *host = user;
    (void)severity;
    (void)types;
    host->message_count++;
    fprintf(stderr, "validation: %s\n", data->pMessage);
    return VK_FALSE;
}

static VkDebugUtilsMessengerCreateInfoEXT messenger_info(struct test_host *host) {
    return (VkDebugUtilsMessengerCreateInfoEXT){
        .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT,
        .messageSeverity =
            VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT | VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT,
        .messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT,
        .pfnUserCallback = on_message,
        .pUserData = host,
    };
}

static void open_instance(struct test_host *host, uint32_t api_version) {
    static const char *layers[] = { LAYER };
    static const char *extensions[] = { VK_EXT_DEBUG_UTILS_EXTENSION_NAME };
    static const VkValidationFeatureEnableEXT enables[] = {
        VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT,
    };
    host->library = dlopen("libvulkan.so.1", RTLD_NOW);
    cr_assert(host->library);
    *(void **)&host->vkGetInstanceProcAddr = dlsym(host->library, "vkGetInstanceProcAddr");
    PFN_vkCreateInstance create = (PFN_vkCreateInstance)host->vkGetInstanceProcAddr(NULL, "vkCreateInstance");
    const VkDebugUtilsMessengerCreateInfoEXT messenger = messenger_info(host);
    const VkValidationFeaturesEXT features = {
        .sType = VK_STRUCTURE_TYPE_VALIDATION_FEATURES_EXT,
        .pNext = &messenger,
        .enabledValidationFeatureCount = 1,
        .pEnabledValidationFeatures = enables,
    };
    const VkApplicationInfo application = { .sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
                                            .apiVersion = api_version };
    const VkInstanceCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
        .pNext = &features,
        .pApplicationInfo = &application,
        .enabledLayerCount = 1,
        .ppEnabledLayerNames = layers,
        .enabledExtensionCount = 1,
        .ppEnabledExtensionNames = extensions,
    };
    cr_assert_eq(create(&info, NULL, &host->instance), VK_SUCCESS);
#define LOAD(name) host->name = (PFN_##name)host->vkGetInstanceProcAddr(host->instance, #name);
    TEST_HOST_FUNCTIONS(LOAD)
#undef LOAD
    cr_assert_eq(host->vkCreateDebugUtilsMessengerEXT(host->instance, &messenger, NULL, &host->messenger),
                 VK_SUCCESS);
}

static void choose_physical(struct test_host *host) {
    VkPhysicalDevice all[16];
    uint32_t count = 16;
    const char *wanted = getenv("TUFF_DEVICE");
    unsigned long index = wanted ? strtoul(wanted, NULL, 10) : 0;
    cr_assert_geq(host->vkEnumeratePhysicalDevices(host->instance, &count, all), VK_SUCCESS);
    cr_assert_gt(count, 0);
    host->physical = all[index < count ? index : 0];
}

static void open_device(struct test_host *host, const char *disable, uint32_t api_version) {
    static const float priority = 1;
    cr_assert_eq(tuff_vulkan_wishes_read((tuff_function)host->vkGetInstanceProcAddr, host->instance,
                                         host->physical, api_version, disable, &host->wishes),
                 TUFF_OK, "%s", tuff_error_message());
    host->family = tuff_vulkan_wishes_queue_family(host->wishes);
    host->queue_info = (VkDeviceQueueCreateInfo){ .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
                                                  .queueFamilyIndex = host->family,
                                                  .queueCount = 1,
                                                  .pQueuePriorities = &priority };
    host->info = (VkDeviceCreateInfo){ .sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
                                       .queueCreateInfoCount = 1,
                                       .pQueueCreateInfos = &host->queue_info };
    if (disable) {
        size_t count = 0;
        host->info.ppEnabledExtensionNames = tuff_vulkan_wishes_extensions(host->wishes, &count);
        host->info.enabledExtensionCount = (uint32_t)count;
        host->info.pNext = tuff_vulkan_wishes_features(host->wishes);
    }
    cr_assert_eq(host->vkCreateDevice(host->physical, &host->info, NULL, &host->device), VK_SUCCESS);
    host->vkGetDeviceQueue(host->device, host->family, 0, &host->queue);
}

static void lock(void *user) {
    struct test_host *host = user;
    pthread_mutex_lock(&host->lock);
    host->lock_count++;
}

static void unlock(void *user) {
    struct test_host *host = user;
    pthread_mutex_unlock(&host->lock);
}

void test_host_open(struct test_host *host, const char *disable) {
    uint32_t api_version = disable ? VK_API_VERSION_1_3 : VK_API_VERSION_1_1;
    *host = (struct test_host){ 0 };
    pthread_mutex_init(&host->lock, NULL);
    open_instance(host, api_version);
    choose_physical(host);
    open_device(host, disable, api_version);
    host->lent = (tuff_vulkan_device)TUFF_VULKAN_DEVICE;
    host->lent.get_instance_proc_addr = (tuff_function)host->vkGetInstanceProcAddr;
    host->lent.api_version = api_version;
    host->lent.instance = host->instance;
    host->lent.physical_device = host->physical;
    host->lent.device = host->device;
    host->lent.queue = host->queue;
    host->lent.queue_family = host->family;
    host->lent.device_create_info = &host->info;
    host->lent.lock = lock;
    host->lent.unlock = unlock;
    host->lent.user = host;
}

void test_host_close(struct test_host *host) {
    host->vkDestroyDevice(host->device, NULL);
    host->vkDestroyDebugUtilsMessengerEXT(host->instance, host->messenger, NULL);
    host->vkDestroyInstance(host->instance, NULL);
    tuff_vulkan_wishes_free(host->wishes);
    pthread_mutex_destroy(&host->lock);
    dlclose(host->library);
    cr_assert_eq(host->message_count, 0, "the validation layer said something");
}

VkSemaphore test_semaphore(struct test_host *host, VkSemaphoreType kind) {
    const VkSemaphoreTypeCreateInfo type = { .sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
                                             .semaphoreType = kind };
    const VkSemaphoreCreateInfo info = { .sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO, .pNext = &type };
    VkSemaphore semaphore = VK_NULL_HANDLE;
    cr_assert_eq(host->vkCreateSemaphore(host->device, &info, NULL, &semaphore), VK_SUCCESS);
    return semaphore;
}

static uint32_t visible_type(struct test_host *host, uint32_t bits) {
    const VkMemoryPropertyFlags wanted =
        VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
    VkPhysicalDeviceMemoryProperties memory;
    host->vkGetPhysicalDeviceMemoryProperties(host->physical, &memory);
    for (uint32_t i = 0; i < memory.memoryTypeCount; i++)
        if ((bits >> i & 1) && (memory.memoryTypes[i].propertyFlags & wanted) == wanted)
            return i;
    cr_assert_fail("no memory that the host sees");
    return 0;
}

void test_host_buffer_create(struct test_host *host, uint64_t size, bool is_exported,
                             struct test_host_buffer *out_buffer) {
    const VkExternalMemoryBufferCreateInfo external = {
        .sType = VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_BUFFER_CREATE_INFO,
        .handleTypes = VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD_BIT,
    };
    const VkExportMemoryAllocateInfo export = {
        .sType = VK_STRUCTURE_TYPE_EXPORT_MEMORY_ALLOCATE_INFO,
        .handleTypes = VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD_BIT,
    };
    const VkBufferCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
        .pNext = is_exported ? &external : NULL,
        .size = size,
        .usage = VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT |
                 VK_BUFFER_USAGE_STORAGE_BUFFER_BIT,
    };
    VkMemoryRequirements needs;
    cr_assert_eq(host->vkCreateBuffer(host->device, &info, NULL, &out_buffer->handle), VK_SUCCESS);
    host->vkGetBufferMemoryRequirements(host->device, out_buffer->handle, &needs);
    out_buffer->size = size;
    out_buffer->memory_size = needs.size;
    out_buffer->memory_type = visible_type(host, needs.memoryTypeBits);
    const VkMemoryAllocateInfo allocation = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
        .pNext = is_exported ? &export : NULL,
        .allocationSize = needs.size,
        .memoryTypeIndex = out_buffer->memory_type,
    };
    cr_assert_eq(host->vkAllocateMemory(host->device, &allocation, NULL, &out_buffer->memory), VK_SUCCESS);
    cr_assert_eq(host->vkBindBufferMemory(host->device, out_buffer->handle, out_buffer->memory, 0),
                 VK_SUCCESS);
    cr_assert_eq(host->vkMapMemory(host->device, out_buffer->memory, 0, VK_WHOLE_SIZE, 0, &out_buffer->map),
                 VK_SUCCESS);
}

int test_host_export(struct test_host *host, const struct test_host_buffer *buffer) {
    const PFN_vkGetMemoryFdKHR get_fd =
        (PFN_vkGetMemoryFdKHR)host->vkGetDeviceProcAddr(host->device, "vkGetMemoryFdKHR");
    const VkMemoryGetFdInfoKHR from = { .sType = VK_STRUCTURE_TYPE_MEMORY_GET_FD_INFO_KHR,
                                        .memory = buffer->memory,
                                        .handleType = VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD_BIT };
    int fd = -1;
    cr_assert_eq(get_fd(host->device, &from, &fd), VK_SUCCESS);
    return fd;
}

void test_host_buffer_destroy(struct test_host *host, struct test_host_buffer *buffer) {
    host->vkDestroyBuffer(host->device, buffer->handle, NULL);
    host->vkFreeMemory(host->device, buffer->memory, NULL);
}
