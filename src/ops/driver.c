/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/driver.h"

#include <string.h>

bool tuff_driver_is_lavapipe(const struct tuff_device *device) {
    return device->info.type == TUFF_DEVICE_CPU && device->info.vendor_id == TUFF_VENDOR_MESA;
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
    case TUFF_VENDOR_AMD:
        return device->limits.has_fast_dot;
    case TUFF_VENDOR_NVIDIA:
        return true;
    default:
        return false;
    }
}

bool tuff_driver_has_subgroup_sums(const struct tuff_device *device) {
    return device->features.subgroup_arithmetic && !strstr(device->info.driver, "panvk");
}

bool tuff_driver_runs_matrices(const struct tuff_device *device) {
    return !is_lavapipe(device) || device->limits.subgroup_size == 8;
}
