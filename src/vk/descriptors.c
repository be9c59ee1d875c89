/* SPDX-License-Identifier: Apache-2.0 */
#include "vk/descriptors.h"

#include "base/memory.h"
#include "vk/buffer.h"
#include "vk/pipeline.h"

enum { SETS_PER_POOL = 64 };

static tuff_status add_pool(struct tuff_descriptors *descriptors, struct tuff_device *device) {
    const VkDescriptorPoolSize size = {
        .type = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
        .descriptorCount = SETS_PER_POOL * TUFF_MAX_BINDINGS,
    };
    const VkDescriptorPoolCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
        .maxSets = SETS_PER_POOL,
        .poolSizeCount = 1,
        .pPoolSizes = &size,
    };
    VkDescriptorPool pool = VK_NULL_HANDLE;
    TUFF_TRY(tuff_reserve(&descriptors->pools, &descriptors->capacity, descriptors->count + 1,
                          sizeof *descriptors->pools));
    TUFF_TRY(tuff_device_result(device,
                                device->table.vkCreateDescriptorPool(device->handle, &info, NULL, &pool),
                                "a descriptor pool"));
    descriptors->pools[descriptors->count++] = pool;
    descriptors->used = 0;
    return TUFF_OK;
}

static tuff_status take_set(struct tuff_descriptors *descriptors, struct tuff_device *device,
                            uint32_t binding_count, VkDescriptorSet *out_set) {
    VkDescriptorSetLayout layout = VK_NULL_HANDLE;
    TUFF_TRY(tuff_set_layout_get(device, binding_count, &layout));
    if (descriptors->count == 0 || descriptors->used == SETS_PER_POOL)
        TUFF_TRY(add_pool(descriptors, device));
    const VkDescriptorSetAllocateInfo info = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
        .descriptorPool = descriptors->pools[descriptors->count - 1],
        .descriptorSetCount = 1,
        .pSetLayouts = &layout,
    };
    descriptors->used++;
    return tuff_device_result(device, device->table.vkAllocateDescriptorSets(device->handle, &info, out_set),
                              "a descriptor set");
}

static void fill_writes(const struct tuff_binding *binding, VkWriteDescriptorSet *writes) {
    for (uint32_t i = 0; i < binding->count; i++)
        writes[i] = (VkWriteDescriptorSet){
            .sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
            .dstSet = binding->set,
            .dstBinding = i,
            .descriptorCount = 1,
            .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
            .pBufferInfo = &binding->buffers[i],
        };
}

tuff_status tuff_descriptors_prepare(struct tuff_descriptors *descriptors, struct tuff_device *device,
                                     const struct tuff_kernel *kernel, const struct tuff_slice *slices,
                                     struct tuff_binding *out_binding) {
    VkWriteDescriptorSet writes[TUFF_MAX_BINDINGS];
    *out_binding = (struct tuff_binding){ .count = kernel->binding_count };
    for (uint32_t i = 0; i < kernel->binding_count; i++)
        out_binding->buffers[i] = (VkDescriptorBufferInfo){
            .buffer = slices[i].buffer->handle,
            .offset = slices[i].offset,
            .range = slices[i].size,
        };
    if (device->features.push_descriptor || kernel->binding_count == 0)
        return TUFF_OK;
    TUFF_TRY(take_set(descriptors, device, kernel->binding_count, &out_binding->set));
    fill_writes(out_binding, writes);
    device->table.vkUpdateDescriptorSets(device->handle, kernel->binding_count, writes, 0, NULL);
    return TUFF_OK;
}

void tuff_descriptors_bind(const struct tuff_binding *binding, const struct tuff_device *device,
                           VkCommandBuffer commands, VkPipelineLayout layout) {
    VkWriteDescriptorSet writes[TUFF_MAX_BINDINGS];
    if (binding->count == 0)
        return;
    if (binding->set) {
        device->table.vkCmdBindDescriptorSets(commands, VK_PIPELINE_BIND_POINT_COMPUTE, layout, 0, 1,
                                              &binding->set, 0, NULL);
        return;
    }
    fill_writes(binding, writes);
    device->table.vkCmdPushDescriptorSetKHR(commands, VK_PIPELINE_BIND_POINT_COMPUTE, layout, 0,
                                            binding->count, writes);
}

void tuff_descriptors_free(struct tuff_descriptors *descriptors, struct tuff_device *device) {
    for (size_t i = 0; i < descriptors->count; i++)
        device->table.vkDestroyDescriptorPool(device->handle, descriptors->pools[i], NULL);
    tuff_free(descriptors->pools);
    *descriptors = (struct tuff_descriptors){ 0 };
}
