/* SPDX-License-Identifier: Apache-2.0 */
/* What a driver with VK_EXT_device_fault tells of a loss, for whoever reads the log. */
#ifndef TUFF_VK_FAULT_H
#define TUFF_VK_FAULT_H

#include "vk/device.h"

/* Logs it as warnings; nothing where the device has no such extension. The device is lost. */
void tuff_fault_log(struct tuff_device *device);

#endif
