/* SPDX-License-Identifier: Apache-2.0 */
/* kernelgen on tiny shaders: what it declares, and what it refuses with which words. */
#define _GNU_SOURCE
#include <criterion/criterion.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/temporary.h"

#define KERNELGEN TUFF_BINARY_DIR "/kernelgen"
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

TestSuite(tools_kernelgen, .init = test_folder_enter, .fini = test_folder_leave);

static void write_file(const char *path, const char *text) {
    FILE *file = fopen(path, "w");
    cr_assert(file != NULL);
    fputs(text, file);
    cr_assert_eq(fclose(file), 0);
}

/* Overwritten by the next call. */
static const char *read_file(const char *path) {
    FILE *file = fopen(path, "r");
    cr_assert(file != NULL, "%s", path);
    static char text[1 << 20];
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    fclose(file);
    return text;
}

/* Runs a command line, its output in the file "output"; true where it ends well. */
static bool run(const char *line) {
    char command[2048];
    snprintf(command, sizeof command, "%s >output 2>&1", line);
    return system(command) == 0;
}

static void compile(const char *name, const char *options, const char *body) {
    char path[64], line[1024];
    snprintf(path, sizeof path, "%s.comp", name);
    char text[4096];
    snprintf(text, sizeof text, "#version 450\n%s\n", body);
    write_file(path, text);
    snprintf(line, sizeof line, TUFF_GLSLANG " -V --target-env vulkan1.1 %s -o %s.spv %s", options, name,
             path);
    cr_assert(run(line), "%s", read_file("output"));
}

static bool generate(const char *variants) {
    char line[1024];
    snprintf(line, sizeof line, KERNELGEN " scale scale.h scale.c %s", variants);
    return run(line);
}

static void expect_in(const char *path, const char *text) {
    cr_expect(strstr(read_file(path), text) != NULL, "%s lacks: %s\n%s", path, text, read_file(path));
}

static const char scale_shader[] =
    "layout(constant_id = 0) const uint workgroup_size = 64;\n"
    "layout(constant_id = 7) const float bias = 1.5;\n"
    "layout(constant_id = 3) const int steps = -2;\n"
    "layout(constant_id = 4) const bool is_fast = false;\n"
    "layout(local_size_x_id = 0, local_size_y = 2) in;\n"
    "layout(binding = 1) writeonly buffer Y { float y[]; };\n"
    "layout(binding = 0) readonly buffer X4 { vec4 x4[]; };\n"
    "layout(binding = 0) readonly buffer X { float x[]; };\n"
    "layout(binding = 2) buffer Sum { uint count; float sum[]; };\n"
    "layout(push_constant) uniform Push { uint rows; int shift; float factor; };\n"
    "void main() { y[gl_GlobalInvocationID.x] = factor * x4[0].x * x[gl_GlobalInvocationID.x]; }";

Test(tools_kernelgen, a_shader_declares_its_kernel) {
    compile("a", "", scale_shader);
    cr_assert(generate("f32=a.spv f16="), "%s", read_file("output"));
    static const char *const header[] = {
        "TUFF_SCALE_F32 = 0",
        "TUFF_SCALE_F16 = 1",
        "struct tuff_slice x; /* in */",
        "struct tuff_slice y; /* out */",
        "struct tuff_slice sum; /* in and out */",
        "uint32_t rows;\n        int32_t shift;\n        float factor;\n    } push;",
        "uint32_t workgroup_size;\n        int32_t steps;",
        "uint32_t is_fast;\n        float bias;\n    } spec;",
    };
    for (size_t i = 0; i < COUNT(header); i++)
        expect_in("scale.h", header[i]);
    static const char *const source[] = {
        ".binding_count = 3",
        ".read_mask = 0x5",
        ".write_mask = 0x6",
        ".push_size = 12",
        ".spec_count = 4",
        "spec_ids[] = { 0x0, 0x3, 0x4, 0x7 }",
        "spec_defaults[] = { 0x40, 0xfffffffe, 0x0, 0x3fc00000 }",
        ".local_size_specs = { 0, -1, -1 }",
        ".local_size = { 1, 2, 1 }",
        "{ .name = \"f16\" }",
    };
    for (size_t i = 0; i < COUNT(source); i++)
        expect_in("scale.c", source[i]);
}

Test(tools_kernelgen, a_newer_target_declares_the_same) {
    compile("a", "", scale_shader);
    compile("b", "--target-env vulkan1.3", scale_shader);
    cr_assert(generate("f32=a.spv new=b.spv"), "%s", read_file("output"));
    expect_in("scale.c", ".needs = 0x4000"); /* maintenance4 */
}

Test(tools_kernelgen, a_caller_that_names_a_wrong_field_does_not_compile) {
    compile("a", "", scale_shader);
    cr_assert(generate("f32=a.spv"));
    static const char call[] =
        "#include \"scale.h\"\n"
        "tuff_status call(struct tuff_recording *r, struct tuff_slice s) {\n"
        "    return tuff_run_scale(r, TUFF_SCALE_F32, (struct tuff_grid){ 1, 1, 1, 0 },\n"
        "        &(struct tuff_scale){ .x = s, .y = s, .sum = s, .push = { .%s = 3 } });\n}\n";
    static const char compiler[] =
        TUFF_C_COMPILER " -std=c11 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror "
                        "-fsyntax-only -I" TUFF_SOURCE_DIR "/src -I" TUFF_SOURCE_DIR "/include call.c";
    char text[1024];
    snprintf(text, sizeof text, call, "rows");
    write_file("call.c", text);
    cr_assert(run(compiler), "%s", read_file("output"));
    snprintf(text, sizeof text, call, "row");
    write_file("call.c", text);
    cr_assert_not(run(compiler));
}

Test(tools_kernelgen, debug_names_are_left_away) {
    compile("a", "", scale_shader);
    cr_assert(generate("f32=a.spv"));
    const char *at = strstr(read_file("scale.c"), "code_0[] = {");
    cr_assert(at != NULL);
    uint32_t words[4096];
    size_t count = 0;
    for (at = strstr(at, "0x"); at && count < COUNT(words) && strncmp(at, "0x", 2) == 0; count++) {
        char *end;
        words[count] = (uint32_t)strtoul(at, &end, 16);
        at = end + strspn(end, ",\n");
    }
    size_t decorations = 0, i = 5;
    while (i < count) {
        uint32_t op = words[i] & 0xffff;
        cr_expect_not(op == 3 || op == 5 || op == 6, "instruction %u at word %zu", op, i);
        decorations += op == 71;
        cr_assert(words[i] >> 16 > 0);
        i += words[i] >> 16;
    }
    cr_expect_eq(i, count);
    cr_expect_gt(decorations, 0);
}

Test(tools_kernelgen, what_variants_need_comes_from_their_capabilities) {
    compile("a", "",
            "#extension GL_KHR_shader_subgroup_arithmetic : require\n"
            "#extension GL_EXT_shader_16bit_storage : require\n"
            "layout(binding = 0) buffer X { float16_t x[]; };\n"
            "void main() { x[0] = float16_t(subgroupAdd(float(x[1]))); }");
    cr_assert(generate("f16=a.spv"));
    expect_in("scale.c", ".needs = 0x23"); /* subgroup basic, arithmetic, 16-bit storage */
}

Test(tools_kernelgen, what_a_kernel_must_not_declare_is_refused) {
    static const struct {
        const char *body, *sentence;
    } cases[] = {
        { "layout(binding = 8) buffer X { float x[]; }; void main() { x[0] = 1; }",
          "binding 8 is beyond the 8" },
        { "layout(binding = 1) buffer X { float x[]; }; void main() { x[0] = 1; }", "binding 0 is missing" },
        { "layout(set = 1, binding = 0) buffer X { float x[]; }; void main() { x[0] = 1; }", "is in set 1" },
        { "layout(binding = 0) buffer X { float x[]; } x[2]; void main() { x[0].x[0] = 1; }",
          "arrays of buffers" },
        { "layout(binding = 0) uniform X { float x; }; void main() { }", "neither a storage buffer" },
        { "layout(binding = 0) buffer X { float x[]; };\n"
          "layout(push_constant) uniform P { uint n; vec2 v; }; void main() { x[0] = v.x; }",
          "v is no 32-bit scalar" },
        { "layout(binding = 0) buffer X { float x[]; };\n"
          "layout(push_constant) uniform P { uint a; layout(offset = 8) uint b; }; void main() { x[0] = b; }",
          "push constant b is at byte 8, expected 4" },
        { "layout(binding = 0) buffer X { float x[]; };\n"
          "layout(push_constant) uniform P { uint "
          "a0,a1,a2,a3,a4,a5,a6,a7,a8,a9,b0,b1,b2,b3,b4,b5,b6,b7,b8,b9,c0,c1,"
          "c2,c3,c4,c5,c6,c7,c8,c9,d0,d1,d2; }; void main() { x[0] = d2; }",
          "132 bytes of push constants" },
        { "layout(constant_id = 0) const bool is_on = true;\n"
          "layout(binding = 0) buffer X { float x[]; }; void main() { if (is_on) x[0] = 1; }",
          "is_on is true by default" },
        { "void main() { }", "binds no buffer" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        compile("a", "", cases[i].body);
        cr_expect_not(generate("f32=a.spv"), "row %zu: %s", i, cases[i].sentence);
        expect_in("output", cases[i].sentence);
    }
}

Test(tools_kernelgen, variants_that_disagree_are_refused) {
    static const char first[] = "layout(constant_id = 0) const uint tile = 4;\n"
                                "layout(binding = 0) readonly buffer X { float x[]; };\n"
                                "layout(binding = 1) buffer Y { float y[]; };\n"
                                "layout(push_constant) uniform P { uint n; };\n"
                                "void main() { y[n] = x[tile]; }";
    static const struct {
        const char *from, *to, *sentence;
    } cases[] = {
        { "float x[]", "float z[]", "binding 0 is x in one and z in the other" },
        { "readonly", "", "binding 0, x, is read or written in one alone" },
        { "uint n;", "uint n; uint m;", "push constant 1 is nothing in one and m in the other" },
        { "uint n;", "int n;", "push constant n differs in type" },
        { "tile = 4", "tile = 8", "constant tile differs in type or default" },
    };
    compile("a", "", first);
    for (size_t i = 0; i < COUNT(cases); i++) {
        char second[1024];
        const char *at = strstr(first, cases[i].from);
        snprintf(second, sizeof second, "%.*s%s%s", (int)(at - first), first, cases[i].to,
                 at + strlen(cases[i].from));
        if (i == 0) /* the body names the member too */
            memcpy(strstr(second, "x[tile]"), "z", 1);
        compile("b", "", second);
        cr_expect_not(generate("f32=a.spv f16=b.spv"), "row %zu", i);
        expect_in("output", "the variants disagree");
        expect_in("output", cases[i].sentence);
    }
}

Test(tools_kernelgen, broken_modules_are_refused) {
    write_file("a.spv", "this is no SPIR-V module at all");
    cr_expect_not(generate("f32=a.spv"));
    expect_in("output", "is not a SPIR-V module");
    cr_expect_not(generate("f32=missing.spv"));
    expect_in("output", "cannot be opened");
    cr_expect_not(generate("f32="));
    expect_in("output", "no variant was compiled");
}
