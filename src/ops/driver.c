/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/driver.h"

bool tuff_driver_has_scalar_loads(const struct tuff_device *device) {
    const uint32_t mesa = 0x10005;
    return device->info.type == TUFF_DEVICE_CPU && device->info.vendor_id == mesa &&
           device->info.driver_version >= VK_MAKE_API_VERSION(0, 25, 0, 0);
}
