/* SPDX-License-Identifier: Apache-2.0 */
#include "support/axpy.h"

#include <criterion/criterion.h>

#include "support/shader.h"

/* A grid of two dimensions, so that pieces of it have a base in both. */
static const char source[] =
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

struct push {
    uint32_t count;
    uint32_t columns;
    float a;
};

const struct tuff_kernel *test_axpy(void) {
    static const char *const bindings[] = { "x", "y" };
    static const char *const specs[] = { "width" };
    static const uint32_t ids[] = { 0 };
    static const uint32_t defaults[] = { 64 };
    static struct tuff_kernel_variant variant;
    static const struct tuff_kernel kernel = {
        .name = "axpy",
        .binding_count = 2,
        .binding_names = bindings,
        .read_mask = 3,
        .write_mask = 2,
        .push_size = sizeof(struct push),
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
        variant = test_shader("f32", source);
    return &kernel;
}

tuff_status test_record_axpy(struct tuff_recording *recording, struct tuff_slice x, struct tuff_slice y,
                             float a, uint64_t cost) {
    const uint32_t width = 64;
    const uint32_t columns = 16;
    const uint32_t count = (uint32_t)(x.size / sizeof(float));
    const uint32_t groups = (count + width - 1) / width;
    const struct tuff_grid grid = { columns, (groups + columns - 1) / columns, 1, cost };
    const struct push push = { count, columns, a };
    return tuff_record_kernel(recording, test_axpy(), 0, grid, (const struct tuff_slice[]){ x, y }, &push,
                              &width);
}

static struct tuff_slice take(struct tuff_arena *arena, struct tuff_device *device, float step) {
    float values[TEST_RAMP_COUNT];
    struct tuff_slice slice;
    for (int i = 0; i < TEST_RAMP_COUNT; i++)
        values[i] = step * (float)i;
    test_ok(tuff_arena_take(arena, sizeof values, &slice));
    test_ok(tuff_upload(device, &slice, 0, values, sizeof values));
    return slice;
}

struct tuff_slice test_ramp(struct tuff_arena *arena, struct tuff_device *device) {
    return take(arena, device, 1);
}

struct tuff_slice test_zeros(struct tuff_arena *arena, struct tuff_device *device) {
    return take(arena, device, 0);
}

void test_expect_ramp(struct tuff_device *device, const struct tuff_slice *slice, float factor) {
    float values[TEST_RAMP_COUNT];
    test_ok(tuff_download(device, slice, 0, values, sizeof values));
    for (int i = 0; i < TEST_RAMP_COUNT; i++)
        cr_assert_eq(values[i], factor * (float)i, "element %d is %g, not %g", i, (double)values[i],
                     (double)(factor * (float)i));
}

void test_ok(tuff_status status) {
    cr_assert_eq(status, TUFF_OK, "%s", tuff_error_message());
}
