/* SPDX-License-Identifier: Apache-2.0 */
#include "vk/matrix_shapes.h"

#include "base/memory.h"

#ifdef VK_KHR_cooperative_matrix

static tuff_status list(const struct tuff_device *device, VkCooperativeMatrixPropertiesKHR **out_list,
                        uint32_t *out_count) {
    const struct tuff_instance *instance = device->instance;
    uint32_t count = 0;
    *out_list = NULL;
    *out_count = 0;
    if (!instance->vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR ||
        instance->vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR(device->physical, &count, NULL) !=
            VK_SUCCESS)
        return TUFF_OK;
    TUFF_TRY(tuff_alloc(count, sizeof **out_list, out_list));
    for (uint32_t i = 0; i < count; i++)
        (*out_list)[i].sType = VK_STRUCTURE_TYPE_COOPERATIVE_MATRIX_PROPERTIES_KHR;
    if (instance->vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR(device->physical, &count, *out_list) >=
        VK_SUCCESS)
        *out_count = count;
    return TUFF_OK;
}

tuff_status tuff_matrix_shapes_read(struct tuff_device *device) {
    VkCooperativeMatrixPropertiesKHR *rows = NULL;
    struct tuff_matrix_shape *shapes = NULL;
    uint32_t row_count = 0;
    uint32_t count = 0;
    if (!device->features.cooperative_matrix)
        return TUFF_OK;
    TUFF_TRY(list(device, &rows, &row_count));
    tuff_status status = tuff_alloc(row_count, sizeof *shapes, &shapes);
    for (uint32_t i = 0; status == TUFF_OK && i < row_count; i++) {
        const VkCooperativeMatrixPropertiesKHR *row = &rows[i];
        /* Sums that saturate have to be asked for in the kernel, and ours do not. */
        if (row->scope == VK_SCOPE_SUBGROUP_KHR && !row->saturatingAccumulation)
            shapes[count++] =
                (struct tuff_matrix_shape){ row->MSize,          row->NSize,      row->KSize,
                                            (int)row->AType,     (int)row->BType, (int)row->CType,
                                            (int)row->ResultType };
    }
    tuff_free(rows);
    TUFF_TRY(status);
    device->matrix_shapes = shapes;
    device->matrix_shape_count = count;
    device->features.cooperative_matrix = count > 0;
    device->features.cooperative_matrix2 = device->features.cooperative_matrix2 && count > 0;
    return TUFF_OK;
}

#else

tuff_status tuff_matrix_shapes_read(struct tuff_device *device) {
    device->features.cooperative_matrix = false;
    return TUFF_OK;
}

#endif
