/* SPDX-License-Identifier: Apache-2.0 */
#include "vk/pipeline_cache.h"

#include <string.h>

#include "base/file.h"
#include "base/memory.h"

/* Before the driver's data. Files are read on the machine that wrote them, so bytes stand in its own order.
 */
struct header {
    char magic[8];
    uint32_t vendor_id;
    uint32_t device_id;
    uint32_t driver_version;
    uint32_t header_size;
    char uuid[32];
    char driver_uuid[32];
    uint64_t data_size;
    uint64_t checksum; /* of the data */
};

static const char magic[8] = "tuffpc1";

/* No driver's cache comes near; a larger file is not ours. */
static const size_t most_bytes = 256u << 20;

struct tuff_pipeline_cache {
    struct tuff_device *device;
    char *folder; /* NULL: nothing is kept */
    char *path;
    VkPipelineCache handle;
    uint64_t checksum; /* of what the file holds */
};

/* FNV-1a: finds torn and rotten files; nothing here defends against somebody who may write them. */
static uint64_t sum(const void *data, size_t size) {
    const unsigned char *bytes = data;
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * 1099511628211u;
    return hash;
}

static struct header header_for(const struct tuff_device *device, const void *data, size_t size) {
    struct header header = {
        .vendor_id = device->info.vendor_id,
        .device_id = device->info.device_id,
        .driver_version = device->info.driver_version,
        .header_size = sizeof header,
        .data_size = size,
        .checksum = sum(data, size),
    };
    memcpy(header.magic, magic, sizeof header.magic);
    memcpy(header.uuid, device->info.uuid, sizeof header.uuid);
    memcpy(header.driver_uuid, device->info.driver_uuid, sizeof header.driver_uuid);
    return header;
}

/* "FOLDER/pipelines-DEVICE-DRIVER-VERSION" */
static tuff_status find_path(struct tuff_pipeline_cache *cache, const char *folder) {
    const tuff_device_info *info = &cache->device->info;
    char *name = NULL;
    if (!folder)
        return TUFF_OK;
    TUFF_TRY(tuff_copy_text(folder, strlen(folder), &cache->folder));
    TUFF_TRY(tuff_format(&name, "pipelines-%s-%s-%08x", info->uuid, info->driver_uuid, info->driver_version));
    tuff_status status = tuff_path_join(cache->folder, name, &cache->path);
    tuff_free(name);
    return status;
}

/* *out_data is NULL where the file is not there or not right. */
static void load(struct tuff_pipeline_cache *cache, char **out_data, const void **out_start,
                 size_t *out_size) {
    struct header found;
    char *data = NULL;
    size_t size = 0;
    *out_data = NULL;
    *out_size = 0;
    if (!cache->path || !tuff_file_exists(cache->path))
        return;
    if (tuff_file_read(cache->path, most_bytes, &data, &size) != TUFF_OK) {
        tuff_log_write(&cache->device->log, TUFF_LOG_WARNING, "%s", tuff_error_message());
        return;
    }
    if (size > sizeof found) {
        const struct header right = header_for(cache->device, data + sizeof found, size - sizeof found);
        memcpy(&found, data, sizeof found);
        if (memcmp(&found, &right, sizeof found) == 0) {
            cache->checksum = found.checksum;
            *out_data = data;
            *out_start = data + sizeof found;
            *out_size = size - sizeof found;
            return;
        }
    }
    tuff_log_write(&cache->device->log, TUFF_LOG_WARNING, "%s: is broken and will be written anew",
                   cache->path);
    tuff_free(data);
}

tuff_status tuff_pipeline_cache_open(struct tuff_device *device, const char *folder,
                                     struct tuff_pipeline_cache **out_cache) {
    struct tuff_pipeline_cache *cache = NULL;
    char *data = NULL;
    VkPipelineCacheCreateInfo info = { .sType = VK_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO };
    TUFF_TRY(tuff_alloc(1, sizeof *cache, &cache));
    cache->device = device;
    *out_cache = cache;
    TUFF_TRY(find_path(cache, folder));
    load(cache, &data, &info.pInitialData, &info.initialDataSize);
    VkResult result = device->table.vkCreatePipelineCache(device->handle, &info, NULL, &cache->handle);
    tuff_free(data);
    return tuff_device_result(device, result, "a pipeline cache");
}

static tuff_status read_data(struct tuff_pipeline_cache *cache, char **out_file, size_t *out_size) {
    struct tuff_device *device = cache->device;
    struct header header;
    size_t size = 0;
    VkResult result = device->table.vkGetPipelineCacheData(device->handle, cache->handle, &size, NULL);
    *out_file = NULL;
    TUFF_TRY(tuff_device_result(device, result, "the pipeline cache"));
    TUFF_TRY(tuff_alloc(size + sizeof header, 1, out_file));
    result =
        device->table.vkGetPipelineCacheData(device->handle, cache->handle, &size, *out_file + sizeof header);
    TUFF_TRY(tuff_device_result(device, result, "the pipeline cache"));
    header = header_for(device, *out_file + sizeof header, size);
    memcpy(*out_file, &header, sizeof header);
    *out_size = size + sizeof header;
    return TUFF_OK;
}

static tuff_status save(struct tuff_pipeline_cache *cache) {
    struct header header;
    char *file = NULL;
    size_t size = 0;
    tuff_status status = read_data(cache, &file, &size);
    if (status == TUFF_OK) {
        memcpy(&header, file, sizeof header);
        bool is_new = header.checksum != cache->checksum && size > sizeof header;
        if (is_new)
            status = tuff_file_make_folders(cache->folder);
        if (is_new && status == TUFF_OK)
            status = tuff_file_replace(cache->path, file, size);
    }
    tuff_free(file);
    return status;
}

void tuff_pipeline_cache_close(struct tuff_pipeline_cache *cache, bool is_used) {
    if (!cache)
        return;
    struct tuff_device *device = cache->device;
    if (is_used && cache->path && cache->handle && !device->is_lost && save(cache) != TUFF_OK)
        tuff_log_write(&device->log, TUFF_LOG_WARNING, "pipelines are not kept: %s", tuff_error_message());
    device->table.vkDestroyPipelineCache(device->handle, cache->handle, NULL);
    tuff_free(cache->folder);
    tuff_free(cache->path);
    tuff_free(cache);
}

VkPipelineCache tuff_pipeline_cache_handle(const struct tuff_pipeline_cache *cache) {
    return cache->handle;
}
