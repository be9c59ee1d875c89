/* SPDX-License-Identifier: Apache-2.0 */
/* A program that has a Vulkan device of its own and lends it: instance, device and queue under the validation layer with
 * synchronization validation, made without tuff. */
#ifndef TUFF_TESTS_SUPPORT_HOST_H
#define TUFF_TESTS_SUPPORT_HOST_H

#include <pthread.h>
#include <stdatomic.h>

#define VK_NO_PROTOTYPES
#include <vulkan/vulkan.h>

#include "tuff.h"

/* The functions that a host calls. */
#define TEST_HOST_FUNCTIONS(X)                                                                               \
    X(vkDestroyInstance)                                                                                     \
    X(vkEnumeratePhysicalDevices)                                                                            \
    X(vkGetPhysicalDeviceMemoryProperties)                                                                   \
    X(vkCreateDebugUtilsMessengerEXT)                                                                        \
    X(vkDestroyDebugUtilsMessengerEXT)                                                                       \
    X(vkCreateDevice)                                                                                        \
    X(vkDestroyDevice)                                                                                       \
    X(vkGetDeviceProcAddr)                                                                                   \
    X(vkGetDeviceQueue)                                                                                      \
    X(vkDeviceWaitIdle)                                                                                      \
    X(vkQueueSubmit)                                                                                         \
    X(vkCreateSemaphore)                                                                                     \
    X(vkDestroySemaphore)                                                                                    \
    X(vkSignalSemaphore)                                                                                     \
    X(vkGetSemaphoreCounterValue)                                                                            \
    X(vkCreateBuffer)                                                                                        \
    X(vkDestroyBuffer)                                                                                       \
    X(vkGetBufferMemoryRequirements)                                                                         \
    X(vkAllocateMemory)                                                                                      \
    X(vkFreeMemory)                                                                                          \
    X(vkBindBufferMemory)                                                                                    \
    X(vkMapMemory)

struct test_host {
    void *library;
    PFN_vkGetInstanceProcAddr vkGetInstanceProcAddr;
#define TEST_HOST_FIELD(name) PFN_##name name;
    TEST_HOST_FUNCTIONS(TEST_HOST_FIELD)
#undef TEST_HOST_FIELD
    VkInstance instance;
    VkDebugUtilsMessengerEXT messenger;
    VkPhysicalDevice physical;
    VkDevice device;
    VkQueue queue;
    uint32_t family;
    pthread_mutex_t lock;
    atomic_uint lock_count;    /* how often the queue was taken */
    atomic_uint message_count; /* of the validation layer */
    tuff_vulkan_device lent;   /* what tuff_context_borrow takes */
    VkDeviceCreateInfo info;
    VkDeviceQueueCreateInfo queue_info;
    tuff_vulkan_wishes *wishes;
};

/* With all that tuff would like, less what `disable` lists; NULL stands for a device without any extension or feature, of
 * Vulkan 1.1. Fails the test where that cannot be had. TUFF_DEVICE's index chooses. */
void test_host_open(struct test_host *host, const char *disable);
/* Fails the test where the validation layer said something. */
void test_host_close(struct test_host *host);

VkSemaphore test_semaphore(struct test_host *host, VkSemaphoreType kind);

/* A buffer in memory that the host sees. */
struct test_host_buffer {
    VkBuffer handle;
    VkDeviceMemory memory;
    uint64_t memory_size;
    uint32_t memory_type;
    void *map;
    uint64_t size;
};
/* `is_exported`: its memory can be given away as a file descriptor. */
void test_host_buffer_create(struct test_host *host, uint64_t size, bool is_exported,
                             struct test_host_buffer *out_buffer);
/* A descriptor of such a buffer's memory. */
int test_host_export(struct test_host *host, const struct test_host_buffer *buffer);
void test_host_buffer_destroy(struct test_host *host, struct test_host_buffer *buffer);

#endif
