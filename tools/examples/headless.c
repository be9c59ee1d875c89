/* SPDX-License-Identifier: Apache-2.0 */
#include "headless.h"

#include "headless_pass.comp.h" /* headless_pass_code, made by glslang */

bool headless_begin(struct headless *headless) {
    const VkApplicationInfo application = { .sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
                                            .apiVersion = VK_API_VERSION_1_3 };
    const VkInstanceCreateInfo info = { .sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
                                        .pApplicationInfo = &application };
    uint32_t count = 1;
    return vkCreateInstance(&info, NULL, &headless->instance) == VK_SUCCESS &&
           vkEnumeratePhysicalDevices(headless->instance, &count, &headless->physical) >= VK_SUCCESS &&
           count == 1;
}

static bool make_buffer(struct headless *headless) {
    const VkMemoryPropertyFlags wanted =
        VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
    const VkBufferCreateInfo info = { .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
                                      .size = HEADLESS_NUMBERS * sizeof(uint32_t),
                                      .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT };
    VkPhysicalDeviceMemoryProperties memory;
    VkMemoryRequirements needs;
    uint32_t type = 0;
    if (vkCreateBuffer(headless->device, &info, NULL, &headless->buffer) != VK_SUCCESS)
        return false;
    vkGetPhysicalDeviceMemoryProperties(headless->physical, &memory);
    vkGetBufferMemoryRequirements(headless->device, headless->buffer, &needs);
    while (
        type + 1 < memory.memoryTypeCount &&
        !((needs.memoryTypeBits >> type & 1) && (memory.memoryTypes[type].propertyFlags & wanted) == wanted))
        type++;
    const VkMemoryAllocateInfo allocation = { .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
                                              .allocationSize = needs.size,
                                              .memoryTypeIndex = type };
    if (vkAllocateMemory(headless->device, &allocation, NULL, &headless->memory) != VK_SUCCESS ||
        vkBindBufferMemory(headless->device, headless->buffer, headless->memory, 0) != VK_SUCCESS ||
        vkMapMemory(headless->device, headless->memory, 0, VK_WHOLE_SIZE, 0, (void **)&headless->numbers) !=
            VK_SUCCESS)
        return false;
    for (size_t i = 0; i < HEADLESS_NUMBERS; i++)
        headless->numbers[i] = 0;
    return true;
}

static bool make_pipeline(struct headless *headless) {
    const VkDescriptorSetLayoutBinding binding = { .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
                                                   .descriptorCount = 1,
                                                   .stageFlags = VK_SHADER_STAGE_COMPUTE_BIT };
    const VkDescriptorSetLayoutCreateInfo set = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO, .bindingCount = 1, .pBindings = &binding
    };
    const VkShaderModuleCreateInfo code = { .sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO,
                                            .codeSize = sizeof headless_pass_code,
                                            .pCode = headless_pass_code };
    VkShaderModule module = VK_NULL_HANDLE;
    if (vkCreateDescriptorSetLayout(headless->device, &set, NULL, &headless->set_layout) != VK_SUCCESS ||
        vkCreateShaderModule(headless->device, &code, NULL, &module) != VK_SUCCESS)
        return false;
    const VkPipelineLayoutCreateInfo layout = { .sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
                                                .setLayoutCount = 1,
                                                .pSetLayouts = &headless->set_layout };
    bool is_made = vkCreatePipelineLayout(headless->device, &layout, NULL, &headless->layout) == VK_SUCCESS;
    const VkComputePipelineCreateInfo pipeline = {
        .sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
        .stage = { .sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
                   .stage = VK_SHADER_STAGE_COMPUTE_BIT,
                   .module = module,
                   .pName = "main" },
        .layout = headless->layout,
    };
    is_made = is_made && vkCreateComputePipelines(headless->device, VK_NULL_HANDLE, 1, &pipeline, NULL,
                                                  &headless->pipeline) == VK_SUCCESS;
    vkDestroyShaderModule(headless->device, module, NULL);
    return is_made;
}

static bool make_set(struct headless *headless) {
    const VkDescriptorPoolSize size = { VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 1 };
    const VkDescriptorPoolCreateInfo pool = { .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
                                              .maxSets = 1,
                                              .poolSizeCount = 1,
                                              .pPoolSizes = &size };
    if (vkCreateDescriptorPool(headless->device, &pool, NULL, &headless->descriptors) != VK_SUCCESS)
        return false;
    const VkDescriptorSetAllocateInfo info = { .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
                                               .descriptorPool = headless->descriptors,
                                               .descriptorSetCount = 1,
                                               .pSetLayouts = &headless->set_layout };
    if (vkAllocateDescriptorSets(headless->device, &info, &headless->set) != VK_SUCCESS)
        return false;
    const VkDescriptorBufferInfo buffer = { headless->buffer, 0, VK_WHOLE_SIZE };
    const VkWriteDescriptorSet write = { .sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
                                         .dstSet = headless->set,
                                         .descriptorCount = 1,
                                         .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
                                         .pBufferInfo = &buffer };
    vkUpdateDescriptorSets(headless->device, 1, &write, 0, NULL);
    return true;
}

bool headless_make_pass(struct headless *headless) {
    return make_buffer(headless) && make_pipeline(headless) && make_set(headless);
}
