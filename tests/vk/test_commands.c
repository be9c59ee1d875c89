/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "base/thread.h"
#include "support/axpy.h"
#include "support/device.h"
#include "vk/commands.h"
#include "vk/pipeline.h"

/* What most tests here begin and end with. */
struct bench {
    struct tuff_device *device;
    struct tuff_arena *arena;
    struct tuff_recording *recording;
    struct tuff_slice x, y, z; /* a ramp, zeros, zeros */
};

static struct bench set_up(struct tuff_device *device) {
    struct bench bench = { .device = device };
    test_ok(tuff_arena_create(device, TUFF_MEMORY_DEVICE, "test", &bench.arena));
    bench.x = test_ramp(bench.arena, device);
    bench.y = test_zeros(bench.arena, device);
    bench.z = test_zeros(bench.arena, device);
    test_ok(tuff_recording_create(device, &bench.recording));
    return bench;
}

static void free_objects(struct bench *bench) {
    tuff_recording_destroy(bench->recording);
    tuff_arena_destroy(bench->arena);
}

static void tear_down(struct bench *bench) {
    free_objects(bench);
    test_device_close(bench->device);
}

/* Each command needs what the one before it wrote; the results are 10 x in y and 8 x in z. */
static void record_chain(struct bench *bench) {
    test_ok(tuff_record_fill(bench->recording, bench->y, 0));
    test_ok(test_record_axpy(bench->recording, bench->x, bench->y, 2, 0));
    test_ok(tuff_record_copy(bench->recording, bench->z, bench->y));
    test_ok(test_record_axpy(bench->recording, bench->y, bench->z, 3, 0));
    test_ok(test_record_axpy(bench->recording, bench->z, bench->y, 1, 0));
    test_ok(tuff_recording_end(bench->recording));
}

static void expect_chain(struct bench *bench) {
    test_expect_ramp(bench->device, &bench->y, 10);
    test_expect_ramp(bench->device, &bench->z, 8);
}

Test(vk_commands, a_chain_is_ordered_with_any_features_off) {
    static const char *const without[] = { "",
                                           "push_descriptor",
                                           "timeline_semaphore",
                                           "mapped_memory",
                                           "subgroup_size_control,memory_budget",
                                           "push_descriptor,timeline_semaphore,mapped_memory,memory_budget" };
    for (size_t row = 0; row < sizeof without / sizeof without[0]; row++) {
        struct bench bench = set_up(test_device_without(without[row]));
        record_chain(&bench);
        for (int run = 0; run < 3; run++)
            test_ok(tuff_recording_run(bench.recording, NULL, NULL));
        expect_chain(&bench);
        cr_assert_eq(bench.device->dispatch_count, 9, "without '%s'", without[row]);
        tear_down(&bench);
    }
}

static bool count_down(void *user) {
    int *left = user;
    return (*left)-- > 0;
}

/* Pieces of 1 to 5 workgroups, a submit for every few of them: a kernel still runs once, and counts once. */
Test(vk_commands, work_is_cut_to_the_budget) {
    struct bench bench = set_up(test_device());
    bench.device->dispatch_cost = 5;
    bench.device->submit_cost = 12;
    test_ok(test_record_axpy(bench.recording, bench.x, bench.y, 3, 80)); /* a grid of 16 x 5 */
    test_ok(test_record_axpy(bench.recording, bench.y, bench.z, 2, 80));
    test_ok(tuff_recording_end(bench.recording));
    int plenty = 1000;
    test_ok(tuff_recording_run(bench.recording, count_down, &plenty));
    cr_assert_lt(plenty, 1000 - 8, "the work came in %d submits", 1000 - plenty);
    test_expect_ramp(bench.device, &bench.y, 3);
    test_expect_ramp(bench.device, &bench.z, 6);
    cr_assert_eq(bench.device->dispatch_count, 2);
    tear_down(&bench);
}

Test(vk_commands, a_run_is_given_up_between_submits) {
    struct bench bench = set_up(test_device());
    bench.device->submit_cost = 1;
    for (int i = 0; i < 10; i++)
        test_ok(test_record_axpy(bench.recording, bench.x, bench.y, 1, 1));
    test_ok(tuff_recording_end(bench.recording));
    int four = 4;
    cr_assert_eq(tuff_recording_run(bench.recording, count_down, &four), TUFF_CANCELLED);
    test_expect_ramp(bench.device, &bench.y, 4);
    test_ok(tuff_recording_run(bench.recording, NULL, NULL));
    test_expect_ramp(bench.device, &bench.y, 14);
    tear_down(&bench);
}

Test(vk_commands, a_second_submit_waits_for_the_first) {
    struct bench bench = set_up(test_device());
    test_ok(test_record_axpy(bench.recording, bench.x, bench.y, 1, 0));
    test_ok(tuff_recording_end(bench.recording));
    cr_assert(tuff_recording_is_done(bench.recording));
    for (int i = 0; i < 20; i++)
        test_ok(tuff_recording_submit(bench.recording));
    cr_assert_not(tuff_recording_is_done(bench.recording));
    test_ok(tuff_recording_wait(bench.recording, 0));
    test_ok(tuff_recording_wait(bench.recording, UINT64_MAX));
    cr_assert(tuff_recording_is_done(bench.recording));
    test_expect_ramp(bench.device, &bench.y, 20);
    /* Destroying waits as well. */
    test_ok(tuff_recording_submit(bench.recording));
    tear_down(&bench);
}

/* Two recordings in flight that share slices run in the order of their submits. */
Test(vk_commands, recordings_are_ordered_among_themselves) {
    struct bench bench = set_up(test_device());
    struct tuff_recording *second = NULL;
    test_ok(tuff_recording_create(bench.device, &second));
    test_ok(test_record_axpy(bench.recording, bench.x, bench.y, 2, 0));
    test_ok(tuff_recording_end(bench.recording));
    test_ok(test_record_axpy(second, bench.y, bench.z, 3, 0));
    test_ok(tuff_recording_end(second));
    test_ok(tuff_recording_submit(bench.recording));
    test_ok(tuff_recording_submit(second));
    test_ok(tuff_recording_wait(second, UINT64_MAX));
    test_expect_ramp(bench.device, &bench.z, 6);
    test_ok(tuff_recording_wait(bench.recording, UINT64_MAX));
    tuff_recording_destroy(second);
    tear_down(&bench);
}

Test(vk_commands, an_empty_recording_runs) {
    struct bench bench = set_up(test_device());
    const struct tuff_grid nothing = { 0, 1, 1, 0 };
    const uint32_t width = 64;
    test_ok(tuff_record_kernel(bench.recording, test_axpy(), 0, nothing, NULL, NULL, &width));
    test_ok(tuff_recording_end(bench.recording));
    test_ok(tuff_recording_run(bench.recording, NULL, NULL));
    cr_assert_eq(bench.device->dispatch_count, 0);
    free_objects(&bench);
    test_device_close_idle(bench.device);
}

Test(vk_commands, what_cannot_be_recorded_is_refused) {
    struct bench bench = set_up(test_device());
    struct tuff_recording *recording = bench.recording;
    const uint32_t most = bench.device->limits.max_workgroup_count[1];
    const uint32_t width = 64;
    const uint32_t push[3] = { 0 };
    const struct tuff_slice pair[] = { bench.x, bench.y };
    struct tuff_slice odd = bench.y;
    odd.offset += 4;
    odd.size -= 4;
    struct tuff_slice long_slice = bench.y;
    long_slice.size = UINT64_MAX / 2;
    cr_assert_eq(test_record_axpy(recording, bench.x, odd, 1, 0), TUFF_ARGUMENT);
    cr_assert_eq(test_record_axpy(recording, bench.x, long_slice, 1, 0), TUFF_ARGUMENT);
    cr_assert_eq(test_record_axpy(recording, bench.x, (struct tuff_slice){ 0 }, 1, 0), TUFF_ARGUMENT);
    if (most < UINT32_MAX) {
        const struct tuff_grid high = { 1, most + 1, 1, 0 };
        cr_assert_eq(tuff_record_kernel(recording, test_axpy(), 0, high, pair, push, &width),
                     TUFF_UNSUPPORTED);
    }
    cr_assert_eq(
        tuff_record_kernel(recording, test_axpy(), 7, (struct tuff_grid){ 1, 1, 1, 0 }, pair, push, &width),
        TUFF_ARGUMENT);
    cr_assert_eq(tuff_record_copy(recording, bench.y, bench.y), TUFF_ARGUMENT);
    cr_assert_eq(tuff_record_fill(recording, long_slice, 0), TUFF_ARGUMENT);
    cr_assert_eq(tuff_recording_submit(recording), TUFF_ARGUMENT);
    test_ok(tuff_recording_end(recording));
    cr_assert_eq(tuff_record_fill(recording, bench.y, 0), TUFF_ARGUMENT);
    free_objects(&bench);
    test_device_close_idle(bench.device);
}

/* As after a reset of the GPU: every call says so at once, and everything can still be destroyed. */
Test(vk_commands, a_lost_device_stays_lost) {
    struct bench bench = set_up(test_device());
    struct tuff_recording *other = NULL;
    struct tuff_slice slice;
    record_chain(&bench);
    test_ok(tuff_recording_run(bench.recording, NULL, NULL));
    cr_assert_eq(tuff_device_result(bench.device, VK_ERROR_DEVICE_LOST, "a test"), TUFF_DEVICE_LOST);
    cr_assert_eq(tuff_recording_run(bench.recording, NULL, NULL), TUFF_DEVICE_LOST);
    cr_assert_eq(tuff_recording_submit(bench.recording), TUFF_DEVICE_LOST);
    cr_assert_eq(tuff_recording_create(bench.device, &other), TUFF_DEVICE_LOST);
    cr_assert_null(other);
    cr_assert_eq(tuff_arena_take(bench.arena, 100 << 20, &slice), TUFF_DEVICE_LOST);
    cr_assert_eq(tuff_upload(bench.device, &bench.x, 0, &slice, 4), TUFF_DEVICE_LOST);
    cr_assert_eq(tuff_download(bench.device, &bench.x, 0, &slice, 4), TUFF_DEVICE_LOST);
    tear_down(&bench);
}

/* A survey makes the pipelines of what would be recorded, and runs nothing. */
Test(vk_commands, a_survey_makes_pipelines) {
    struct bench bench = set_up(test_device());
    struct tuff_recording *survey = NULL;
    size_t count = 0;
    test_ok(tuff_recording_create_survey(bench.device, &survey));
    test_ok(tuff_record_fill(survey, bench.z, 5));
    test_ok(test_record_axpy(survey, bench.x, bench.y, 1, 0));
    test_ok(test_record_axpy(survey, bench.x, bench.y, 1, 0));
    cr_assert_eq(tuff_recording_keys(survey, &count)[0].kernel, test_axpy());
    cr_assert_eq(count, 2);
    cr_assert_eq(tuff_pipelines_count(bench.device), 0);
    test_ok(tuff_recording_end(survey));
    test_ok(tuff_recording_run(survey, NULL, NULL));
    cr_assert_eq(tuff_pipelines_count(bench.device), 1);
    cr_assert_eq(bench.device->dispatch_count, 0);
    test_expect_ramp(bench.device, &bench.z, 0);
    tuff_recording_destroy(survey);
    free_objects(&bench);
    test_device_close_idle(bench.device);
}

static void run_a_chain(void *user) {
    struct tuff_device *device = user;
    struct bench bench = set_up(device);
    record_chain(&bench);
    for (int run = 0; run < 20; run++)
        test_ok(tuff_recording_run(bench.recording, NULL, NULL));
    expect_chain(&bench);
    free_objects(&bench);
}

Test(vk_commands, threads_take_turns_on_the_queue) {
    static const char *const without[] = { "", "mapped_memory,timeline_semaphore" };
    for (size_t row = 0; row < 2; row++) {
        struct tuff_device *device = test_device_without(without[row]);
        struct tuff_thread threads[4];
        test_axpy(); /* compiled before the threads start */
        for (size_t i = 0; i < 4; i++)
            test_ok(tuff_thread_start(&threads[i], run_a_chain, device));
        for (size_t i = 0; i < 4; i++)
            tuff_thread_join(&threads[i]);
        cr_assert_eq(device->dispatch_count, 4 * 20 * 3);
        test_device_close(device);
    }
}

Test(vk_commands, two_devices_live_side_by_side) {
    struct bench one = set_up(test_device());
    struct bench two = set_up(test_device_without("push_descriptor"));
    record_chain(&one);
    record_chain(&two);
    test_ok(tuff_recording_run(one.recording, NULL, NULL));
    test_ok(tuff_recording_run(two.recording, NULL, NULL));
    expect_chain(&one);
    tear_down(&one);
    expect_chain(&two);
    tear_down(&two);
}
