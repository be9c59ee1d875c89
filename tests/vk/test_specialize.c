/* SPDX-License-Identifier: Apache-2.0 */
#include "vk/specialize.h"

#include <criterion/criterion.h>

#include "base/memory.h"
#include "support/axpy.h"
#include "support/device.h"
#include "support/shader.h"

/* The first word of an instruction of constants that can be set, or of the decoration that numbers one. */
static bool is_special(const uint32_t *words) {
    const uint32_t operation = words[0] & 0xffff;
    return (operation >= 48 && operation <= 52) || (operation == 71 && words[2] == 1);
}

static void expect_plain(const struct tuff_kernel *kernel, const uint32_t *code, size_t size) {
    for (size_t at = 5; at < size / 4; at += code[at] >> 16)
        cr_assert(!is_special(code + at), "%s: word %zu is %08x", kernel->name, at, code[at]);
}

static void expect_accepted(struct tuff_device *device, const uint32_t *code, size_t size) {
    const VkShaderModuleCreateInfo info = { .sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO,
                                            .codeSize = size,
                                            .pCode = code };
    VkShaderModule module = VK_NULL_HANDLE;
    cr_assert_eq(device->table.vkCreateShaderModule(device->handle, &info, NULL, &module), VK_SUCCESS);
    device->table.vkDestroyShaderModule(device->handle, module, NULL);
}

/* Every module that the device could be given; the validation layer reads them. */
Test(vk_specialize, kernels_have_plain_constants) {
    struct tuff_device *device = test_device();
    for (size_t k = 0; tuff_kernels[k]; k++)
        for (uint32_t v = 0; v < tuff_kernels[k]->variant_count; v++) {
            const struct tuff_kernel *kernel = tuff_kernels[k];
            uint32_t *code = NULL;
            size_t size = 0;
            if (!kernel->variants[v].code || !tuff_device_can(device, kernel->variants[v].needs))
                continue;
            test_ok(tuff_specialize(kernel, v, kernel->spec_defaults, &code, &size));
            expect_plain(kernel, code, size);
            expect_accepted(device, code, size);
            tuff_free(code);
        }
    test_device_close_idle(device);
}

/* Of a and b, that are set, and c, that is not: all the operations that are known, and one that is not. */
static const char source[] = "#version 450\n"
                             "layout(constant_id = 7) const uint b = 1;\n"
                             "layout(constant_id = 3) const uint a = 1;\n"
                             "layout(constant_id = 4) const uint c = 9;\n"
                             "layout(constant_id = 5) const bool is_set = false;\n"
                             "layout(binding = 0) writeonly buffer Y { uint y[]; };\n"
                             "const uint sum = a + b;\n"
                             "const uint other = sum ^ c;\n"
                             "void main() {\n"
                             "    const uint values[] = { sum, a - b, a * b, a / b, a % b, a == b ? 1 : 2,\n"
                             "                            a != b ? 1 : 2, a < b ? 1 : 2, a <= b ? 1 : 2,\n"
                             "                            a > b ? 1 : 2, a >= b ? 1 : 2, is_set ? a : b, c,\n"
                             "                            other };\n"
                             "    for (uint i = 0; i < 14; ++i)\n"
                             "        y[i] = values[i];\n"
                             "}\n";

enum { VALUES = 14 };
static const uint32_t expected[VALUES] = { 19, 15, 34, 8, 1, 2, 1, 2, 2, 1, 1, 17, 9, 19 ^ 9 };

static void expect_values(struct tuff_device *device, const struct tuff_kernel *kernel) {
    struct tuff_arena *arena = NULL;
    struct tuff_recording *recording = NULL;
    struct tuff_slice y;
    uint32_t values[VALUES];
    test_ok(tuff_arena_create(device, TUFF_MEMORY_DEVICE, "test", &arena));
    test_ok(tuff_arena_take(arena, sizeof values, &y));
    test_ok(tuff_recording_create(device, &recording));
    test_ok(tuff_record_kernel(recording, kernel, 0, (struct tuff_grid){ 1, 1, 1, 0 }, &y, NULL,
                               (const uint32_t[]){ 2, 17, 1 }));
    test_ok(tuff_recording_end(recording));
    test_ok(tuff_recording_run(recording, NULL, NULL));
    test_ok(tuff_download(device, &y, 0, values, sizeof values));
    for (int i = 0; i < VALUES; i++)
        cr_assert_eq(values[i], expected[i], "value %d is %u, not %u", i, values[i], expected[i]);
    tuff_recording_destroy(recording);
    tuff_arena_destroy(arena);
}

Test(vk_specialize, constants_have_the_values_that_are_set) {
    static const char *const bindings[] = { "y" };
    static const char *const specs[] = { "b", "a", "is_set" };
    static const uint32_t ids[] = { 7, 3, 5 };
    static const uint32_t defaults[] = { 1, 1, 0 };
    const struct tuff_kernel_variant variant = test_shader("f32", source);
    const struct tuff_kernel kernel = { .name = "constants",
                                        .binding_count = 1,
                                        .binding_names = bindings,
                                        .write_mask = 1,
                                        .spec_count = 3,
                                        .spec_names = specs,
                                        .spec_ids = ids,
                                        .spec_defaults = defaults,
                                        .local_size_specs = { -1, -1, -1 },
                                        .local_size = { 1, 1, 1 },
                                        .variant_count = 1,
                                        .variants = &variant };
    for (int is_plain = 0; is_plain < 2; is_plain++) {
        struct tuff_device *device = test_device();
        device->limits.keeps_branches = is_plain;
        expect_values(device, &kernel);
        test_device_close(device);
    }
    tuff_free((void *)(uintptr_t)variant.code);
}
