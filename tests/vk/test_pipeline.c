/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "support/axpy.h"
#include "support/device.h"
#include "support/folder.h"
#include "vk/pipeline.h"

static struct tuff_pipeline_key key_of_width(uint32_t width) {
    return (struct tuff_pipeline_key){ .kernel = test_axpy(), .specs = { width } };
}

Test(vk_pipeline, one_for_each_set_of_constants) {
    struct tuff_device *device = test_device();
    const struct tuff_pipeline *first = NULL;
    const struct tuff_pipeline *again = NULL;
    const struct tuff_pipeline *other = NULL;
    const struct tuff_pipeline_key narrow = key_of_width(32);
    const struct tuff_pipeline_key wide = key_of_width(128);
    test_ok(tuff_pipeline_get(device, &narrow, &first));
    test_ok(tuff_pipeline_get(device, &narrow, &again));
    test_ok(tuff_pipeline_get(device, &wide, &other));
    cr_assert_eq(first, again);
    cr_assert_neq(first, other);
    cr_assert_eq(other->local_size[0], 128);
    cr_assert_eq(tuff_pipelines_count(device), 2);
    test_device_close_idle(device);
}

Test(vk_pipeline, many_are_made_at_once) {
    struct tuff_device *device = test_device();
    struct tuff_pipeline_key keys[100];
    for (uint32_t i = 0; i < 100; i++)
        keys[i] = key_of_width(1 + i % 50);
    test_ok(tuff_pipelines_prepare(device, keys, 100));
    cr_assert_eq(tuff_pipelines_count(device), 50);
    keys[70] = key_of_width(1 << 20);
    cr_assert_eq(tuff_pipelines_prepare(device, keys, 100), TUFF_UNSUPPORTED);
    cr_assert(strstr(tuff_error_message(), "axpy: workgroups of 1048576"), "%s", tuff_error_message());
    test_device_close_idle(device);
}

Test(vk_pipeline, what_the_device_lacks_is_refused) {
    struct tuff_device *device = test_device_without("float16");
    struct tuff_kernel_variant variants[] = { test_axpy()->variants[0], test_axpy()->variants[0],
                                              test_axpy()->variants[0] };
    static const char *const specs[] = { "subgroup_size" };
    struct tuff_kernel kernel = *test_axpy();
    const struct tuff_pipeline *pipeline = NULL;
    variants[0].needs = TUFF_NEED_FLOAT16;
    variants[1].needs = TUFF_NEED_UNKNOWN;
    variants[2].code = NULL;
    kernel.variants = variants;
    kernel.variant_count = 3;
    for (uint32_t i = 0; i < 4; i++) {
        const struct tuff_pipeline_key key = { .kernel = &kernel, .variant = i, .specs = { 64 } };
        cr_assert_eq(tuff_pipeline_get(device, &key, &pipeline), i < 3 ? TUFF_UNSUPPORTED : TUFF_ARGUMENT);
    }
    /* The same shader with its constant taken for a subgroup's size. */
    variants[2] = test_axpy()->variants[0];
    kernel.spec_names = specs;
    const uint32_t sizes[] = { device->limits.max_subgroup_size, device->limits.max_subgroup_size * 2, 3 };
    for (size_t i = 0; i < 3; i++) {
        const struct tuff_pipeline_key key = { .kernel = &kernel, .variant = 2, .specs = { sizes[i] } };
        cr_assert_eq(tuff_pipeline_get(device, &key, &pipeline), i == 0 ? TUFF_OK : TUFF_UNSUPPORTED);
    }
    test_device_close_idle(device);
}

/* Makes a pipeline with the folder's cache and closes the device. */
static void use_cache(const char *folder, uint32_t width) {
    struct tuff_device *device = test_device_with(&(struct tuff_device_options){ .cache_folder = folder });
    const struct tuff_pipeline_key key = key_of_width(width);
    const struct tuff_pipeline *pipeline = NULL;
    test_ok(tuff_pipeline_get(device, &key, &pipeline));
    test_device_close_idle(device);
}

static const char *cache_path(const char *folder) {
    struct tuff_device *device = test_device();
    const tuff_device_info *info = &device->info;
    char name[128];
    snprintf(name, sizeof name, "pipelines-%s-%s-%08x", info->uuid, info->driver_uuid, info->driver_version);
    test_device_close_idle(device);
    return test_path(folder, name);
}

Test(vk_pipeline, the_cache_is_kept_and_a_broken_one_rewritten) {
    char folder[TEST_PATH_SIZE];
    char inside[TEST_PATH_SIZE];
    char *good = NULL;
    char *now = NULL;
    size_t size = 0;
    size_t now_size = 0;
    test_folder_make(folder);
    snprintf(inside, sizeof inside, "%s", test_path(folder, "a/b/tuff"));
    const char *path = cache_path(inside);
    use_cache(inside, 64); /* makes the folders */
    test_ok(tuff_file_read(path, 64 << 20, &good, &size));
    for (size_t broken = 0; broken < size; broken += 1 + size / 8) {
        char *wrong = NULL;
        test_ok(tuff_alloc(size, 1, &wrong));
        memcpy(wrong, good, size);
        wrong[broken] = (char)(wrong[broken] ^ 0x10);
        test_ok(tuff_file_replace(path, wrong, size));
        tuff_free(wrong);
        if (broken % 4 == 0)
            test_ok(tuff_file_replace(path, good, broken)); /* cut off */
        use_cache(inside, 64);
        test_ok(tuff_file_read(path, 64 << 20, &now, &now_size));
        cr_assert_eq(now_size, size, "byte %zu", broken);
        tuff_free(now);
    }
    tuff_free(good);
    test_folder_remove(folder);
}

/* A folder that cannot be made costs a warning. */
Test(vk_pipeline, a_cache_without_a_place_is_no_failure) {
    use_cache("/proc/no/such/folder", 64);
}
