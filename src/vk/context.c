/* SPDX-License-Identifier: Apache-2.0 */
#include "vk/context.h"

#include <stdlib.h>
#include <string.h>

#include "base/cache_folder.h"
#include "base/memory.h"
#include "vk/pipeline.h"
#include "vk/profile.h"

tuff_status tuff_devices(tuff_device_info *infos, size_t capacity, size_t *out_count) {
    if (!out_count || (capacity > 0 && !infos))
        return tuff_fail(TUFF_ARGUMENT, "tuff_devices: infos and out_count must not be NULL");
    return tuff_device_list(infos, capacity, out_count);
}

/* Options of a program built against an older header are shorter: what it did not know keeps its default. */
static tuff_status read_options(const tuff_context_options *given, tuff_context_options *out_options) {
    const tuff_context_options defaults = TUFF_CONTEXT_OPTIONS;
    *out_options = defaults;
    if (!given)
        return TUFF_OK;
    if (given->size < sizeof given->size || given->size > sizeof *given)
        return tuff_fail(TUFF_ARGUMENT,
                         "tuff_context_options: a size of %zu; start from TUFF_CONTEXT_OPTIONS", given->size);
    memcpy(out_options, given, given->size);
    if (out_options->allocator && (!out_options->allocator->allocate || !out_options->allocator->release))
        return tuff_fail(TUFF_ARGUMENT, "tuff_context_options: an allocator needs both functions");
    return TUFF_OK;
}

/* "" has "none" as its answer. */
static tuff_status find_cache_folder(const char *wanted, char **out_folder) {
    *out_folder = NULL;
    if (!wanted)
        return tuff_cache_folder(out_folder);
    return wanted[0] ? tuff_copy_text(wanted, strlen(wanted), out_folder) : TUFF_OK;
}

/* The environment's list of disabled features before the caller's. */
static tuff_status merge_disabled(const char *wanted, char **out_names) {
    const char *environment = getenv("TUFF_DISABLE");
    return tuff_format(out_names, "%s,%s", environment ? environment : "", wanted ? wanted : "");
}

static tuff_status open_device(const tuff_context_options *options, const tuff_vulkan_device *lent,
                               struct tuff_context *context) {
    const char *name = options->device ? options->device : getenv("TUFF_DEVICE");
    TUFF_TRY(find_cache_folder(options->cache_folder, &context->cache_folder));
    TUFF_TRY(merge_disabled(options->disable, &context->disable));
    if (name)
        TUFF_TRY(tuff_copy_text(name, strlen(name), &context->device_name));
    context->options = (struct tuff_device_options){
        .device = context->device_name,
        .disable = context->disable,
        .cache_folder = context->cache_folder,
        .validation = options->validation,
        .profile = options->profile,
        .lent = lent,
        .gives_way = options->gives_way,
        .memory_limit = options->memory_limit,
        .pace = { options->submit_cost, options->submit, options->submit_user },
        .log = { .callback = options->log, .user = options->log_user, .level = options->log_level },
    };
    return tuff_device_open(&context->options, &context->device);
}

static tuff_status create(const tuff_context_options *options, const tuff_vulkan_device *lent,
                          tuff_context **out_context) {
    struct tuff_context *context = NULL;
    TUFF_TRY(tuff_alloc(1, sizeof *context, &context));
    if (options->allocator)
        context->allocator = *options->allocator;
    tuff_status status = open_device(options, lent, context);
    context->is_lent = lent != NULL;
    context->options.lent = NULL; /* the caller's struct goes */
    if (status == TUFF_OK)
        *out_context = context;
    else
        tuff_context_destroy(context);
    return status;
}

static tuff_status create_with(const tuff_context_options *known, const tuff_vulkan_device *lent,
                               tuff_context **out_context) {
    const struct tuff_allocator *before = tuff_memory_use(known->allocator);
    tuff_status status = create(known, lent, out_context);
    tuff_memory_use(before);
    return status;
}

tuff_status tuff_context_create(const tuff_context_options *options, tuff_context **out_context) {
    tuff_context_options known;
    if (!out_context)
        return tuff_fail(TUFF_ARGUMENT, "tuff_context_create: out_context must not be NULL");
    *out_context = NULL;
    TUFF_TRY(read_options(options, &known));
    return create_with(&known, NULL, out_context);
}

static tuff_status read_lent(const tuff_vulkan_device *given, tuff_vulkan_device *out_lent) {
    *out_lent = (tuff_vulkan_device)TUFF_VULKAN_DEVICE;
    if (!given || given->size < sizeof given->size || given->size > sizeof *out_lent)
        return tuff_fail(TUFF_ARGUMENT, "a device of your own is needed; start from TUFF_VULKAN_DEVICE");
    memcpy(out_lent, given, given->size);
    return TUFF_OK;
}

tuff_status tuff_context_borrow(const tuff_vulkan_device *device, const tuff_context_options *options,
                                tuff_context **out_context) {
    tuff_context_options known;
    tuff_vulkan_device lent;
    if (!out_context)
        return tuff_fail(TUFF_ARGUMENT, "tuff_context_borrow: out_context must not be NULL");
    *out_context = NULL;
    TUFF_TRY(read_lent(device, &lent));
    TUFF_TRY(read_options(options, &known));
    if (known.validation)
        return tuff_fail(TUFF_ARGUMENT, "tuff_context_borrow: layers belong to the instance, which is yours");
    TUFF_TRY(create_with(&known, &lent, out_context));
    return TUFF_OK;
}

tuff_status tuff_context_reopen(tuff_context *context, const tuff_vulkan_device *device) {
    tuff_vulkan_device lent;
    if (!context)
        return tuff_fail(TUFF_ARGUMENT, "tuff_context_reopen: a context is needed");
    if (context->is_lent != (device != NULL))
        return tuff_fail(
            TUFF_ARGUMENT,
            "tuff_context_reopen: a device is needed where the context's was lent, and only there");
    if (device)
        TUFF_TRY(read_lent(device, &lent));
    context->options.lent = device ? &lent : NULL;
    const struct tuff_allocator *before =
        tuff_memory_use(context->allocator.allocate ? &context->allocator : NULL);
    tuff_status status = tuff_device_reopen(context->device, &context->options);
    tuff_memory_use(before);
    context->options.lent = NULL;
    return status;
}

void tuff_context_destroy(tuff_context *context) {
    if (!context)
        return;
    const struct tuff_allocator allocator = context->allocator;
    const struct tuff_allocator *before = tuff_memory_use(allocator.allocate ? &allocator : NULL);
    tuff_device_close(context->device);
    tuff_free(context->cache_folder);
    tuff_free(context->device_name);
    tuff_free(context->disable);
    tuff_free(context);
    tuff_memory_use(before);
}

void tuff_context_device(const tuff_context *context, tuff_device_info *out_info) {
    *out_info = context->device->info;
}

void tuff_context_submits(const tuff_context *context, tuff_submit_report *out_report) {
    const struct tuff_device *device = context->device;
    *out_report = (tuff_submit_report){
        .count = device->submit_count,
        .largest_cost = device->largest_cost,
        .longest_ms = (double)device->longest_ns * 1e-6,
        .memory = device->memory_used,
    };
}

uint64_t tuff_context_dispatch_count(const tuff_context *context) {
    return context->device->dispatch_count;
}

size_t tuff_context_pipeline_count(const tuff_context *context) {
    return tuff_pipelines_count(context->device);
}

tuff_status tuff_context_profile(const tuff_context *context, tuff_kernel_time *times, size_t capacity,
                                 size_t *out_count) {
    struct tuff_profile_row *rows = NULL;
    if (!context || !out_count || (capacity > 0 && !times))
        return tuff_fail(TUFF_ARGUMENT,
                         "tuff_context_profile: context, times and out_count must not be NULL");
    TUFF_TRY(tuff_alloc(capacity ? capacity : 1, sizeof *rows, &rows));
    *out_count = tuff_profile_read(context->device, rows, capacity);
    for (size_t i = 0; i < *out_count && i < capacity; i++)
        times[i] = (tuff_kernel_time){
            .kernel = rows[i].kernel->name,
            .variant = rows[i].kernel->variants[rows[i].variant].name,
            .runs = rows[i].count,
            .milliseconds = rows[i].ns * 1e-6,
        };
    tuff_free(rows);
    return TUFF_OK;
}
