/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "base/memory.h"
#include "support/axpy.h"
#include "support/device.h"
#include "vk/memory.h"

static const uint64_t mib = 1 << 20;

Test(vk_memory, slices_are_aligned_and_apart) {
    struct tuff_device *device = test_device();
    struct tuff_arena *arena = NULL;
    struct tuff_slice slices[64];
    const uint64_t alignment = tuff_slice_alignment(device);
    test_ok(tuff_arena_create(device, TUFF_MEMORY_DEVICE, "test", &arena));
    for (size_t i = 0; i < 64; i++) {
        test_ok(tuff_arena_take(arena, i * i * 97 + 1, &slices[i]));
        cr_assert_eq(slices[i].offset % alignment, 0);
        cr_assert_eq(slices[i].size % 16, 0);
        cr_assert_geq(slices[i].size, i * i * 97 + 1);
        for (size_t j = 0; j < i; j++)
            cr_assert(slices[i].buffer != slices[j].buffer ||
                          slices[j].offset + slices[j].size <= slices[i].offset ||
                          slices[i].offset + slices[i].size <= slices[j].offset,
                      "slices %zu and %zu overlap", i, j);
    }
    uint64_t held = tuff_arena_size(arena);
    tuff_arena_reset(arena);
    struct tuff_slice again;
    test_ok(tuff_arena_take(arena, 5, &again));
    cr_assert_eq(again.buffer, slices[0].buffer);
    cr_assert_eq(again.offset, slices[0].offset);
    cr_assert_eq(tuff_arena_size(arena), held);
    tuff_arena_destroy(arena);
    test_device_close_idle(device);
}

Test(vk_memory, a_reserved_arena_does_not_grow) {
    struct tuff_device *device = test_device();
    struct tuff_arena *arena = NULL;
    struct tuff_slice slice;
    test_ok(tuff_arena_create(device, TUFF_MEMORY_DEVICE, "test", &arena));
    test_ok(tuff_arena_reserve(arena, 10 * mib));
    for (int i = 0; i < 10; i++)
        test_ok(tuff_arena_take(arena, mib, &slice));
    cr_assert_eq(tuff_arena_size(arena), 10 * mib);
    tuff_arena_destroy(arena);
    test_device_close_idle(device);
}

/* Sizes around the halves of the staging ring, odd ones too. */
Test(vk_memory, what_goes_up_comes_down) {
    static const uint64_t sizes[] = { 1, 15, 4096, (8 << 20) - 1, 8 << 20, (8 << 20) + 1, (24 << 20) + 5 };
    static const char *const without[] = { "", "mapped_memory", "mapped_memory,timeline_semaphore" };
    unsigned char *data = NULL;
    unsigned char *back = NULL;
    test_ok(tuff_alloc(32 * mib, 1, &data));
    test_ok(tuff_alloc(32 * mib, 1, &back));
    for (size_t i = 0; i < 32 * mib; i++)
        data[i] = (unsigned char)(i * 2654435761u >> 13);
    for (size_t row = 0; row < 3; row++) {
        struct tuff_device *device = test_device_without(without[row]);
        struct tuff_arena *arena = NULL;
        test_ok(tuff_arena_create(device, TUFF_MEMORY_DEVICE, "test", &arena));
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            struct tuff_slice slice;
            test_ok(tuff_arena_take(arena, sizes[i] + 8, &slice));
            cr_assert(row == 0 || tuff_slice_map(&slice) == NULL);
            test_ok(tuff_upload(device, &slice, 4, data, sizes[i]));
            memset(back, 0, sizes[i]);
            test_ok(tuff_download(device, &slice, 4, back, sizes[i]));
            cr_assert_eq(memcmp(data, back, sizes[i]), 0, "%llu bytes", (unsigned long long)sizes[i]);
        }
        tuff_arena_destroy(arena);
        test_device_close_idle(device);
    }
    tuff_free(data);
    tuff_free(back);
}

Test(vk_memory, host_kinds_are_mapped) {
    struct tuff_device *device = test_device_without("mapped_memory");
    static const enum tuff_memory_kind kinds[] = { TUFF_MEMORY_UPLOAD, TUFF_MEMORY_DOWNLOAD };
    for (size_t i = 0; i < 2; i++) {
        struct tuff_arena *arena = NULL;
        struct tuff_slice slice;
        test_ok(tuff_arena_create(device, kinds[i], "test", &arena));
        test_ok(tuff_arena_take(arena, 100, &slice));
        cr_assert_not_null(tuff_slice_map(&slice));
        memset(tuff_slice_map(&slice), 7, 100);
        test_ok(tuff_slice_flush(&slice));
        test_ok(tuff_slice_invalidate(&slice));
        tuff_arena_destroy(arena);
    }
    test_device_close_idle(device);
}

/* No machine has a million times a gibibyte; the arena is as good afterwards as before. */
Test(vk_memory, what_cannot_be_had_is_an_error) {
    struct tuff_device *device = test_device();
    struct tuff_arena *arena = NULL;
    struct tuff_slice slice;
    test_ok(tuff_arena_create(device, TUFF_MEMORY_DEVICE, "weights", &arena));
    cr_assert_eq(tuff_arena_take(arena, UINT64_MAX, &slice), TUFF_UNSUPPORTED);
    cr_assert_eq(tuff_arena_take(arena, device->limits.max_storage_range + 1, &slice), TUFF_UNSUPPORTED);
    cr_assert_eq(tuff_arena_reserve(arena, 1ull << 50), TUFF_DEVICE_MEMORY);
    cr_assert(strstr(tuff_error_message(), "weights: "), "%s", tuff_error_message());
    tuff_arena_destroy(arena);
    cr_assert_eq(tuff_arena_create(device, TUFF_MEMORY_DEVICE, "weights", &arena), TUFF_OK);
    test_ok(tuff_arena_take(arena, mib, &slice));
    cr_assert_eq(tuff_upload(device, &slice, mib, "x", 1), TUFF_ARGUMENT);
    cr_assert_eq(tuff_download(device, &slice, UINT64_MAX, &slice, 2), TUFF_ARGUMENT);
    tuff_arena_destroy(arena);
    for (uint32_t heap = 0; heap < device->memory.memoryHeapCount; heap++)
        cr_assert_eq(device->heap_used[heap], 0);
    test_device_close_idle(device);
}
