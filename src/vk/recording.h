/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a recording, for the two files that make it: recording.c opens parts and runs them,
 * commands.c fills them. */
#ifndef TUFF_VK_RECORDING_H
#define TUFF_VK_RECORDING_H

#include "vk/commands.h"
#include "vk/descriptors.h"
#include "vk/hazards.h"
#include "vk/pipeline.h"
#include "vk/profile.h"
#include "vk/queue.h"

/* One command buffer, one submit. */
struct tuff_part {
    VkCommandBuffer commands;
    struct tuff_ticket ticket;
    struct tuff_timer *timer; /* NULL: not profiling */
    uint64_t cost;
    uint32_t kernel_count;
};

struct tuff_recording {
    struct tuff_device *device;
    VkCommandPool pool;
    struct tuff_part *parts;
    size_t count;
    size_t capacity;
    struct tuff_hazards hazards;
    struct tuff_descriptors descriptors;
    bool is_open; /* the last part takes commands */
    bool is_ended;
    bool is_survey;
    struct tuff_pipeline_key *keys; /* that a survey met */
    size_t key_count;
    size_t key_capacity;
};

/* The part that the next command goes to: a new one where the cost would exceed what a submit may hold. */
tuff_status tuff_recording_part(struct tuff_recording *recording, uint64_t cost, struct tuff_part **out_part);
/* TUFF_ARGUMENT once the recording has ended. */
tuff_status tuff_recording_check_open(const struct tuff_recording *recording);

#endif
