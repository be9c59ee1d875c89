/* SPDX-License-Identifier: Apache-2.0 */
/* Work handed to the device's queue and waited for. The only file that submits; it holds the queue's lock
 * just for the call, so that threads, and later a host program that lends its queue, take turns. */
#ifndef TUFF_VK_QUEUE_H
#define TUFF_VK_QUEUE_H

#include "vk/device.h"

/* One submit. Zeroed: none yet, and done. */
struct tuff_ticket {
    VkFence fence;     /* kept for the next submit; without timeline semaphores */
    uint64_t value;    /* of the device's timeline; 0: none */
    uint64_t start_ns; /* when it was submitted, where the device is paced */
    bool is_pending;
};

tuff_status tuff_queue_open(struct tuff_device *device);
void tuff_queue_close(struct tuff_device *device);

/* A semaphore of the caller's; `value` is 0 for a binary one. NULL: none. */
struct tuff_semaphore {
    VkSemaphore handle;
    uint64_t value;
};

struct tuff_submit {
    VkCommandBuffer commands; /* NULL: semaphores alone */
    uint64_t cost;
    struct tuff_semaphore wait, signal; /* copies wait */
};

/* The ticket's earlier submit has been waited for. The cost is told to whoever paces the device. */
tuff_status tuff_queue_submit(struct tuff_device *device, const struct tuff_submit *submit,
                              struct tuff_ticket *ticket);
/* *out_is_done is false where the time is over before the work. UINT64_MAX waits until it is done or the
 * device is lost. A ticket that waits for nothing is done. */
tuff_status tuff_queue_wait(struct tuff_device *device, struct tuff_ticket *ticket, uint64_t timeout_ns,
                            bool *out_is_done);
/* Frees what the ticket keeps; its work is done, or the device lost. */
void tuff_ticket_free(struct tuff_device *device, struct tuff_ticket *ticket);

#endif
