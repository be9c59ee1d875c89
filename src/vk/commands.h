/* SPDX-License-Identifier: Apache-2.0 */
/* Recording and running. A recording is made once and replayed: a row of command buffers, each below the
 * cost budget of one submit, so that no watchdog trips and a run can be given up between submits. Barriers
 * are placed from what each kernel says that it reads and writes; nobody calls a barrier function. */
#ifndef TUFF_VK_COMMANDS_H
#define TUFF_VK_COMMANDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "vk/kernel.h"
#include "vk/memory.h"

struct tuff_device;
struct tuff_pipeline_key;
struct tuff_recording;

/* The grid of a dispatch, in workgroups, and what it costs. A dispatch above the device's bound is cut along
 * its longest dimension (vkCmdDispatchBase): kernels use gl_WorkGroupID and never gl_NumWorkGroups. Vulkan
 * allows no base beyond maxComputeWorkGroupCount (65,535 a dimension on many devices), so a kernel that may
 * need more spreads its grid over two dimensions or lets an invocation do more. */
struct tuff_grid {
    uint32_t x;
    uint32_t y;
    uint32_t z;
    uint64_t cost; /* multiply-adds, or bytes moved / 4 where that is more; 0: small */
};

tuff_status tuff_recording_create(struct tuff_device *device, struct tuff_recording **out_recording);
/* A survey takes the same calls as a recording that is to come and runs nothing: its end makes all the
 * pipelines that it met, on all processors at once. */
tuff_status tuff_recording_create_survey(struct tuff_device *device, struct tuff_recording **out_recording);
/* What a survey met so far, in its order and as often; it owns them. */
const struct tuff_pipeline_key *tuff_recording_keys(const struct tuff_recording *survey, size_t *out_count);
/* Waits for what is in flight. NULL is fine. */
void tuff_recording_destroy(struct tuff_recording *recording);

/* Appends one kernel. `slices` has binding_count entries, `push` push_size bytes, `specs` spec_count words
 * (each the value to specialize with). Generated wrappers call this: tuff_run_layer_norm_forward(...). A grid
 * with a 0 appends nothing. TUFF_UNSUPPORTED if the device lacks what the variant needs or runs no grid as
 * large. After a failure the recording is good for nothing but being destroyed. */
tuff_status tuff_record_kernel(struct tuff_recording *recording, const struct tuff_kernel *kernel,
                               uint32_t variant, struct tuff_grid grid, const struct tuff_slice *slices,
                               const void *push, const uint32_t *specs);
/* Slices of multiples of 4 bytes that do not overlap; from.size bytes. */
tuff_status tuff_record_copy(struct tuff_recording *recording, struct tuff_slice to, struct tuff_slice from);
tuff_status tuff_record_fill(struct tuff_recording *recording, struct tuff_slice to, uint32_t word);
/* No more may be appended; what was written becomes visible to the host after the wait. */
tuff_status tuff_recording_end(struct tuff_recording *recording);

/* Submits all parts and waits for the end. `keep_going` (may be NULL) is asked before each part, with nothing
 * of the recording in flight; false gives TUFF_CANCELLED. On a paced device each part is waited for as well. TUFF_DEVICE_LOST is latched in the device. */
tuff_status tuff_recording_run(struct tuff_recording *recording, bool (*keep_going)(void *user), void *user);
/* Ends, runs and destroys a recording; where `status` says that not all could be appended, only destroys it and gives that
 * back. */
tuff_status tuff_recording_finish(struct tuff_recording *recording, tuff_status status);
/* The halves of a run, for work that overlaps: submit starts, wait ends it. A second submit of one recording
 * waits for the first. */
tuff_status tuff_recording_submit(struct tuff_recording *recording);
/* TUFF_OK also where the time is over first: tuff_recording_is_done tells. UINT64_MAX: as long as it takes.
 */
tuff_status tuff_recording_wait(struct tuff_recording *recording, uint64_t timeout_ns);
/* Whether everything submitted has been waited for. */
bool tuff_recording_is_done(const struct tuff_recording *recording);

#endif
