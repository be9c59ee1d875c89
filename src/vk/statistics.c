/* SPDX-License-Identifier: Apache-2.0 */
#include "vk/statistics.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"

static double number_of(const VkPipelineExecutableStatisticKHR *statistic) {
    switch (statistic->format) {
    case VK_PIPELINE_EXECUTABLE_STATISTIC_FORMAT_BOOL32_KHR:
        return statistic->value.b32;
    case VK_PIPELINE_EXECUTABLE_STATISTIC_FORMAT_INT64_KHR:
        return (double)statistic->value.i64;
    case VK_PIPELINE_EXECUTABLE_STATISTIC_FORMAT_UINT64_KHR:
        return (double)statistic->value.u64;
    default:
        return statistic->value.f64;
    }
}

static tuff_status add_statistics(struct tuff_device *device, const VkPipelineExecutableInfoKHR *info,
                                  struct tuff_statistics *out) {
    VkPipelineExecutableStatisticKHR *found = NULL;
    uint32_t count = 0;
    device->table.vkGetPipelineExecutableStatisticsKHR(device->handle, info, &count, NULL);
    TUFF_TRY(tuff_alloc(count, sizeof *found, &found));
    for (uint32_t i = 0; i < count; i++)
        found[i].sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_STATISTIC_KHR;
    device->table.vkGetPipelineExecutableStatisticsKHR(device->handle, info, &count, found);
    tuff_status status = tuff_resize(&out->values, out->count + count, sizeof *out->values);
    if (status == TUFF_OK)
        status = tuff_resize(&out->names, out->count + count, sizeof *out->names);
    for (uint32_t i = 0; i < count && status == TUFF_OK; i++, out->count++) {
        snprintf(out->names[out->count], sizeof *out->names, "%.*s", TUFF_STATISTIC_NAME_SIZE - 1,
                 found[i].name);
        out->values[out->count].value = number_of(&found[i]);
    }
    tuff_free(found);
    return status;
}

/* Appends the last text that the driver gives: it goes from source to machine code. */
static tuff_status add_assembly(struct tuff_device *device, const VkPipelineExecutableInfoKHR *info,
                                char **text) {
    VkPipelineExecutableInternalRepresentationKHR *found = NULL;
    uint32_t count = 0;
    char *joined = NULL;
    device->table.vkGetPipelineExecutableInternalRepresentationsKHR(device->handle, info, &count, NULL);
    TUFF_TRY(tuff_alloc(count, sizeof *found, &found));
    for (uint32_t i = 0; i < count; i++)
        found[i].sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_INTERNAL_REPRESENTATION_KHR;
    device->table.vkGetPipelineExecutableInternalRepresentationsKHR(device->handle, info, &count, found);
    tuff_status status = TUFF_OK;
    for (uint32_t i = 0; i < count && status == TUFF_OK; i++)
        status = tuff_alloc(found[i].dataSize + 1, 1, &found[i].pData);
    if (status == TUFF_OK)
        device->table.vkGetPipelineExecutableInternalRepresentationsKHR(device->handle, info, &count, found);
    if (status == TUFF_OK && count > 0 && found[count - 1].isText)
        status = tuff_format(&joined, "%s%s\n", *text, (const char *)found[count - 1].pData);
    if (joined) {
        tuff_free(*text);
        *text = joined;
    }
    for (uint32_t i = 0; i < count; i++)
        tuff_free(found[i].pData);
    tuff_free(found);
    return status;
}

static tuff_status read_executables(struct tuff_device *device, VkPipeline pipeline, bool wants_assembly,
                                    struct tuff_statistics *out) {
    const VkPipelineInfoKHR info = { .sType = VK_STRUCTURE_TYPE_PIPELINE_INFO_KHR, .pipeline = pipeline };
    uint32_t count = 0;
    device->table.vkGetPipelineExecutablePropertiesKHR(device->handle, &info, &count, NULL);
    for (uint32_t i = 0; i < count; i++) {
        const VkPipelineExecutableInfoKHR executable = {
            .sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_INFO_KHR,
            .pipeline = pipeline,
            .executableIndex = i,
        };
        TUFF_TRY(add_statistics(device, &executable, out));
        if (wants_assembly)
            TUFF_TRY(add_assembly(device, &executable, &out->assembly));
    }
    for (size_t i = 0; i < out->count; i++)
        out->values[i].name = out->names[i];
    return TUFF_OK;
}

tuff_status tuff_statistics_get(struct tuff_device *device, const struct tuff_pipeline_key *key,
                                bool wants_assembly, struct tuff_statistics *out_statistics) {
    VkPipelineCreateFlags flags = VK_PIPELINE_CREATE_CAPTURE_STATISTICS_BIT_KHR;
    struct tuff_pipeline pipeline;
    *out_statistics = (struct tuff_statistics){ 0 };
    TUFF_TRY(tuff_copy_text("", 0, &out_statistics->assembly));
    if (!device->features.executable_properties) { /* it is enough that there is one */
        const struct tuff_pipeline *made = NULL;
        return tuff_pipeline_get(device, key, &made);
    }
    if (wants_assembly)
        flags |= VK_PIPELINE_CREATE_CAPTURE_INTERNAL_REPRESENTATIONS_BIT_KHR;
    tuff_status status = tuff_pipeline_make(device, key, flags, &pipeline);
    if (status == TUFF_OK)
        status = read_executables(device, pipeline.handle, wants_assembly, out_statistics);
    device->table.vkDestroyPipeline(device->handle, pipeline.handle, NULL);
    return status;
}

void tuff_statistics_free(struct tuff_statistics *statistics) {
    tuff_free(statistics->values);
    tuff_free(statistics->names);
    tuff_free(statistics->assembly);
}
