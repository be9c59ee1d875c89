// SPDX-License-Identifier: Apache-2.0
// variants: f32
// d_weight = z^T x, summed over rows, for drivers that run on a CPU. A lane owns one output and tile_groups groups of
// four inputs: x is uniform, z a vector of neighbours, loaded as matmul_lanes does.
#version 450
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_buffer_reference_uvec2 : require
#extension GL_EXT_shader_explicit_arithmetic_types_int64 : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_GOOGLE_include_directive : require

layout(constant_id = 0) const uint workgroup_size = 64; // a multiple of lanes
layout(constant_id = 1) const uint lanes = 8;           // of a subgroup: 4, 8 or 16; at most 4 * z_groups
layout(constant_id = 2) const uint tile_groups = 16;    // 1 to 16, at most x_groups
layout(local_size_x = 64, local_size_x_id = 0) in;

layout(binding = 0) readonly buffer Z { float z[]; };    // (rows, N), read through z_address
layout(binding = 1) readonly buffer X { float x[]; };    // (rows, K), read through x_address
layout(binding = 2) buffer DWeight { vec4 d_weight[]; }; // PANELS (N', K)
layout(push_constant) uniform Push
{
    uint rows;
    uint outputs;       // of d_weight that are written
    uint z_groups;      // groups of four of a row of z
    uint x_groups;
    uint weight_stride;
    uint first_output;  // of d_weight, the one that z begins with
    uint accumulates;
    uint z_address_low;
    uint z_address_high;
    uint x_address_low;
    uint x_address_high;
};

layout(buffer_reference, std430, buffer_reference_align = 16) readonly buffer Row { vec4 of[16]; };

#include "lib/spread.glsl"

#define GROUPS8(DO, a, b, c, d, e, f, g, h) DO(a) DO(b) DO(c) DO(d) DO(e) DO(f) DO(g) DO(h)
#define GROUPS(DO) \
    GROUPS8(DO, 0, 1, 2, 3, 4, 5, 6, 7) GROUPS8(DO, 8, 9, 10, 11, 12, 13, 14, 15)
#define TURN(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7) // rows at once

#define DECLARE(i) vec4 sum##i = vec4(0.0);
// Rows beyond the last repeat it and count nothing. A CPU driver runs a loop's body once more with all lanes off.
#define LOAD_ROW(r) \
    uint row##r = min(first_row + r, rows - 1); \
    Row x##r = Row(x_tile + row##r * x_pitch); \
    float z##r = spread_at(z_tile + row##r * z_pitch); \
    z##r = first_row + r < rows ? z##r : 0.0;
#define ADD_GROUP(i) \
    if (i < tile_groups) { \
        vec4 part = x0.of[i] * z0; \
        part += x1.of[i] * z1; \
        part += x2.of[i] * z2; \
        part += x3.of[i] * z3; \
        part += x4.of[i] * z4; \
        part += x5.of[i] * z5; \
        part += x6.of[i] * z6; \
        part += x7.of[i] * z7; \
        sum##i += part; \
    }
#define FINISH(i) \
    if (i < tile_groups && first_group + i >= first_own_group) { \
        uint at = (first_group + i) * weight_stride + first_output + n; \
        d_weight[at] = accumulates != 0 ? d_weight[at] + sum##i : sum##i; \
    }

void main()
{
    // The last tile of either direction begins early enough to be full, and leaves to the others what is theirs.
    uint first_own_n = (gl_WorkGroupID.y * (workgroup_size / lanes) + gl_SubgroupID) * lanes;
    uint first_n = min(first_own_n, 4 * z_groups - lanes);
    uint n = first_n + gl_SubgroupInvocationID;
    if (first_own_n >= 4 * z_groups)
        return;
    uint first_own_group = gl_WorkGroupID.x * tile_groups;
    uint first_group = min(first_own_group, x_groups - tile_groups);
    uint64_t x_pitch = uint64_t(x_groups) * 16;
    uint64_t z_pitch = uint64_t(z_groups) * 16;
    uint64_t x_tile = packUint2x32(uvec2(x_address_low, x_address_high)) + uint64_t(first_group) * 16;
    uint64_t z_tile = packUint2x32(uvec2(z_address_low, z_address_high)) + uint64_t(first_n) * 4;
    GROUPS(DECLARE)
    for (uint first_row = 0; first_row < rows; first_row += 8) {
        TURN(LOAD_ROW)
        GROUPS(ADD_GROUP)
    }
    if (n < first_own_n || n >= outputs)
        return;
    GROUPS(FINISH)
}
