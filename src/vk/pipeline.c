/* SPDX-License-Identifier: Apache-2.0 */
#include "vk/pipeline.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "vk/layouts.h"
#include "vk/pipeline_cache.h"
#include "vk/specialize.h"

/* One pipeline; its lock is held while it is made. */
struct entry {
    struct tuff_pipeline_key key;
    struct tuff_pipeline pipeline;
    struct tuff_mutex lock;
    struct entry *next; /* in its bucket */
};

enum { BUCKET_COUNT = 256 };

struct tuff_pipelines {
    struct tuff_device *device;
    struct tuff_mutex lock; /* of the buckets and the count */
    struct entry *buckets[BUCKET_COUNT];
    size_t count; /* that were made */
    struct tuff_layouts *layouts;
    struct tuff_pipeline_cache *cache;
};

tuff_status tuff_pipelines_create(struct tuff_device *device, const char *cache_folder,
                                  struct tuff_pipelines **out_pipelines) {
    struct tuff_pipelines *pipelines = NULL;
    TUFF_TRY(tuff_alloc(1, sizeof *pipelines, &pipelines));
    tuff_status status = tuff_mutex_init(&pipelines->lock);
    if (status != TUFF_OK) {
        tuff_free(pipelines);
        return status;
    }
    pipelines->device = device;
    *out_pipelines = pipelines; /* the device destroys it from here on */
    TUFF_TRY(tuff_layouts_create(device, &pipelines->layouts));
    return tuff_pipeline_cache_open(device, cache_folder, &pipelines->cache);
}

void tuff_pipelines_destroy(struct tuff_pipelines *pipelines) {
    if (!pipelines)
        return;
    struct tuff_device *device = pipelines->device;
    tuff_pipeline_cache_close(pipelines->cache, pipelines->count > 0);
    for (size_t i = 0; i < BUCKET_COUNT; i++) {
        for (struct entry *entry = pipelines->buckets[i], *next = NULL; entry; entry = next) {
            next = entry->next;
            device->table.vkDestroyPipeline(device->handle, entry->pipeline.handle, NULL);
            tuff_mutex_destroy(&entry->lock);
            tuff_free(entry);
        }
    }
    tuff_layouts_destroy(pipelines->layouts);
    tuff_mutex_destroy(&pipelines->lock);
    tuff_free(pipelines);
}

/* What a subgroup_size constant asks for, 0 if the kernel has none. */
static uint32_t asked_subgroup_size(const struct tuff_pipeline_key *key) {
    for (uint32_t i = 0; i < key->kernel->spec_count; i++)
        if (strcmp(key->kernel->spec_names[i], "subgroup_size") == 0)
            return key->specs[i];
    return 0;
}

static void set_local_size(const struct tuff_pipeline_key *key, uint32_t out_size[3]) {
    for (size_t i = 0; i < 3; i++) {
        int spec = key->kernel->local_size_specs[i];
        out_size[i] = spec >= 0 ? key->specs[spec] : key->kernel->local_size[i];
    }
}

static tuff_status check_local_size(const struct tuff_device *device, const struct tuff_kernel *kernel,
                                    const uint32_t size[3]) {
    const struct tuff_limits *limits = &device->limits;
    uint64_t invocations = (uint64_t)size[0] * size[1];
    bool fits = invocations <= limits->max_invocations && invocations * size[2] <= limits->max_invocations;
    for (size_t i = 0; i < 3; i++)
        fits = fits && size[i] > 0 && size[i] <= limits->max_workgroup_size[i];
    if (!fits)
        return tuff_fail(TUFF_UNSUPPORTED,
                         "%s: workgroups of %u x %u x %u; the device has %u invocations a workgroup",
                         kernel->name, size[0], size[1], size[2], limits->max_invocations);
    return TUFF_OK;
}

/* The real size must be what the kernel was specialized with, or its sums over a subgroup are wrong. */
static tuff_status check_subgroup_size(const struct tuff_device *device, const struct tuff_kernel *kernel,
                                       uint32_t size, const uint32_t local_size[3]) {
    const struct tuff_limits *limits = &device->limits;
    bool is_power = size != 0 && (size & (size - 1)) == 0;
    if (size != 0 && (!is_power || size < limits->min_subgroup_size || size > limits->max_subgroup_size))
        return tuff_fail(TUFF_UNSUPPORTED, "%s: subgroups of %u; the device has %u to %u", kernel->name, size,
                         limits->min_subgroup_size, limits->max_subgroup_size);
    const uint64_t invocations = (uint64_t)local_size[0] * local_size[1] * local_size[2];
    if (size != 0 && invocations > (uint64_t)size * limits->max_subgroups)
        return tuff_fail(TUFF_UNSUPPORTED,
                         "%s: %u invocations in subgroups of %u; the device has %u a workgroup", kernel->name,
                         (uint32_t)invocations, size, limits->max_subgroups);
    return TUFF_OK;
}

/* The newest SPIR-V that a version of Vulkan reads, as it stands in a module's second word. */
static uint32_t newest_spirv(uint32_t api_version) {
    if (api_version >= VK_API_VERSION_1_3)
        return 0x10600;
    return api_version >= VK_API_VERSION_1_2 ? 0x10500 : 0x10300;
}

static tuff_status check_variant(const struct tuff_device *device, const struct tuff_kernel *kernel,
                                 uint32_t index) {
    if (index >= kernel->variant_count)
        return tuff_fail(TUFF_ARGUMENT, "%s: there is no variant %u", kernel->name, index);
    const struct tuff_kernel_variant *variant = &kernel->variants[index];
    if (!variant->code)
        return tuff_fail(TUFF_UNSUPPORTED, "%s, variant %s: the glslang of this build could not compile it",
                         kernel->name, variant->name);
    if (!tuff_device_can(device, variant->needs) || variant->code[1] > newest_spirv(device->api_version))
        return tuff_fail(TUFF_UNSUPPORTED, "%s, variant %s: the device lacks what it needs", kernel->name,
                         variant->name);
    return TUFF_OK;
}

static tuff_status check(const struct tuff_device *device, const struct tuff_pipeline_key *key,
                         const uint32_t local_size[3]) {
    const struct tuff_kernel *kernel = key->kernel;
    TUFF_TRY(check_variant(device, kernel, key->variant));
    if (kernel->push_size > device->limits.max_push_size)
        return tuff_fail(TUFF_UNSUPPORTED, "%s: %u bytes of push constants; the device has %u", kernel->name,
                         kernel->push_size, device->limits.max_push_size);
    TUFF_TRY(check_local_size(device, kernel, local_size));
    return check_subgroup_size(device, kernel, asked_subgroup_size(key), local_size);
}

static void fill_specialization(const struct tuff_pipeline_key *key, VkSpecializationMapEntry *entries,
                                VkSpecializationInfo *out_info) {
    for (uint32_t i = 0; i < key->kernel->spec_count; i++)
        entries[i] = (VkSpecializationMapEntry){
            .constantID = key->kernel->spec_ids[i],
            .offset = i * (uint32_t)sizeof(uint32_t),
            .size = sizeof(uint32_t),
        };
    *out_info = (VkSpecializationInfo){
        .mapEntryCount = key->kernel->spec_count,
        .pMapEntries = entries,
        .dataSize = key->kernel->spec_count * sizeof(uint32_t),
        .pData = key->specs,
    };
}

static VkResult create_from_module(struct tuff_device *device, const struct tuff_pipeline_key *key,
                                   VkPipelineCreateFlags flags, VkPipelineCache cache, VkShaderModule module,
                                   struct tuff_pipeline *pipeline) {
    VkSpecializationMapEntry entries[TUFF_MAX_SPECS];
    VkSpecializationInfo specialization;
    uint32_t subgroup_size = asked_subgroup_size(key);
    bool is_sized = subgroup_size != 0 && device->features.subgroup_size_control;
    bool is_full = is_sized && pipeline->local_size[0] % subgroup_size == 0;
    const VkPipelineShaderStageRequiredSubgroupSizeCreateInfo required = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_REQUIRED_SUBGROUP_SIZE_CREATE_INFO,
        .requiredSubgroupSize = subgroup_size,
    };
    fill_specialization(key, entries, &specialization);
    const VkComputePipelineCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
        .flags = flags | VK_PIPELINE_CREATE_DISPATCH_BASE_BIT,
        .stage = {
            .sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
            .pNext = is_sized ? &required : NULL,
            .flags = is_full ? VK_PIPELINE_SHADER_STAGE_CREATE_REQUIRE_FULL_SUBGROUPS_BIT : 0,
            .stage = VK_SHADER_STAGE_COMPUTE_BIT,
            .module = module,
            .pName = "main",
            .pSpecializationInfo = &specialization,
        },
        .layout = pipeline->layout,
    };
    return device->table.vkCreateComputePipelines(device->handle, cache, 1, &info, NULL, &pipeline->handle);
}

/* The variant's module, or one made of it, which the caller frees, for a compiler that is helped by that. */
static tuff_status find_code(const struct tuff_device *device, const struct tuff_pipeline_key *key,
                             const uint32_t **out_code, size_t *out_size, uint32_t **out_made) {
    const struct tuff_kernel_variant *variant = &key->kernel->variants[key->variant];
    *out_code = variant->code;
    *out_size = variant->code_size;
    *out_made = NULL;
    if (!device->limits.keeps_branches)
        return TUFF_OK;
    TUFF_TRY(tuff_specialize(key->kernel, key->variant, key->specs, out_made, out_size));
    *out_code = *out_made;
    return TUFF_OK;
}

static tuff_status make(struct tuff_device *device, const struct tuff_pipeline_key *key,
                        VkPipelineCreateFlags flags, VkPipelineCache cache, struct tuff_pipeline *pipeline) {
    VkShaderModule module = VK_NULL_HANDLE;
    if (device->is_lost)
        return tuff_device_result(device, VK_ERROR_DEVICE_LOST, key->kernel->name);
    set_local_size(key, pipeline->local_size);
    TUFF_TRY(check(device, key, pipeline->local_size));
    TUFF_TRY(tuff_layouts_pipeline(device->pipelines->layouts, key->kernel, &pipeline->layout));
    VkShaderModuleCreateInfo info = { .sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO };
    uint32_t *made = NULL;
    TUFF_TRY(find_code(device, key, &info.pCode, &info.codeSize, &made));
    VkResult result = device->table.vkCreateShaderModule(device->handle, &info, NULL, &module);
    tuff_free(made);
    if (result == VK_SUCCESS)
        result = create_from_module(device, key, flags, cache, module, pipeline);
    device->table.vkDestroyShaderModule(device->handle, module, NULL);
    if (result != VK_SUCCESS)
        pipeline->handle = VK_NULL_HANDLE;
    return tuff_device_result(device, result, key->kernel->name);
}

static size_t bucket_of(const struct tuff_pipeline_key *key) {
    uint64_t hash = (uint64_t)(uintptr_t)key->kernel / 16 * 31 + key->variant;
    for (size_t i = 0; i < TUFF_MAX_SPECS; i++)
        hash = hash * 1099511628211u + key->specs[i];
    return (size_t)((hash ^ hash >> 32) % BUCKET_COUNT);
}

static bool is_same(const struct tuff_pipeline_key *a, const struct tuff_pipeline_key *b) {
    return a->kernel == b->kernel && a->variant == b->variant &&
           memcmp(a->specs, b->specs, sizeof a->specs) == 0;
}

/* The caller holds the table's lock. */
static tuff_status find_or_add(struct tuff_pipelines *pipelines, const struct tuff_pipeline_key *key,
                               struct entry **out_entry) {
    struct entry **bucket = &pipelines->buckets[bucket_of(key)];
    struct entry *entry = *bucket;
    while (entry && !is_same(&entry->key, key))
        entry = entry->next;
    *out_entry = entry;
    if (entry)
        return TUFF_OK;
    TUFF_TRY(tuff_alloc(1, sizeof *entry, &entry));
    tuff_status status = tuff_mutex_init(&entry->lock);
    if (status != TUFF_OK) {
        tuff_free(entry);
        return status;
    }
    entry->key = *key;
    entry->next = *bucket;
    *bucket = entry;
    *out_entry = entry;
    return TUFF_OK;
}

void tuff_pipeline_constants(const struct tuff_pipeline_key *key, char text[TUFF_CONSTANTS_SIZE]) {
    size_t length = 0;
    text[0] = 0;
    for (uint32_t i = 0; i < key->kernel->spec_count && length < TUFF_CONSTANTS_SIZE; i++)
        length += (size_t)snprintf(text + length, TUFF_CONSTANTS_SIZE - length, "%s%s=%u", i ? " " : "",
                                   key->kernel->spec_names[i], key->specs[i]);
}

static void tell_made(const struct tuff_device *device, const struct tuff_pipeline_key *key) {
    char constants[TUFF_CONSTANTS_SIZE];
    tuff_pipeline_constants(key, constants);
    tuff_log_write(&device->log, TUFF_LOG_DEBUG, "pipeline %s %s %s", key->kernel->name,
                   key->kernel->variants[key->variant].name, constants);
}

tuff_status tuff_pipeline_get(struct tuff_device *device, const struct tuff_pipeline_key *key,
                              const struct tuff_pipeline **out_pipeline) {
    struct tuff_pipelines *pipelines = device->pipelines;
    struct entry *entry = NULL;
    bool is_new = false;
    tuff_mutex_lock(&pipelines->lock);
    tuff_status status = find_or_add(pipelines, key, &entry);
    tuff_mutex_unlock(&pipelines->lock);
    TUFF_TRY(status);
    tuff_mutex_lock(&entry->lock);
    if (!entry->pipeline.handle) {
        status = make(device, key, 0, tuff_pipeline_cache_handle(pipelines->cache), &entry->pipeline);
        is_new = status == TUFF_OK;
    }
    tuff_mutex_unlock(&entry->lock);
    if (is_new) {
        tuff_mutex_lock(&pipelines->lock);
        pipelines->count++;
        tuff_mutex_unlock(&pipelines->lock);
        tell_made(device, key);
    }
    *out_pipeline = &entry->pipeline;
    return status;
}

tuff_status tuff_pipeline_make(struct tuff_device *device, const struct tuff_pipeline_key *key,
                               VkPipelineCreateFlags flags, struct tuff_pipeline *out_pipeline) {
    *out_pipeline = (struct tuff_pipeline){ 0 };
    return make(device, key, flags, VK_NULL_HANDLE, out_pipeline);
}

size_t tuff_pipelines_count(struct tuff_device *device) {
    tuff_mutex_lock(&device->pipelines->lock);
    size_t count = device->pipelines->count;
    tuff_mutex_unlock(&device->pipelines->lock);
    return count;
}

tuff_status tuff_set_layout_get(struct tuff_device *device, uint32_t binding_count,
                                VkDescriptorSetLayout *out_layout) {
    return tuff_layouts_set(device->pipelines->layouts, binding_count, out_layout);
}

struct preparation {
    struct tuff_device *device;
    const struct tuff_pipeline_key *keys;
    size_t count;
    atomic_size_t next;
    struct tuff_mutex lock;
    tuff_status status; /* the first failure */
    char message[512];
};

static void prepare_some(void *user) {
    struct preparation *preparation = user;
    const struct tuff_pipeline *pipeline = NULL;
    for (;;) {
        size_t index = atomic_fetch_add(&preparation->next, 1);
        if (index >= preparation->count)
            return;
        tuff_status status = tuff_pipeline_get(preparation->device, &preparation->keys[index], &pipeline);
        if (status == TUFF_OK)
            continue;
        tuff_mutex_lock(&preparation->lock);
        if (preparation->status == TUFF_OK) {
            preparation->status = status;
            strncpy(preparation->message, tuff_error_message(), sizeof preparation->message - 1);
        }
        tuff_mutex_unlock(&preparation->lock);
    }
}

tuff_status tuff_pipelines_prepare(struct tuff_device *device, const struct tuff_pipeline_key *keys,
                                   size_t count) {
    enum { MAX_THREADS = 16 };
    struct preparation preparation = { .device = device, .keys = keys, .count = count };
    struct tuff_thread threads[MAX_THREADS];
    size_t wanted = tuff_processor_count() - 1;
    size_t started = 0;
    wanted = wanted > MAX_THREADS ? MAX_THREADS : wanted;
    TUFF_TRY(tuff_mutex_init(&preparation.lock));
    /* This thread works too, so a helper that cannot be started is no failure. */
    while (started < wanted && started + 1 < count &&
           tuff_thread_start(&threads[started], prepare_some, &preparation) == TUFF_OK)
        started++;
    prepare_some(&preparation);
    for (size_t i = 0; i < started; i++)
        tuff_thread_join(&threads[i]);
    tuff_mutex_destroy(&preparation.lock);
    if (preparation.status != TUFF_OK)
        return tuff_fail(preparation.status, "%s", preparation.message);
    return TUFF_OK;
}
