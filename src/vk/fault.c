/* SPDX-License-Identifier: Apache-2.0 */
#include "vk/fault.h"

/* More would not help a reader. */
enum { MOST_ENTRIES = 16 };

void tuff_fault_log(struct tuff_device *device) {
    VkDeviceFaultAddressInfoEXT addresses[MOST_ENTRIES];
    VkDeviceFaultVendorInfoEXT vendor[MOST_ENTRIES];
    VkDeviceFaultInfoEXT info = {
        .sType = VK_STRUCTURE_TYPE_DEVICE_FAULT_INFO_EXT,
        .pAddressInfos = addresses,
        .pVendorInfos = vendor,
    };
    VkDeviceFaultCountsEXT counts = {
        .sType = VK_STRUCTURE_TYPE_DEVICE_FAULT_COUNTS_EXT,
        .addressInfoCount = MOST_ENTRIES,
        .vendorInfoCount = MOST_ENTRIES,
    };
    if (!device->features.device_fault || !device->table.vkGetDeviceFaultInfoEXT ||
        device->table.vkGetDeviceFaultInfoEXT(device->handle, &counts, &info) < VK_SUCCESS)
        return;
    tuff_log_write(&device->log, TUFF_LOG_WARNING, "device fault: %s", info.description);
    for (uint32_t i = 0; i < counts.addressInfoCount && i < MOST_ENTRIES; i++)
        tuff_log_write(&device->log, TUFF_LOG_WARNING, "device fault: address 0x%llx, type %d",
                       (unsigned long long)addresses[i].reportedAddress, (int)addresses[i].addressType);
    for (uint32_t i = 0; i < counts.vendorInfoCount && i < MOST_ENTRIES; i++)
        tuff_log_write(&device->log, TUFF_LOG_WARNING, "device fault: %s (0x%llx, 0x%llx)",
                       vendor[i].description, (unsigned long long)vendor[i].vendorFaultCode,
                       (unsigned long long)vendor[i].vendorFaultData);
}
