/* SPDX-License-Identifier: Apache-2.0 */
#include "vk/matrix_shapes.h"

#include "base/memory.h"

#ifdef VK_KHR_cooperative_matrix

static tuff_status add(struct tuff_device *device, size_t *capacity, const struct tuff_matrix_shape *shape) {
    TUFF_TRY(tuff_reserve(&device->matrix_shapes, capacity, (size_t)device->matrix_shape_count + 1,
                          sizeof *device->matrix_shapes));
    device->matrix_shapes[device->matrix_shape_count++] = *shape;
    return TUFF_OK;
}

#define TYPES_OF(row)                                                                                        \
    .a_type = (int)(row).AType, .b_type = (int)(row).BType, .c_type = (int)(row).CType,                      \
    .result_type = (int)(row).ResultType

/* How many rows of properties there are where `rows` is NULL, else the rows. */
typedef VkResult asker(const struct tuff_device *device, uint32_t *count, void *rows);

static tuff_status list(const struct tuff_device *device, asker *ask, VkStructureType type, size_t size,
                        void *out_rows, uint32_t *out_count) {
    uint32_t count = 0;
    char *rows = NULL;
    if (ask(device, &count, NULL) != VK_SUCCESS)
        count = 0;
    TUFF_TRY(tuff_alloc(count, size, &rows));
    for (uint32_t i = 0; i < count; i++)
        ((VkBaseOutStructure *)(void *)(rows + i * size))->sType = type;
    *out_count = count > 0 && ask(device, &count, rows) >= VK_SUCCESS ? count : 0;
    *(void **)out_rows = rows;
    return TUFF_OK;
}

static VkResult ask_subgroups(const struct tuff_device *device, uint32_t *count, void *rows) {
    const struct tuff_instance *instance = device->instance;
    return instance->vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR
               ? instance->vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR(device->physical, count, rows)
               : VK_ERROR_EXTENSION_NOT_PRESENT;
}

/* Sums that saturate have to be asked for in the kernel, and ours do not. */
static tuff_status read_subgroups(struct tuff_device *device, size_t *capacity) {
    VkCooperativeMatrixPropertiesKHR *rows = NULL;
    uint32_t count = 0;
    tuff_status status = list(device, ask_subgroups, VK_STRUCTURE_TYPE_COOPERATIVE_MATRIX_PROPERTIES_KHR,
                              sizeof *rows, &rows, &count);
    for (uint32_t i = 0; status == TUFF_OK && i < count; i++)
        if (rows[i].scope == VK_SCOPE_SUBGROUP_KHR && !rows[i].saturatingAccumulation)
            status = add(device, capacity,
                         &(struct tuff_matrix_shape){
                             .m = rows[i].MSize, .n = rows[i].NSize, .k = rows[i].KSize, TYPES_OF(rows[i]) });
    tuff_free(rows);
    return status;
}

#ifdef VK_NV_cooperative_matrix2

static VkResult ask_workgroups(const struct tuff_device *device, uint32_t *count, void *rows) {
    const struct tuff_instance *instance = device->instance;
    return instance->vkGetPhysicalDeviceCooperativeMatrixFlexibleDimensionsPropertiesNV
               ? instance->vkGetPhysicalDeviceCooperativeMatrixFlexibleDimensionsPropertiesNV(
                     device->physical, count, rows)
               : VK_ERROR_EXTENSION_NOT_PRESENT;
}

static void read_limits(struct tuff_device *device, uint32_t *out_most_invocations) {
    VkPhysicalDeviceCooperativeMatrix2PropertiesNV matrices = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_2_PROPERTIES_NV
    };
    VkPhysicalDeviceProperties2 properties = { .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2,
                                               .pNext = &matrices };
    device->instance->vkGetPhysicalDeviceProperties2(device->physical, &properties);
    device->limits.max_matrix_dimension = matrices.cooperativeMatrixFlexibleDimensionsMaxDimension;
    device->limits.matrix_reserved_memory = matrices.cooperativeMatrixWorkgroupScopeReservedSharedMemory;
    *out_most_invocations = matrices.cooperativeMatrixWorkgroupScopeMaxWorkgroupSize;
}

static tuff_status read_workgroups(struct tuff_device *device, size_t *capacity) {
    VkCooperativeMatrixFlexibleDimensionsPropertiesNV *rows = NULL;
    uint32_t count = 0;
    uint32_t most_invocations = 0;
    if (!device->features.cooperative_matrix2)
        return TUFF_OK;
    read_limits(device, &most_invocations);
    tuff_status status =
        list(device, ask_workgroups, VK_STRUCTURE_TYPE_COOPERATIVE_MATRIX_FLEXIBLE_DIMENSIONS_PROPERTIES_NV,
             sizeof *rows, &rows, &count);
    for (uint32_t i = 0; status == TUFF_OK && i < count; i++)
        if (rows[i].scope == VK_SCOPE_WORKGROUP_KHR && !rows[i].saturatingAccumulation &&
            rows[i].workgroupInvocations > 0 && rows[i].workgroupInvocations <= most_invocations)
            status = add(device, capacity,
                         &(struct tuff_matrix_shape){ .m = rows[i].MGranularity,
                                                      .n = rows[i].NGranularity,
                                                      .k = rows[i].KGranularity,
                                                      .invocations = rows[i].workgroupInvocations,
                                                      TYPES_OF(rows[i]) });
    tuff_free(rows);
    return status;
}

#else

static tuff_status read_workgroups(struct tuff_device *device, size_t *capacity) {
    (void)device;
    (void)capacity;
    return TUFF_OK;
}

#endif

tuff_status tuff_matrix_shapes_read(struct tuff_device *device) {
    size_t capacity = 0;
    if (!device->features.cooperative_matrix)
        return TUFF_OK;
    TUFF_TRY(read_subgroups(device, &capacity));
    TUFF_TRY(read_workgroups(device, &capacity));
    device->features.cooperative_matrix = device->matrix_shape_count > 0;
    device->features.cooperative_matrix2 =
        device->features.cooperative_matrix2 && device->matrix_shape_count > 0;
    return TUFF_OK;
}

#else

tuff_status tuff_matrix_shapes_read(struct tuff_device *device) {
    device->features.cooperative_matrix = false;
    return TUFF_OK;
}

#endif
