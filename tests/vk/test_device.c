/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/axpy.h"
#include "support/device.h"

Test(vk_device, each_feature_can_be_switched_off) {
    static const char *const names[] = {
#define NAME(feature) #feature,
        TUFF_FEATURE_LIST(NAME)
#undef NAME
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct tuff_device *device = test_device_without(names[i]);
        char listed[600];
        char name[64];
        snprintf(listed, sizeof listed, ",%s,", device->info.features);
        snprintf(name, sizeof name, ",%s,", names[i]);
        cr_assert_null(strstr(listed, name), "%s is still among %s", names[i], listed);
        test_device_close_idle(device);
    }
}

Test(vk_device, what_needs_say_follows_the_features) {
    struct tuff_device *device = test_device_without("float16,storage16,subgroup_arithmetic");
    cr_assert(tuff_device_can(device, 0));
    cr_assert(tuff_device_can(device, TUFF_NEED_SUBGROUP_BASIC));
    cr_assert_not(tuff_device_can(device, TUFF_NEED_SUBGROUP_BASIC | TUFF_NEED_FLOAT16));
    cr_assert_not(tuff_device_can(device, TUFF_NEED_STORAGE16));
    cr_assert_not(tuff_device_can(device, TUFF_NEED_SUBGROUP_ARITHMETIC));
    cr_assert_not(tuff_device_can(device, TUFF_NEED_UNKNOWN));
    test_device_close_idle(device);
}

Test(vk_device, unknown_names_are_arguments) {
    struct tuff_device *device = NULL;
    const struct tuff_device_options feature = { .disable = "storage16, float17" };
    const struct tuff_device_options name = { .device = "no device has this name" };
    cr_assert_eq(tuff_device_open(&feature, &device), TUFF_ARGUMENT);
    cr_assert(strstr(tuff_error_message(), "'float17'"), "%s", tuff_error_message());
    cr_assert_eq(tuff_device_open(&name, &device), TUFF_ARGUMENT);
    cr_assert_null(device);
}

Test(vk_device, without_a_driver_the_package_is_named) {
    struct tuff_device *device = NULL;
    size_t count = 99;
    setenv("VK_ICD_FILENAMES", "/nonexistent", 1);
    setenv("VK_DRIVER_FILES", "/nonexistent", 1);
    cr_assert_eq(tuff_device_open(&(struct tuff_device_options){ 0 }, &device), TUFF_NO_DEVICE);
    cr_assert(strstr(tuff_error_message(), "mesa-vulkan-drivers"), "%s", tuff_error_message());
    cr_assert_eq(tuff_devices(NULL, 0, &count), TUFF_OK, "%s", tuff_error_message());
    cr_assert_eq(count, 0);
}

Test(vk_device, an_absent_validation_layer_is_an_error) {
    struct tuff_device *device = NULL;
    setenv("VK_LAYER_PATH", "/nonexistent", 1);
    cr_assert_eq(tuff_device_open(&(struct tuff_device_options){ .validation = true }, &device),
                 TUFF_NO_DEVICE);
    cr_assert(strstr(tuff_error_message(), "vulkan-validationlayers"), "%s", tuff_error_message());
    cr_assert_null(device);
}

Test(vk_device, the_list_holds_what_opens) {
    tuff_device_info infos[16];
    size_t count = 0;
    struct tuff_device *device = test_device();
    test_ok(tuff_devices(infos, 16, &count));
    cr_assert_gt(count, device->info.index);
    const tuff_device_info *info = &infos[device->info.index];
    cr_assert_str_eq(info->name, device->info.name);
    cr_assert_str_eq(info->uuid, device->info.uuid);
    cr_assert_str_eq(info->refusal, "");
    cr_assert_eq(strlen(info->uuid), 32);
    test_device_close_idle(device);
}

/* The mistake of a kernel's author that synchronization validation is there for: it must not be silent. */
Test(vk_device, a_missing_barrier_is_seen) {
    const struct tuff_device_options options = { .device = getenv("TUFF_DEVICE"), .validation = true };
    struct tuff_device *device = NULL;
    struct tuff_arena *arena = NULL;
    struct tuff_recording *recording = NULL;
    struct tuff_kernel lying = *test_axpy();
    const uint32_t push[3] = { 16, 16, 0 };
    const uint32_t width = 64;
    const struct tuff_grid one = { 1, 1, 1, 0 };
    test_ok(tuff_device_open(&options, &device));
    test_ok(tuff_arena_create(device, TUFF_MEMORY_DEVICE, "test", &arena));
    const struct tuff_slice x = test_ramp(arena, device);
    const struct tuff_slice y = test_zeros(arena, device);
    const struct tuff_slice z = test_zeros(arena, device);
    lying.write_mask = 0;
    test_ok(tuff_recording_create(device, &recording));
    test_ok(tuff_record_kernel(recording, &lying, 0, one, (const struct tuff_slice[]){ x, y }, push, &width));
    test_ok(tuff_record_kernel(recording, &lying, 0, one, (const struct tuff_slice[]){ y, z }, push, &width));
    test_ok(tuff_recording_end(recording));
    test_ok(tuff_recording_run(recording, NULL, NULL));
    cr_assert_gt(tuff_device_message_count(device), 0);
    tuff_recording_destroy(recording);
    tuff_arena_destroy(arena);
    tuff_device_close(device);
}
