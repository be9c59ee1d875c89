/* SPDX-License-Identifier: Apache-2.0 */
#include "vk/lent.h"

#include "base/memory.h"
#include "vk/stated.h"

/* The Vulkan version that is left of the caller's and the newest that tuff knows. */
static uint32_t version_of(uint32_t api_version) {
    return api_version < VK_API_VERSION_1_3 ? api_version : VK_API_VERSION_1_3;
}

static tuff_status check(const tuff_vulkan_device *lent) {
    if (!lent->get_instance_proc_addr || !lent->instance || !lent->physical_device || !lent->device ||
        !lent->queue || !lent->device_create_info)
        return tuff_fail(
            TUFF_ARGUMENT,
            "tuff_vulkan_device: vkGetInstanceProcAddr, instance, physical device, device, queue and "
            "the VkDeviceCreateInfo are needed");
    if ((lent->lock == NULL) != (lent->unlock == NULL))
        return tuff_fail(TUFF_ARGUMENT, "tuff_vulkan_device: lock and unlock go together");
    if (lent->api_version < VK_API_VERSION_1_1)
        return tuff_fail(TUFF_UNSUPPORTED, "the instance was made for Vulkan %u.%u; tuff needs 1.1",
                         VK_API_VERSION_MAJOR(lent->api_version), VK_API_VERSION_MINOR(lent->api_version));
    return TUFF_OK;
}

/* Replaces what the device has by what the caller enabled of it. */
static tuff_status limit_to_stated(const VkDeviceCreateInfo *info, struct tuff_physical *physical) {
    struct tuff_extensions stated;
    struct tuff_feature_chain chain;
    TUFF_TRY(tuff_stated_extensions(info, &stated));
    tuff_free(physical->extensions.list);
    physical->extensions = stated;
    tuff_stated_features(info, &chain);
    tuff_features_limit(&physical->features, physical->api_version, &physical->extensions, &chain);
    return TUFF_OK;
}

static tuff_status read_queue(const struct tuff_instance *instance, uint32_t family,
                              struct tuff_physical *physical) {
    uint32_t count = 0;
    VkQueueFamilyProperties *families = NULL;
    instance->vkGetPhysicalDeviceQueueFamilyProperties(physical->handle, &count, NULL);
    TUFF_TRY(tuff_alloc(count, sizeof *families, &families));
    instance->vkGetPhysicalDeviceQueueFamilyProperties(physical->handle, &count, families);
    bool can_compute = family < count && (families[family].queueFlags & VK_QUEUE_COMPUTE_BIT);
    if (!can_compute || families[family].timestampValidBits == 0)
        physical->limits.timestamp_period = 0;
    physical->queue_family = family;
    tuff_free(families);
    if (!can_compute)
        return tuff_fail(TUFF_ARGUMENT, "tuff_vulkan_device: queues of family %u do not compute", family);
    return TUFF_OK;
}

static tuff_status read_physical(const tuff_vulkan_device *lent, const struct tuff_instance *instance,
                                 struct tuff_physical *physical) {
    if (physical->info.refusal[0])
        return tuff_fail(TUFF_UNSUPPORTED, "%s: %s", physical->info.name, physical->info.refusal);
    TUFF_TRY(limit_to_stated(lent->device_create_info, physical));
    return read_queue(instance, lent->queue_family, physical);
}

tuff_status tuff_lent_read(const tuff_vulkan_device *lent, const struct tuff_log *log,
                           struct tuff_instance **out_instance, struct tuff_physical *out_physical) {
    struct tuff_instance *instance = NULL;
    tuff_status status = TUFF_OK;
    *out_physical = (struct tuff_physical){ 0 };
    TUFF_TRY(check(lent));
    TUFF_TRY(tuff_instance_borrow((PFN_vkGetInstanceProcAddr)lent->get_instance_proc_addr, lent->instance,
                                  version_of(lent->api_version), log, &instance));
    TUFF_TRY_GOTO(tuff_physical_read(instance, lent->physical_device, 0, out_physical));
    TUFF_TRY_GOTO(read_physical(lent, instance, out_physical));
    *out_instance = instance;
    return TUFF_OK;
done:
    tuff_physical_free(out_physical);
    tuff_instance_destroy(instance);
    return status;
}

/* ---------------------------------------------------------------- what a caller may enable */

struct tuff_vulkan_wishes {
    struct tuff_feature_chain chain;
    struct tuff_physical physical; /* whose extensions the names are part of */
    const char *names[TUFF_MAX_DEVICE_EXTENSIONS];
    uint32_t name_count;
};

static tuff_status read_wishes(tuff_function get, void *instance_handle, void *physical_device,
                               uint32_t api_version, const char *disable, struct tuff_vulkan_wishes *wishes) {
    struct tuff_instance *instance = NULL;
    struct tuff_physical *physical = &wishes->physical;
    TUFF_TRY(tuff_instance_borrow((PFN_vkGetInstanceProcAddr)get, instance_handle, version_of(api_version),
                                  NULL, &instance));
    tuff_status status = tuff_physical_read(instance, physical_device, 0, physical);
    tuff_instance_destroy(instance);
    TUFF_TRY(status);
    if (physical->info.refusal[0])
        return tuff_fail(TUFF_UNSUPPORTED, "%s: %s", physical->info.name, physical->info.refusal);
    TUFF_TRY(tuff_features_disable(&physical->features, disable));
    tuff_features_request(&physical->features, physical->api_version, &physical->extensions, &wishes->chain,
                          wishes->names, &wishes->name_count);
    return TUFF_OK;
}

tuff_status tuff_vulkan_wishes_read(tuff_function get_instance_proc_addr, void *instance,
                                    void *physical_device, uint32_t api_version, const char *disable,
                                    tuff_vulkan_wishes **out_wishes) {
    struct tuff_vulkan_wishes *wishes = NULL;
    if (!get_instance_proc_addr || !instance || !physical_device || !out_wishes ||
        api_version < VK_API_VERSION_1_1)
        return tuff_fail(TUFF_ARGUMENT,
                         "tuff_vulkan_wishes_read: vkGetInstanceProcAddr, an instance of Vulkan 1.1 or "
                         "newer and a physical device are needed");
    *out_wishes = NULL;
    TUFF_TRY(tuff_alloc(1, sizeof *wishes, &wishes));
    tuff_status status =
        read_wishes(get_instance_proc_addr, instance, physical_device, api_version, disable, wishes);
    if (status == TUFF_OK)
        *out_wishes = wishes;
    else
        tuff_vulkan_wishes_free(wishes);
    return status;
}

void tuff_vulkan_wishes_free(tuff_vulkan_wishes *wishes) {
    if (!wishes)
        return;
    tuff_physical_free(&wishes->physical);
    tuff_free(wishes);
}

const char *const *tuff_vulkan_wishes_extensions(const tuff_vulkan_wishes *wishes, size_t *out_count) {
    *out_count = wishes->name_count;
    return wishes->names;
}

const void *tuff_vulkan_wishes_features(const tuff_vulkan_wishes *wishes) {
    return &wishes->chain.head;
}

uint32_t tuff_vulkan_wishes_queue_family(const tuff_vulkan_wishes *wishes) {
    return wishes->physical.queue_family;
}
