/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/driver.h"

#include <string.h>

enum { AMD = 0x1002, MESA = 0x10005, NVIDIA = 0x10de };

bool tuff_driver_is_lavapipe(const struct tuff_device *device) {
    return device->info.type == TUFF_DEVICE_CPU && device->info.vendor_id == MESA;
}

bool tuff_driver_has_scalar_loads(const struct tuff_device *device) {
    return tuff_driver_is_lavapipe(device) && device->info.driver_version >= VK_MAKE_API_VERSION(0, 25, 0, 0);
}

static bool is_lavapipe(const struct tuff_device *device) {
    return strstr(device->info.driver, "llvmpipe") != NULL;
}

bool tuff_driver_has_fast_matrices(const struct tuff_device *device) {
    if (device->info.type == TUFF_DEVICE_CPU || is_lavapipe(device))
        return false;
    switch (device->info.vendor_id) {
    case AMD:
        return device->limits.has_fast_dot;
    case NVIDIA:
        return true;
    default:
        return false;
    }
}

bool tuff_driver_runs_matrices(const struct tuff_device *device) {
    return !is_lavapipe(device) || device->limits.subgroup_size == 8;
}
