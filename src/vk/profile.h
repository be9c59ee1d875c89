/* SPDX-License-Identifier: Apache-2.0 */
/* Time that each kernel takes on the device, from timestamps around its dispatches. */
#ifndef TUFF_VK_PROFILE_H
#define TUFF_VK_PROFILE_H

#include "vk/device.h"

struct tuff_profile_row {
    const struct tuff_kernel *kernel;
    uint32_t variant;
    uint64_t count; /* runs */
    double ns;      /* of all of them */
};

/* Sets device->is_profiling if `is_wanted`; TUFF_UNSUPPORTED where the queue has no timestamps. */
tuff_status tuff_profile_create(struct tuff_device *device, bool is_wanted,
                                struct tuff_profile **out_profile);
void tuff_profile_destroy(struct tuff_profile *profile);
/* Fills up to `capacity` rows, in the order of their first run, and tells how many there are. */
size_t tuff_profile_read(struct tuff_device *device, struct tuff_profile_row *rows, size_t capacity);
void tuff_profile_reset(struct tuff_device *device);

enum { TUFF_TIMER_CAPACITY = 512 };

/* The dispatches of one command buffer. Zeroed: none. */
struct tuff_timer {
    VkQueryPool pool;
    uint32_t count;
    struct {
        const struct tuff_kernel *kernel;
        uint32_t variant;
        bool is_first; /* of the pieces that one run was cut into */
    } spans[TUFF_TIMER_CAPACITY];
};

/* Records the reset of the timer's queries; call it first in the command buffer. */
tuff_status tuff_timer_begin(struct tuff_device *device, VkCommandBuffer commands, struct tuff_timer *timer);
void tuff_timer_start(struct tuff_device *device, VkCommandBuffer commands, struct tuff_timer *timer,
                      const struct tuff_kernel *kernel, uint32_t variant, bool is_first);
void tuff_timer_stop(struct tuff_device *device, VkCommandBuffer commands, struct tuff_timer *timer);
/* Adds the times of a run that has ended to the device's profile. */
tuff_status tuff_timer_collect(struct tuff_device *device, const struct tuff_timer *timer);
void tuff_timer_free(struct tuff_device *device, struct tuff_timer *timer);

#endif
