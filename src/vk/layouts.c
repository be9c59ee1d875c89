/* SPDX-License-Identifier: Apache-2.0 */
#include "vk/layouts.h"

#include "base/memory.h"

enum { PUSH_SIZES = TUFF_MAX_PUSH_SIZE / 4 + 1 };

struct tuff_layouts {
    struct tuff_device *device;
    struct tuff_mutex lock;
    VkDescriptorSetLayout sets[TUFF_MAX_BINDINGS + 1];
    VkPipelineLayout pipelines[TUFF_MAX_BINDINGS + 1][PUSH_SIZES];
};

tuff_status tuff_layouts_create(struct tuff_device *device, struct tuff_layouts **out_layouts) {
    struct tuff_layouts *layouts = NULL;
    TUFF_TRY(tuff_alloc(1, sizeof *layouts, &layouts));
    tuff_status status = tuff_mutex_init(&layouts->lock);
    if (status != TUFF_OK) {
        tuff_free(layouts);
        return status;
    }
    layouts->device = device;
    *out_layouts = layouts;
    return TUFF_OK;
}

void tuff_layouts_destroy(struct tuff_layouts *layouts) {
    if (!layouts)
        return;
    struct tuff_device *device = layouts->device;
    for (size_t bindings = 0; bindings <= TUFF_MAX_BINDINGS; bindings++) {
        for (size_t push = 0; push < PUSH_SIZES; push++)
            device->table.vkDestroyPipelineLayout(device->handle, layouts->pipelines[bindings][push], NULL);
        device->table.vkDestroyDescriptorSetLayout(device->handle, layouts->sets[bindings], NULL);
    }
    tuff_mutex_destroy(&layouts->lock);
    tuff_free(layouts);
}

static tuff_status set_layout(struct tuff_layouts *layouts, uint32_t binding_count) {
    struct tuff_device *device = layouts->device;
    VkDescriptorSetLayoutBinding bindings[TUFF_MAX_BINDINGS];
    for (uint32_t i = 0; i < binding_count; i++)
        bindings[i] = (VkDescriptorSetLayoutBinding){
            .binding = i,
            .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
            .descriptorCount = 1,
            .stageFlags = VK_SHADER_STAGE_COMPUTE_BIT,
        };
    const VkDescriptorSetLayoutCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
        .flags =
            device->features.push_descriptor ? VK_DESCRIPTOR_SET_LAYOUT_CREATE_PUSH_DESCRIPTOR_BIT_KHR : 0,
        .bindingCount = binding_count,
        .pBindings = bindings,
    };
    if (layouts->sets[binding_count])
        return TUFF_OK;
    VkResult result =
        device->table.vkCreateDescriptorSetLayout(device->handle, &info, NULL, &layouts->sets[binding_count]);
    return tuff_device_result(device, result, "a descriptor set layout");
}

static tuff_status pipeline_layout(struct tuff_layouts *layouts, uint32_t binding_count, uint32_t push_size) {
    struct tuff_device *device = layouts->device;
    VkPipelineLayout *layout = &layouts->pipelines[binding_count][push_size / 4];
    const VkPushConstantRange range = { .stageFlags = VK_SHADER_STAGE_COMPUTE_BIT,
                                        .offset = 0,
                                        .size = push_size };
    if (*layout)
        return TUFF_OK;
    TUFF_TRY(set_layout(layouts, binding_count));
    const VkPipelineLayoutCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
        .setLayoutCount = 1,
        .pSetLayouts = &layouts->sets[binding_count],
        .pushConstantRangeCount = push_size > 0 ? 1 : 0,
        .pPushConstantRanges = &range,
    };
    return tuff_device_result(device,
                              device->table.vkCreatePipelineLayout(device->handle, &info, NULL, layout),
                              "a pipeline layout");
}

tuff_status tuff_layouts_set(struct tuff_layouts *layouts, uint32_t binding_count,
                             VkDescriptorSetLayout *out_layout) {
    tuff_mutex_lock(&layouts->lock);
    tuff_status status = set_layout(layouts, binding_count);
    *out_layout = layouts->sets[binding_count];
    tuff_mutex_unlock(&layouts->lock);
    return status;
}

tuff_status tuff_layouts_pipeline(struct tuff_layouts *layouts, const struct tuff_kernel *kernel,
                                  VkPipelineLayout *out_layout) {
    uint32_t slot = kernel->push_size / 4;
    if (kernel->binding_count > TUFF_MAX_BINDINGS || slot >= PUSH_SIZES ||
        kernel->spec_count > TUFF_MAX_SPECS)
        return tuff_fail(TUFF_UNSUPPORTED, "%s: %u bindings, %u constants and %u bytes pushed are too many",
                         kernel->name, kernel->binding_count, kernel->spec_count, kernel->push_size);
    tuff_mutex_lock(&layouts->lock);
    tuff_status status = pipeline_layout(layouts, kernel->binding_count, kernel->push_size);
    *out_layout = layouts->pipelines[kernel->binding_count][slot];
    tuff_mutex_unlock(&layouts->lock);
    return status;
}
