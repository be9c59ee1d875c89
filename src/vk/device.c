/* SPDX-License-Identifier: Apache-2.0 */
#include "vk/device.h"

#include <stdatomic.h>

#include "base/memory.h"
#include "vk/decisions.h"
#include "vk/choose.h"
#include "vk/fault.h"
#include "vk/lent.h"
#include "vk/matrix_shapes.h"
#include "vk/pipeline.h"
#include "vk/profile.h"
#include "vk/queue.h"
#include "vk/staging.h"

static tuff_status read_all(const struct tuff_instance *instance, struct tuff_physical **out_devices,
                            uint32_t *out_count) {
    VkPhysicalDevice *handles = NULL;
    struct tuff_physical *devices = NULL;
    uint32_t count = 0;
    uint32_t done = 0;
    tuff_status status = TUFF_OK;
    TUFF_TRY_GOTO(tuff_instance_devices(instance, &handles, &count));
    TUFF_TRY_GOTO(tuff_alloc(count, sizeof *devices, &devices));
    for (; done < count; done++)
        TUFF_TRY_GOTO(tuff_physical_read(instance, handles[done], done, &devices[done]));
    *out_devices = devices;
    *out_count = count;
done:
    if (status != TUFF_OK) {
        for (uint32_t i = 0; i < done; i++)
            tuff_physical_free(&devices[i]);
        tuff_free(devices);
    }
    tuff_free(handles);
    return status;
}

static void free_all(struct tuff_physical *devices, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        tuff_physical_free(&devices[i]);
    tuff_free(devices);
}

tuff_status tuff_device_list(tuff_device_info *infos, size_t capacity, size_t *out_count) {
    struct tuff_instance *instance = NULL;
    struct tuff_physical *devices = NULL;
    uint32_t count = 0;
    *out_count = 0;
    TUFF_TRY(tuff_instance_create(false, NULL, &instance));
    tuff_status status = read_all(instance, &devices, &count);
    if (status == TUFF_OK) {
        for (uint32_t i = 0; i < count && i < capacity; i++)
            infos[i] = devices[i].info;
        *out_count = count;
        free_all(devices, count);
    }
    tuff_instance_destroy(instance);
    return status;
}

/* What one submit and one dispatch may hold: about a tenth of a second on a weak device of its type,
 * milliseconds on a strong one, where a submit costs some hundredths of that. A watchdog that resets the
 * device waits half a second and more; a person sees a stutter at less. */
static uint64_t cost_budget(tuff_device_type type) {
    switch (type) {
    case TUFF_DEVICE_DISCRETE:
        return 50000000000;
    case TUFF_DEVICE_CPU:
        return 1000000000;
    default:
        return 2000000000;
    }
}

static tuff_status create_handle(struct tuff_device *device, const struct tuff_physical *physical,
                                 bool gives_way) {
    const char *names[TUFF_MAX_DEVICE_EXTENSIONS];
    uint32_t name_count = 0;
    struct tuff_feature_chain chain;
    const float lowest = 0.0f; /* what draws the desktop goes first */
    tuff_features_request(&device->features, physical->api_version, &physical->extensions, &chain, names,
                          &name_count);
    const VkDeviceQueueGlobalPriorityCreateInfoKHR low = {
        .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_GLOBAL_PRIORITY_CREATE_INFO_KHR,
        .globalPriority = VK_QUEUE_GLOBAL_PRIORITY_LOW_KHR,
    };
    VkDeviceQueueCreateInfo queue = {
        .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
        .pNext = gives_way && device->features.global_priority ? &low : NULL,
        .queueFamilyIndex = physical->queue_family,
        .queueCount = 1,
        .pQueuePriorities = &lowest,
    };
    const VkDeviceCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
        .pNext = &chain.head,
        .queueCreateInfoCount = 1,
        .pQueueCreateInfos = &queue,
        .enabledExtensionCount = name_count,
        .ppEnabledExtensionNames = names,
    };
    VkResult result = device->instance->vkCreateDevice(physical->handle, &info, NULL, &device->handle);
    if (queue.pNext && (result == VK_ERROR_INITIALIZATION_FAILED || result == VK_ERROR_NOT_PERMITTED_KHR)) {
        queue.pNext = NULL; /* some drivers offer priorities and refuse each but the usual one */
        result = device->instance->vkCreateDevice(physical->handle, &info, NULL, &device->handle);
    }
    if (result != VK_SUCCESS)
        device->handle = VK_NULL_HANDLE;
    TUFF_TRY(tuff_device_result(device, result, physical->info.name));
    tuff_instance_load_device(device->instance, device->handle, &device->table);
    return TUFF_OK;
}

static tuff_status take_handle(struct tuff_device *device, const tuff_vulkan_device *lent) {
    device->is_lent = true;
    device->handle = lent->device;
    device->queue = lent->queue;
    device->guard = (struct tuff_queue_guard){ lent->lock, lent->unlock, lent->user };
    tuff_instance_load_device(device->instance, device->handle, &device->table);
    return TUFF_OK;
}

static tuff_status set_up(struct tuff_device *device, const struct tuff_physical *physical,
                          const struct tuff_device_options *options) {
    device->physical = physical->handle;
    device->api_version = physical->api_version;
    device->queue_family = physical->queue_family;
    device->features = physical->features;
    device->limits = physical->limits;
    device->info = physical->info;
    device->memory = physical->memory;
    device->pace = options->pace;
    device->is_paced = options->pace.submit || options->pace.submit_cost;
    device->submit_cost =
        options->pace.submit_cost ? options->pace.submit_cost : cost_budget(physical->info.type);
    device->memory_limit = options->memory_limit ? options->memory_limit : UINT64_MAX;
    device->dispatch_cost = device->submit_cost;
    TUFF_TRY(tuff_features_disable(&device->features, options->disable));
    if (!device->features.subgroup_size_control) {
        device->limits.min_subgroup_size = device->limits.subgroup_size;
        device->limits.max_subgroup_size = device->limits.subgroup_size;
        device->limits.max_subgroups = UINT32_MAX; /* none is asked for */
    }
    tuff_features_text(&device->features, device->info.features, sizeof device->info.features);
    TUFF_TRY(tuff_matrix_shapes_read(device));
    TUFF_TRY(options->lent ? take_handle(device, options->lent)
                           : create_handle(device, physical, options->gives_way));
    TUFF_TRY(tuff_queue_open(device));
    TUFF_TRY(tuff_staging_create(device, &device->staging));
    TUFF_TRY(tuff_profile_create(device, options->profile, &device->profile));
    TUFF_TRY(tuff_pipelines_create(device, options->cache_folder, &device->pipelines));
    TUFF_TRY(tuff_decisions_open(device, options->cache_folder, &device->decisions));
    tuff_log_write(&device->log, TUFF_LOG_INFO, "device %u: %s, %s, features %s", device->info.index,
                   device->info.name, device->info.driver, device->info.features);
    return TUFF_OK;
}

static tuff_status open_own(struct tuff_device *device, const struct tuff_device_options *options) {
    struct tuff_physical *physicals = NULL;
    uint32_t count = 0;
    uint32_t chosen = 0;
    TUFF_TRY(tuff_instance_create(options->validation, &options->log, &device->instance));
    TUFF_TRY(read_all(device->instance, &physicals, &count));
    tuff_status status = tuff_choose_device(physicals, count, options->device, &chosen);
    if (status == TUFF_OK)
        status = set_up(device, &physicals[chosen], options);
    free_all(physicals, count);
    return status;
}

static tuff_status open_lent(struct tuff_device *device, const struct tuff_device_options *options) {
    struct tuff_physical physical;
    TUFF_TRY(tuff_lent_read(options->lent, &device->log, &device->instance, &physical));
    tuff_status status = set_up(device, &physical, options);
    tuff_physical_free(&physical);
    return status;
}

static tuff_status open_any(struct tuff_device *device, const struct tuff_device_options *options) {
    device->log = options->log;
    return options->lent ? open_lent(device, options) : open_own(device, options);
}

/* Everything but what belongs to the handle itself. */
static void shut(struct tuff_device *device) {
    if (device->handle) {
        tuff_decisions_close(device->decisions);
        tuff_pipelines_destroy(device->pipelines);
        tuff_profile_destroy(device->profile);
        tuff_staging_destroy(device->staging);
        tuff_queue_close(device);
        if (!device->is_lent)
            device->table.vkDestroyDevice(device->handle, NULL);
    }
    tuff_free(device->matrix_shapes);
    tuff_instance_destroy(device->instance);
}

tuff_status tuff_device_open(const struct tuff_device_options *options, struct tuff_device **out_device) {
    struct tuff_device *device = NULL;
    *out_device = NULL;
    TUFF_TRY(tuff_alloc(1, sizeof *device, &device));
    tuff_status status = tuff_mutex_init(&device->member_lock);
    if (status != TUFF_OK) {
        tuff_free(device);
        return status;
    }
    status = tuff_worker_create(&device->worker);
    if (status == TUFF_OK)
        status = open_any(device, options);
    if (status == TUFF_OK)
        *out_device = device;
    else
        tuff_device_close(device);
    return status;
}

tuff_status tuff_device_reopen(struct tuff_device *device, const struct tuff_device_options *options) {
    for (struct tuff_member *member = device->members; member; member = member->next)
        member->leave(member);
    shut(device);
    *device = (struct tuff_device){ .worker = device->worker,
                                    .member_lock = device->member_lock,
                                    .members = device->members };
    tuff_status status = open_any(device, options);
    for (struct tuff_member *member = device->members; member && status == TUFF_OK; member = member->next)
        status = member->come_back(member);
    if (status != TUFF_OK)
        device->is_lost = true;
    return status;
}

void tuff_device_join(struct tuff_device *device, struct tuff_member *member) {
    tuff_mutex_lock(&device->member_lock);
    member->previous = NULL;
    member->next = device->members;
    if (member->next)
        member->next->previous = member;
    device->members = member;
    tuff_mutex_unlock(&device->member_lock);
}

void tuff_device_part(struct tuff_device *device, struct tuff_member *member) {
    tuff_mutex_lock(&device->member_lock);
    if (member->next)
        member->next->previous = member->previous;
    if (member->previous)
        member->previous->next = member->next;
    else if (device->members == member)
        device->members = member->next;
    tuff_mutex_unlock(&device->member_lock);
}

void tuff_device_close(struct tuff_device *device) {
    if (!device)
        return;
    tuff_worker_destroy(device->worker);
    shut(device);
    tuff_mutex_destroy(&device->member_lock);
    tuff_free(device);
}

bool tuff_device_can(const struct tuff_device *device, uint32_t needs) {
    const struct tuff_features *features = &device->features;
    const struct {
        uint32_t need;
        bool is_there;
    } rows[] = {
        { TUFF_NEED_SUBGROUP_ARITHMETIC, features->subgroup_arithmetic },
        { TUFF_NEED_SUBGROUP_SHUFFLE, features->subgroup_shuffle },
        { TUFF_NEED_FLOAT16, features->float16 },
        { TUFF_NEED_INT8, features->int8 },
        { TUFF_NEED_STORAGE16, features->storage16 },
        { TUFF_NEED_STORAGE8, features->storage8 },
        { TUFF_NEED_DOT_PRODUCT, features->dot_product },
        { TUFF_NEED_COOPERATIVE_MATRIX, features->cooperative_matrix },
        { TUFF_NEED_COOPERATIVE_MATRIX2, features->cooperative_matrix2 },
        { TUFF_NEED_BUFFER_ADDRESS, features->buffer_address },
        { TUFF_NEED_INT64, features->int64 },
        { TUFF_NEED_MEMORY_MODEL, features->memory_model },
        { TUFF_NEED_BFLOAT16, features->bfloat16 },
        { TUFF_NEED_MAINTENANCE4, features->maintenance4 },
    };
    if (needs & TUFF_NEED_UNKNOWN)
        return false;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if ((needs & rows[i].need) && !rows[i].is_there)
            return false;
    return true;
}

uint64_t tuff_device_message_count(const struct tuff_device *device) {
    return device->instance->message_count;
}

tuff_status tuff_device_result(struct tuff_device *device, VkResult result, const char *what) {
    switch (result) {
    case VK_SUCCESS:
        return TUFF_OK;
    case VK_ERROR_OUT_OF_HOST_MEMORY:
        return tuff_fail(TUFF_HOST_MEMORY, "%s: the driver is out of host memory", what);
    case VK_ERROR_OUT_OF_DEVICE_MEMORY:
    case VK_ERROR_OUT_OF_POOL_MEMORY:
    case VK_ERROR_FRAGMENTED_POOL:
    case VK_ERROR_TOO_MANY_OBJECTS:
        return tuff_fail(TUFF_DEVICE_MEMORY, "%s: the device is out of memory", what);
    case VK_ERROR_DEVICE_LOST:
        if (!atomic_exchange(&device->is_lost, true))
            tuff_fault_log(device);
        return tuff_fail(TUFF_DEVICE_LOST,
                         "%s: the device was lost; close everything made from it and open it again", what);
    case VK_ERROR_INITIALIZATION_FAILED:
    case VK_ERROR_INCOMPATIBLE_DRIVER:
        return tuff_fail(TUFF_NO_DEVICE, "%s: the driver could not start (VkResult %d)", what, (int)result);
    default:
        return tuff_fail(TUFF_UNSUPPORTED, "%s: the driver refused (VkResult %d)", what, (int)result);
    }
}
