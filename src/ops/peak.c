/* SPDX-License-Identifier: Apache-2.0 */
/* What a device can do at most, measured with kernels that do nothing else. */
#include "base/timing.h"
#include "kernels/peak_copy.h"
#include "kernels/peak_multiply.h"
#include "ops/measure.h"
#include "ops/teams.h"

enum { REPEATS = 5, WORKGROUPS = 1024, LANES = 64, DISPATCHES = 200 };

static tuff_status run_recording(void *user) {
    return tuff_recording_run(user, NULL, NULL);
}

/* What is recorded `count` times, each after the one before. */
typedef tuff_status step_function(struct tuff_device *device, struct tuff_recording *recording,
                                  const struct tuff_slice slices[2], uint32_t size);

static tuff_status time_steps(struct tuff_device *device, step_function *step,
                              const struct tuff_slice slices[2], uint32_t size, uint32_t count,
                              double *out_ms) {
    struct tuff_recording *recording = NULL;
    struct tuff_timing timing = { 0 };
    TUFF_TRY(tuff_recording_create(device, &recording));
    tuff_status status = TUFF_OK;
    for (uint32_t i = 0; i < count && status == TUFF_OK; i++)
        status = step(device, recording, slices, size);
    if (status == TUFF_OK)
        status = tuff_recording_end(recording);
    if (status == TUFF_OK)
        status = tuff_timing_run(REPEATS, run_recording, recording, &timing);
    tuff_recording_destroy(recording);
    *out_ms = timing.median_ms / count;
    return status;
}

static tuff_status multiply(struct tuff_device *device, struct tuff_recording *recording,
                            const struct tuff_slice slices[2], uint32_t turns) {
    (void)device;
    const struct tuff_grid grid = { WORKGROUPS, 1, 1, (uint64_t)WORKGROUPS * LANES * turns * 128 };
    return tuff_run_peak_multiply(recording, 0, grid,
                                  &(struct tuff_peak_multiply){ .y = slices[0],
                                                                .push = { turns, 0.9999f, 0.0001f },
                                                                .spec = { .workgroup_size = LANES } });
}

static tuff_status copy(struct tuff_device *device, struct tuff_recording *recording,
                        const struct tuff_slice slices[2], uint32_t size) {
    (void)device;
    const uint32_t groups = size / 16;
    return tuff_run_peak_copy(
        recording, 0, tuff_grid_line(groups / LANES, size / 2),
        &(struct tuff_peak_copy){
            .x = slices[0], .y = slices[1], .push = { groups }, .spec = { .workgroup_size = LANES } });
}

/* Turns until a pass takes some milliseconds: devices differ by a factor of a thousand. */
static tuff_status measure_multiply(struct tuff_device *device, const struct tuff_slice slices[2],
                                    double *out_gflops) {
    enum { LEAST_MS = 5, MOST_TURNS = 1 << 16 };
    double ms = 0;
    uint32_t turns = 16;
    for (;; turns *= 4) {
        TUFF_TRY(time_steps(device, multiply, slices, turns, 1, &ms));
        if (ms >= LEAST_MS || turns >= MOST_TURNS)
            break;
    }
    *out_gflops = 2.0 * WORKGROUPS * LANES * turns * 128 / ms / 1e6;
    return TUFF_OK;
}

tuff_status tuff_measure_peak(struct tuff_device *device, tuff_peak *out_peak) {
    struct tuff_arena *arena = NULL;
    struct tuff_slice slices[2];
    const uint32_t size = 64u << 20; /* beyond the caches of most */
    double copy_ms = 0;
    double least_ms = 0;
    TUFF_TRY(tuff_arena_create(device, TUFF_MEMORY_DEVICE, "measuring", &arena));
    tuff_status status = tuff_arena_take(arena, size, &slices[0]);
    if (status == TUFF_OK)
        status = tuff_arena_take(arena, size, &slices[1]);
    if (status == TUFF_OK)
        status = measure_multiply(device, slices, &out_peak->gflops);
    if (status == TUFF_OK)
        status = time_steps(device, copy, slices, size, 4, &copy_ms);
    if (status == TUFF_OK)
        status = time_steps(device, copy, slices, LANES * 16, DISPATCHES, &least_ms);
    tuff_arena_destroy(arena);
    if (status != TUFF_OK)
        return status;
    out_peak->gbytes_per_s = 2.0 * size / copy_ms / 1e6;
    out_peak->dispatch_us = least_ms * 1e3;
    return TUFF_OK;
}
