/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "vk/choose.h"

static const struct tuff_physical devices[] = {
    { .info = { .index = 0,
                .type = TUFF_DEVICE_CPU,
                .name = "llvmpipe (LLVM 15)",
                .uuid = "00000000000000000000000000000001" } },
    { .info = { .index = 1,
                .type = TUFF_DEVICE_INTEGRATED,
                .name = "Intel(R) Iris Xe",
                .uuid = "abcdef00000000000000000000000002" } },
    { .info = { .index = 2,
                .type = TUFF_DEVICE_DISCRETE,
                .name = "Radeon HD 4000",
                .refusal = "it is too old",
                .uuid = "00000000000000000000000000000003" } },
    { .info = { .index = 3,
                .type = TUFF_DEVICE_DISCRETE,
                .name = "Radeon RX 7800",
                .uuid = "00000000000000000000000000000004" } },
    { .info = { .index = 4,
                .type = TUFF_DEVICE_VIRTUAL,
                .name = "Virtio",
                .uuid = "00000000000000000000000000000005" } },
};

Test(vk_choose, by_index_name_or_uuid_else_the_best) {
    static const struct {
        const char *wanted;
        uint32_t index;
    } rows[] = {
        { NULL, 3 },
        { "", 3 },
        { "0", 0 },
        { "4", 4 },
        { "LLVMPIPE", 0 },
        { "iris", 1 },
        { "radeon", 3 },
        { "00000000000000000000000000000005", 4 },
        { "ABCDEF00-0000-0000-0000-000000000002", 1 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint32_t index = 99;
        cr_assert_eq(tuff_choose_device(devices, 5, rows[i].wanted, &index), TUFF_OK, "%s",
                     tuff_error_message());
        cr_assert_eq(index, rows[i].index, "%s gave %u", rows[i].wanted, index);
    }
}

Test(vk_choose, refusals_say_why) {
    uint32_t index = 0;
    cr_assert_eq(tuff_choose_device(devices, 0, NULL, &index), TUFF_NO_DEVICE);
    cr_assert(strstr(tuff_error_message(), "mesa-vulkan-drivers"));
    cr_assert_eq(tuff_choose_device(devices, 5, "HD 4000", &index), TUFF_NO_DEVICE);
    cr_assert(strstr(tuff_error_message(), "it is too old"));
    cr_assert_eq(tuff_choose_device(devices + 2, 1, NULL, &index), TUFF_NO_DEVICE);
    cr_assert(strstr(tuff_error_message(), "Radeon HD 4000: it is too old"));
    cr_assert_eq(tuff_choose_device(devices, 5, "GeForce", &index), TUFF_ARGUMENT);
    cr_assert(strstr(tuff_error_message(), "0 (llvmpipe (LLVM 15)), 1 (Intel(R) Iris Xe)"));
    cr_assert_eq(tuff_choose_device(devices, 5, "7", &index), TUFF_ARGUMENT);
}
