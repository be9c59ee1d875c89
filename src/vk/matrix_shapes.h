/* SPDX-License-Identifier: Apache-2.0 */
/* The matrix shapes that a device multiplies: with VK_KHR_cooperative_matrix at subgroup scope, with
 * VK_NV_cooperative_matrix2 at workgroup scope too. */
#ifndef TUFF_VK_MATRIX_SHAPES_H
#define TUFF_VK_MATRIX_SHAPES_H

#include "vk/device.h"

/* Fills device->matrix_shapes; the feature goes off where there is no shape or the headers of the build did
 * not know the extension. */
tuff_status tuff_matrix_shapes_read(struct tuff_device *device);

#endif
