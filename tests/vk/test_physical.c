/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "vk/physical.h"

/* A device exactly at the floor, with one thing taken away in each row. */
Test(vk_physical, below_the_floor_a_sentence_says_why) {
    const struct tuff_limits floor = { .max_storage_buffers = 8,
                                       .max_invocations = 128,
                                       .max_shared_memory = 16384 };
    struct tuff_limits few_buffers = floor;
    struct tuff_limits small_workgroups = floor;
    struct tuff_limits little_memory = floor;
    few_buffers.max_storage_buffers = 7;
    small_workgroups.max_invocations = 127;
    little_memory.max_shared_memory = 16383;
    const struct {
        uint32_t api_version;
        bool can_compute;
        const struct tuff_limits *limits;
        const char *refusal;
    } rows[] = {
        { VK_API_VERSION_1_1, true, &floor, "" },
        { VK_API_VERSION_1_0, true, &floor, "its driver has Vulkan 1.0; tuff needs 1.1" },
        { VK_API_VERSION_1_3, false, &floor, "it has no compute queue" },
        { VK_API_VERSION_1_3, true, &few_buffers, "it has 7 storage buffers a stage; tuff needs 8" },
        { VK_API_VERSION_1_3, true, &small_workgroups, "it has 127 invocations a workgroup; tuff needs 128" },
        { VK_API_VERSION_1_3, true, &little_memory, "it has 16383 bytes of shared memory; tuff needs 16384" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[256] = "not written";
        tuff_physical_refusal(rows[i].api_version, rows[i].can_compute, rows[i].limits, text, sizeof text);
        cr_assert_str_eq(text, rows[i].refusal);
    }
}
