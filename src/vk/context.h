/* SPDX-License-Identifier: Apache-2.0 */
/* The public handle: a device, and the allocator that serves whatever is made from it. */
#ifndef TUFF_VK_CONTEXT_H
#define TUFF_VK_CONTEXT_H

#include "vk/device.h"

struct tuff_context {
    struct tuff_device *device;
    struct tuff_allocator allocator;    /* all NULL: the C library's */
    char *cache_folder;                 /* for what is measured on this device; NULL: nothing is kept */
    struct tuff_device_options options; /* to open the device again; its texts are the context's */
    char *device_name, *disable;
    bool is_lent;
};

#endif
