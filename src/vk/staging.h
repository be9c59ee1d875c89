/* SPDX-License-Identifier: Apache-2.0 */
/* The road to device memory that the host cannot map: two halves of a buffer, one filled while the other is
 * copied. */
#ifndef TUFF_VK_STAGING_H
#define TUFF_VK_STAGING_H

#include "vk/device.h"

/* Takes no memory before the first copy. */
tuff_status tuff_staging_create(struct tuff_device *device, struct tuff_staging **out_staging);
void tuff_staging_destroy(struct tuff_staging *staging);

#endif
