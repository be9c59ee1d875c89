/* SPDX-License-Identifier: Apache-2.0 */
/* A pipeline cache of any bytes is passed over, or is what a device like this one wrote. The device is none: its
 * functions are those below. */
#define FUZZ_FOLDER "fuzz_cache_files"
#include "fuzz.h"
#include <string.h>

#include "vk/pipeline_cache.h"

#define FILE_NAME "pipelines---00000000" /* of a device without a UUID */

static const uint8_t *driver_data;
static size_t driver_size;
static size_t loaded_size;

static VKAPI_ATTR VkResult VKAPI_CALL create(VkDevice device, const VkPipelineCacheCreateInfo *info,
                                             const VkAllocationCallbacks *callbacks, VkPipelineCache *out) {
    (void)device;
    (void)callbacks;
    static volatile size_t sink;
    (void)sink; /* read, so that every compiler keeps it */
    for (size_t i = 0; i < info->initialDataSize; i++)
        sink += ((const uint8_t *)info->pInitialData)[i];
    loaded_size = info->initialDataSize;
    if (loaded_size > 0 && driver_data &&
        (loaded_size != driver_size || memcmp(info->pInitialData, driver_data, driver_size) != 0))
        abort();
    memset(out, 1, sizeof *out);
    return VK_SUCCESS;
}

static VKAPI_ATTR VkResult VKAPI_CALL get_data(VkDevice device, VkPipelineCache cache, size_t *size,
                                               void *data) {
    (void)device;
    (void)cache;
    *size = driver_size;
    if (data)
        memcpy(data, driver_data, driver_size);
    return VK_SUCCESS;
}

static VKAPI_ATTR void VKAPI_CALL destroy(VkDevice device, VkPipelineCache cache,
                                          const VkAllocationCallbacks *callbacks) {
    (void)device;
    (void)cache;
    (void)callbacks;
}

static void open_and_close(struct tuff_device *device, bool is_used) {
    struct tuff_pipeline_cache *cache = NULL;
    loaded_size = 0;
    if (tuff_pipeline_cache_open(device, FUZZ_FOLDER, &cache) != TUFF_OK)
        abort();
    tuff_pipeline_cache_close(cache, is_used);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct tuff_device device;
    device.table.vkCreatePipelineCache = create;
    device.table.vkGetPipelineCacheData = get_data;
    device.table.vkDestroyPipelineCache = destroy;
    driver_data = NULL;
    fuzz_file(FILE_NAME, data, size);
    open_and_close(&device, false);
    /* What the driver gives comes back as it was. */
    driver_data = data;
    driver_size = size;
    unlink(FUZZ_FOLDER "/" FILE_NAME);
    open_and_close(&device, true);
    open_and_close(&device, false);
    if (loaded_size != size && size > 0)
        abort();
    return 0;
}
