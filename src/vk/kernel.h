/* SPDX-License-Identifier: Apache-2.0 */
/* What a compiled kernel declares of itself. kernelgen writes one table per .comp from its SPIR-V; descriptor
 * layouts, push ranges and barriers come from it, and no fact is typed twice. */
#ifndef TUFF_VK_KERNEL_H
#define TUFF_VK_KERNEL_H

#include <stddef.h>
#include <stdint.h>

enum {
    TUFF_MAX_BINDINGS = 8, /* storage buffers in a stage: the floor of Vulkan devices in use */
    TUFF_MAX_SPECS = 24,
    TUFF_MAX_PUSH_SIZE = 128, /* bytes: the floor of Vulkan */
};

/* What a variant's SPIR-V asks of the device, from its capabilities and extensions. */
enum tuff_need {
    TUFF_NEED_SUBGROUP_BASIC = 1 << 0,
    TUFF_NEED_SUBGROUP_ARITHMETIC = 1 << 1,
    TUFF_NEED_SUBGROUP_SHUFFLE =
        1 << 2, /* shuffle, shuffle_relative, ballot, vote; not clustered, which Apple lacks */
    TUFF_NEED_FLOAT16 = 1 << 3,
    TUFF_NEED_INT8 = 1 << 4,
    TUFF_NEED_STORAGE16 = 1 << 5,
    TUFF_NEED_STORAGE8 = 1 << 6,
    TUFF_NEED_DOT_PRODUCT = 1 << 7,
    TUFF_NEED_COOPERATIVE_MATRIX = 1 << 8,
    TUFF_NEED_COOPERATIVE_MATRIX2 = 1 << 9,
    TUFF_NEED_BUFFER_ADDRESS = 1 << 10,
    TUFF_NEED_INT64 = 1 << 11,
    TUFF_NEED_MEMORY_MODEL = 1 << 12,
    TUFF_NEED_BFLOAT16 = 1 << 13,
    TUFF_NEED_MAINTENANCE4 = 1 << 14,
    TUFF_NEED_UNKNOWN = 1 << 30, /* a capability that tuff knows no feature for: never used */
};

struct tuff_kernel_variant {
    const char *name;     /* "f32", "f16_subgroup", ... */
    const uint32_t *code; /* SPIR-V without debug names; NULL: the build's glslang could not compile it */
    size_t code_size;     /* bytes */
    uint32_t needs;       /* of enum tuff_need */
};

struct tuff_kernel {
    const char *name; /* "layer_norm_forward" */
    uint32_t binding_count;
    const char *const *binding_names;
    uint32_t read_mask;  /* bit i: binding i is read */
    uint32_t write_mask; /* bit i: binding i is written */
    uint32_t push_size;  /* bytes, a multiple of 4 */
    uint32_t spec_count;
    const char *const *spec_names;
    const uint32_t *spec_ids;      /* constant_id */
    const uint32_t *spec_defaults; /* raw bits of the shader's default */
    int local_size_specs[3]; /* index into the specs that sets local_size_x, y, z; -1: local_size below */
    uint32_t local_size[3];
    uint32_t variant_count;
    const struct tuff_kernel_variant *variants;
};

/* All kernels of the library in order of their names, NULL at the end. Generated. */
extern const struct tuff_kernel *const tuff_kernels[];

#endif
