/* SPDX-License-Identifier: Apache-2.0 */
#include "vk/physical.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"

/* The floor: what every Vulkan device in use has, and the kernels count on. */
enum { MIN_STORAGE_BUFFERS = 8, MIN_INVOCATIONS = 128, MIN_SHARED_MEMORY = 16384 };

enum { NO_FAMILY = -1 };

/* Properties that come linked to VkPhysicalDeviceProperties2. */
struct properties {
    VkPhysicalDeviceProperties2 head;
    VkPhysicalDeviceIDProperties id;
    VkPhysicalDeviceSubgroupProperties subgroup;
    VkPhysicalDeviceMaintenance3Properties maintenance3;
    VkPhysicalDeviceMaintenance4Properties maintenance4;
    VkPhysicalDeviceDriverProperties driver;
    VkPhysicalDeviceSubgroupSizeControlProperties subgroup_size;
    VkPhysicalDevicePushDescriptorPropertiesKHR push_descriptor;
    VkPhysicalDeviceShaderIntegerDotProductProperties dot_product;
};

static void link_part(struct properties *properties, void *part, VkStructureType type, bool is_known) {
    VkBaseOutStructure *base = part;
    if (!is_known)
        return;
    base->sType = type;
    base->pNext = properties->head.pNext;
    properties->head.pNext = base;
}

static void read_properties(const struct tuff_instance *instance, const struct tuff_physical *physical,
                            struct properties *out) {
    const struct tuff_extensions *extensions = &physical->extensions;
    bool has_1_2 = physical->api_version >= VK_API_VERSION_1_2;
    bool has_1_3 = physical->api_version >= VK_API_VERSION_1_3;
    *out = (struct properties){ .head.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2 };
    link_part(out, &out->id, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ID_PROPERTIES, true);
    link_part(out, &out->subgroup, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_PROPERTIES, true);
    link_part(out, &out->maintenance3, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_3_PROPERTIES, true);
    link_part(out, &out->maintenance4, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_4_PROPERTIES,
              has_1_3 || tuff_extensions_have(extensions, "VK_KHR_maintenance4"));
    link_part(out, &out->driver, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES,
              has_1_2 || tuff_extensions_have(extensions, "VK_KHR_driver_properties"));
    link_part(out, &out->subgroup_size, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_PROPERTIES,
              physical->features.subgroup_size_control);
    link_part(out, &out->push_descriptor, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PUSH_DESCRIPTOR_PROPERTIES_KHR,
              physical->features.push_descriptor);
    link_part(out, &out->dot_product, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_INTEGER_DOT_PRODUCT_PROPERTIES,
              physical->features.dot_product);
    instance->vkGetPhysicalDeviceProperties2(physical->handle, &out->head);
}

static tuff_status read_extensions(const struct tuff_instance *instance, VkPhysicalDevice handle,
                                   struct tuff_extensions *out) {
    uint32_t count = 0;
    VkResult result = instance->vkEnumerateDeviceExtensionProperties(handle, NULL, &count, NULL);
    *out = (struct tuff_extensions){ 0 };
    TUFF_TRY(tuff_alloc(count, sizeof *out->list, &out->list));
    if (result == VK_SUCCESS)
        result = instance->vkEnumerateDeviceExtensionProperties(handle, NULL, &count, out->list);
    out->count = result >= VK_SUCCESS ? count : 0;
    return TUFF_OK;
}

/* A family that only computes runs beside what the desktop draws; then any other that computes. */
static tuff_status read_queues(const struct tuff_instance *instance, VkPhysicalDevice handle, int *out_family,
                               bool *out_has_timestamps) {
    uint32_t count = 0;
    VkQueueFamilyProperties *families = NULL;
    *out_family = NO_FAMILY;
    *out_has_timestamps = false;
    instance->vkGetPhysicalDeviceQueueFamilyProperties(handle, &count, NULL);
    TUFF_TRY(tuff_alloc(count, sizeof *families, &families));
    instance->vkGetPhysicalDeviceQueueFamilyProperties(handle, &count, families);
    for (uint32_t i = 0; i < count; i++) {
        VkQueueFlags flags = families[i].queueFlags;
        bool is_compute_only = !(flags & VK_QUEUE_GRAPHICS_BIT);
        bool has_better = *out_family != NO_FAMILY && !is_compute_only;
        if (!(flags & VK_QUEUE_COMPUTE_BIT) || families[i].queueCount == 0 || has_better)
            continue;
        bool is_first_of_its_kind =
            *out_family == NO_FAMILY || (families[*out_family].queueFlags & VK_QUEUE_GRAPHICS_BIT) != 0;
        if (!is_first_of_its_kind)
            continue;
        *out_family = (int)i;
        *out_has_timestamps = families[i].timestampValidBits > 0;
    }
    tuff_free(families);
    return TUFF_OK;
}

static uint64_t smaller(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

static void set_limits(const struct properties *properties, bool has_timestamps,
                       const struct tuff_physical *physical, struct tuff_limits *out) {
    const VkPhysicalDeviceLimits *limits = &properties->head.properties.limits;
    bool has_sizes = physical->features.subgroup_size_control;
    uint64_t max_allocation = properties->maintenance3.maxMemoryAllocationSize;
    if (properties->maintenance4.sType != 0)
        max_allocation = smaller(max_allocation, properties->maintenance4.maxBufferSize);
    *out = (struct tuff_limits){
        .max_storage_range = limits->maxStorageBufferRange,
        .max_allocation = max_allocation,
        .storage_alignment =
            limits->minStorageBufferOffsetAlignment > 16 ? limits->minStorageBufferOffsetAlignment : 16,
        .atom_size = limits->nonCoherentAtomSize > 0 ? limits->nonCoherentAtomSize : 1,
        .max_shared_memory = limits->maxComputeSharedMemorySize,
        .max_invocations = limits->maxComputeWorkGroupInvocations,
        .max_storage_buffers = (uint32_t)smaller(limits->maxPerStageDescriptorStorageBuffers,
                                                 limits->maxDescriptorSetStorageBuffers),
        .max_push_size = limits->maxPushConstantsSize,
        .subgroup_size = properties->subgroup.subgroupSize,
        .min_subgroup_size =
            has_sizes ? properties->subgroup_size.minSubgroupSize : properties->subgroup.subgroupSize,
        .max_subgroup_size =
            has_sizes ? properties->subgroup_size.maxSubgroupSize : properties->subgroup.subgroupSize,
        .max_subgroups = has_sizes ? properties->subgroup_size.maxComputeWorkgroupSubgroups : UINT32_MAX,
        .has_fast_dot =
            properties->dot_product.integerDotProduct4x8BitPackedMixedSignednessAccelerated == VK_TRUE,
        .keeps_branches = properties->driver.driverID == VK_DRIVER_ID_GOOGLE_SWIFTSHADER,
        .timestamp_period = has_timestamps ? limits->timestampPeriod : 0,
    };
    memcpy(out->max_workgroup_size, limits->maxComputeWorkGroupSize, sizeof out->max_workgroup_size);
    memcpy(out->max_workgroup_count, limits->maxComputeWorkGroupCount, sizeof out->max_workgroup_count);
}

/* Whether the host reads and writes device-local memory at its own speed: memory that both share. A discrete
 * device that opens its memory over the bus is not meant, since reading there is slow. */
static bool has_mapped_memory(const VkPhysicalDeviceMemoryProperties *memory, tuff_device_type type) {
    uint64_t largest = 0;
    uint64_t largest_mapped = 0;
    for (uint32_t i = 0; i < memory->memoryTypeCount; i++) {
        VkMemoryPropertyFlags flags = memory->memoryTypes[i].propertyFlags;
        uint64_t size = memory->memoryHeaps[memory->memoryTypes[i].heapIndex].size;
        bool is_quick = (flags & VK_MEMORY_PROPERTY_HOST_CACHED_BIT) || type == TUFF_DEVICE_INTEGRATED;
        if (!(flags & VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT))
            continue;
        largest = size > largest ? size : largest;
        if ((flags & VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT) && is_quick && size > largest_mapped)
            largest_mapped = size;
    }
    return largest > 0 && largest_mapped == largest;
}

static tuff_device_type type_of(VkPhysicalDeviceType type) {
    switch (type) {
    case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU:
        return TUFF_DEVICE_INTEGRATED;
    case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU:
        return TUFF_DEVICE_DISCRETE;
    case VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU:
        return TUFF_DEVICE_VIRTUAL;
    case VK_PHYSICAL_DEVICE_TYPE_CPU:
        return TUFF_DEVICE_CPU;
    default:
        return TUFF_DEVICE_OTHER;
    }
}

/* What the features' structs do not say. */
static void judge_features(const struct properties *properties, struct tuff_physical *physical) {
    const VkSubgroupFeatureFlags shuffles = VK_SUBGROUP_FEATURE_VOTE_BIT | VK_SUBGROUP_FEATURE_BALLOT_BIT |
                                            VK_SUBGROUP_FEATURE_SHUFFLE_BIT |
                                            VK_SUBGROUP_FEATURE_SHUFFLE_RELATIVE_BIT;
    struct tuff_features *features = &physical->features;
    VkSubgroupFeatureFlags operations = properties->subgroup.supportedOperations;
    if (!(properties->subgroup.supportedStages & VK_SHADER_STAGE_COMPUTE_BIT))
        operations = 0;
    features->subgroup_arithmetic = (operations & VK_SUBGROUP_FEATURE_ARITHMETIC_BIT) != 0;
    features->subgroup_shuffle = (operations & shuffles) == shuffles;
    features->mapped_memory =
        has_mapped_memory(&physical->memory, type_of(properties->head.properties.deviceType));
    if (!(properties->subgroup_size.requiredSubgroupSizeStages & VK_SHADER_STAGE_COMPUTE_BIT))
        features->subgroup_size_control = false;
    if (properties->push_descriptor.maxPushDescriptors < TUFF_MAX_BINDINGS)
        features->push_descriptor = false;
}

static void write_uuid(char text[33], const uint8_t uuid[VK_UUID_SIZE]) {
    for (size_t i = 0; i < VK_UUID_SIZE; i++)
        snprintf(text + 2 * i, 3, "%02x", uuid[i]);
}

static uint64_t device_memory(const VkPhysicalDeviceMemoryProperties *memory) {
    uint64_t largest = 0;
    for (uint32_t i = 0; i < memory->memoryHeapCount; i++)
        if ((memory->memoryHeaps[i].flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT) &&
            memory->memoryHeaps[i].size > largest)
            largest = memory->memoryHeaps[i].size;
    return largest;
}

void tuff_physical_refusal(uint32_t api_version, bool can_compute, const struct tuff_limits *limits,
                           char *text, size_t size) {
    if (api_version < VK_API_VERSION_1_1)
        snprintf(text, size, "its driver has Vulkan %u.%u; tuff needs 1.1", VK_API_VERSION_MAJOR(api_version),
                 VK_API_VERSION_MINOR(api_version));
    else if (!can_compute)
        snprintf(text, size, "it has no compute queue");
    else if (limits->max_storage_buffers < MIN_STORAGE_BUFFERS)
        snprintf(text, size, "it has %u storage buffers a stage; tuff needs %d", limits->max_storage_buffers,
                 MIN_STORAGE_BUFFERS);
    else if (limits->max_invocations < MIN_INVOCATIONS)
        snprintf(text, size, "it has %u invocations a workgroup; tuff needs %d", limits->max_invocations,
                 MIN_INVOCATIONS);
    else if (limits->max_shared_memory < MIN_SHARED_MEMORY)
        snprintf(text, size, "it has %u bytes of shared memory; tuff needs %d", limits->max_shared_memory,
                 MIN_SHARED_MEMORY);
    else
        text[0] = '\0';
}

static void write_info(const struct properties *properties, struct tuff_physical *physical) {
    const VkPhysicalDeviceProperties *device = &properties->head.properties;
    const struct tuff_limits *limits = &physical->limits;
    tuff_device_info *info = &physical->info;
    snprintf(info->name, sizeof info->name, "%s", device->deviceName);
    if (properties->driver.sType != 0)
        snprintf(info->driver, sizeof info->driver, "%.120s%s%.120s", properties->driver.driverName,
                 properties->driver.driverInfo[0] ? " " : "", properties->driver.driverInfo);
    write_uuid(info->uuid, properties->id.deviceUUID);
    write_uuid(info->driver_uuid, properties->id.driverUUID);
    info->type = type_of(device->deviceType);
    info->vendor_id = device->vendorID;
    info->device_id = device->deviceID;
    info->driver_version = device->driverVersion;
    info->api_version = device->apiVersion;
    info->memory = device_memory(&physical->memory);
    info->max_allocation = limits->max_allocation;
    info->max_storage_range = limits->max_storage_range;
    info->max_shared_memory = limits->max_shared_memory;
    info->max_invocations = limits->max_invocations;
    info->max_storage_buffers = limits->max_storage_buffers;
    info->min_subgroup_size = limits->min_subgroup_size;
    info->max_subgroup_size = limits->max_subgroup_size;
    tuff_features_text(&physical->features, info->features, sizeof info->features);
}

tuff_status tuff_physical_read(const struct tuff_instance *instance, VkPhysicalDevice handle, uint32_t index,
                               struct tuff_physical *out_physical) {
    VkPhysicalDeviceProperties first;
    VkPhysicalDeviceMemoryProperties2 memory = { .sType =
                                                     VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2 };
    struct properties properties = { 0 };
    int family = NO_FAMILY;
    bool has_timestamps = false;
    *out_physical = (struct tuff_physical){ .handle = handle, .info.index = index };
    instance->vkGetPhysicalDeviceProperties(handle, &first);
    if (first.apiVersion < VK_API_VERSION_1_1) {
        /* Nothing newer may be asked of it. */
        properties.head.properties = first;
        write_info(&properties, out_physical);
        tuff_physical_refusal(first.apiVersion, family != NO_FAMILY, &out_physical->limits,
                              out_physical->info.refusal, sizeof out_physical->info.refusal);
        return TUFF_OK;
    }
    out_physical->api_version =
        first.apiVersion < instance->api_version ? first.apiVersion : instance->api_version;
    TUFF_TRY(read_extensions(instance, handle, &out_physical->extensions));
    tuff_status status = read_queues(instance, handle, &family, &has_timestamps);
    if (status != TUFF_OK) {
        tuff_physical_free(out_physical);
        return status;
    }
    out_physical->queue_family = family == NO_FAMILY ? 0 : (uint32_t)family;
    instance->vkGetPhysicalDeviceMemoryProperties2(handle, &memory);
    out_physical->memory = memory.memoryProperties;
    tuff_features_detect(instance, handle, out_physical->api_version, &out_physical->extensions,
                         &out_physical->features);
    read_properties(instance, out_physical, &properties);
    judge_features(&properties, out_physical);
    set_limits(&properties, has_timestamps, out_physical, &out_physical->limits);
    write_info(&properties, out_physical);
    tuff_physical_refusal(first.apiVersion, family != NO_FAMILY, &out_physical->limits,
                          out_physical->info.refusal, sizeof out_physical->info.refusal);
    return TUFF_OK;
}

void tuff_physical_free(struct tuff_physical *physical) {
    tuff_free(physical->extensions.list);
    physical->extensions = (struct tuff_extensions){ 0 };
}
