/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "support/device.h"
#include "support/shader.h"
#include "vk/commands.h"

/* y[i] = a * x[i] + y[i] for i below count; workgroups of `width`, a grid of two dimensions. */
static const char axpy_source[] =
    "#version 450\n"
    "layout(constant_id = 0) const uint width = 64;\n"
    "layout(local_size_x_id = 0) in;\n"
    "layout(binding = 0) readonly buffer X { float x[]; };\n"
    "layout(binding = 1) buffer Y { float y[]; };\n"
    "layout(push_constant) uniform Push { uint count; uint columns; float a; };\n"
    "void main() {\n"
    "    uint i = (gl_WorkGroupID.y * columns + gl_WorkGroupID.x) * width + gl_LocalInvocationID.x;\n"
    "    if (i < count)\n"
    "        y[i] = a * x[i] + y[i];\n"
    "}\n";

struct axpy_push {
    uint32_t count;
    uint32_t columns;
    float a;
};

static const struct tuff_kernel *axpy(void) {
    static const char *const bindings[] = { "x", "y" };
    static const char *const specs[] = { "width" };
    static const uint32_t ids[] = { 0 };
    static const uint32_t defaults[] = { 64 };
    static struct tuff_kernel_variant variant;
    static struct tuff_kernel kernel = {
        .name = "axpy",
        .binding_count = 2,
        .binding_names = bindings,
        .read_mask = 3,
        .write_mask = 2,
        .push_size = sizeof(struct axpy_push),
        .spec_count = 1,
        .spec_names = specs,
        .spec_ids = ids,
        .spec_defaults = defaults,
        .local_size_specs = { 0, -1, -1 },
        .local_size = { 64, 1, 1 },
        .variant_count = 1,
        .variants = &variant,
    };
    if (!variant.code)
        variant = test_shader("f32", axpy_source);
    return &kernel;
}

static void check(tuff_status status) {
    cr_assert_eq(status, TUFF_OK, "%s", tuff_error_message());
}

static void record_axpy(struct tuff_recording *recording, struct tuff_slice x, struct tuff_slice y,
                        uint32_t count, float a, uint64_t cost) {
    const uint32_t width = 64;
    const uint32_t columns = 16;
    const uint32_t groups = (count + width - 1) / width;
    const struct tuff_grid grid = { columns, (groups + columns - 1) / columns, 1, cost };
    const struct axpy_push push = { count, columns, a };
    check(tuff_record_kernel(recording, axpy(), 0, grid, (const struct tuff_slice[]){ x, y }, &push, &width));
}

enum { COUNT = 5000 };

static struct tuff_slice ramp(struct tuff_arena *arena, struct tuff_device *device) {
    static float values[COUNT];
    struct tuff_slice slice;
    for (int i = 0; i < COUNT; i++)
        values[i] = (float)i;
    check(tuff_arena_take(arena, sizeof values, &slice));
    check(tuff_upload(device, &slice, 0, values, sizeof values));
    return slice;
}

static void expect_multiple(struct tuff_device *device, const struct tuff_slice *slice, float factor) {
    static float values[COUNT];
    check(tuff_download(device, slice, 0, values, sizeof values));
    for (int i = 0; i < COUNT; i++)
        cr_assert_eq(values[i], factor * (float)i, "element %d is %g, not %g", i, (double)values[i],
                     (double)(factor * (float)i));
}

/* A chain in which each kernel needs what the one before it wrote, with every feature, without each and
 * without all. */
Test(vk_commands, a_chain_is_ordered) {
    static const char *const without[] = { "",
                                           "push_descriptor",
                                           "timeline_semaphore",
                                           "mapped_memory",
                                           "subgroup_size_control,memory_budget",
                                           "push_descriptor,timeline_semaphore,mapped_memory,memory_budget" };
    for (size_t row = 0; row < sizeof without / sizeof without[0]; row++) {
        struct tuff_device *device = test_device_without(without[row]);
        struct tuff_arena *arena = NULL;
        struct tuff_recording *recording = NULL;
        check(tuff_arena_create(device, TUFF_MEMORY_DEVICE, "test", &arena));
        struct tuff_slice x = ramp(arena, device), y = { 0 }, z = { 0 };
        check(tuff_arena_take(arena, x.size, &y));
        check(tuff_arena_take(arena, x.size, &z));
        check(tuff_recording_create(device, &recording));
        check(tuff_record_fill(recording, y, 0));
        record_axpy(recording, x, y, COUNT, 2, 0); /* y = 2 x */
        check(tuff_record_copy(recording, z, y));  /* z = 2 x */
        record_axpy(recording, y, z, COUNT, 3, 0); /* z = 8 x */
        record_axpy(recording, z, y, COUNT, 1, 0); /* y = 10 x */
        check(tuff_recording_end(recording));
        for (int run = 0; run < 3; run++)
            check(tuff_recording_run(recording, NULL, NULL));
        expect_multiple(device, &y, 10);
        expect_multiple(device, &z, 8);
        cr_assert_eq(device->dispatch_count, 9);
        tuff_recording_destroy(recording);
        tuff_arena_destroy(arena);
        test_device_close(device);
    }
}
