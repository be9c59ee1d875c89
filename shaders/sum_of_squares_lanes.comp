// SPDX-License-Identifier: Apache-2.0
// variants: f32
// As sum_of_squares, for drivers that run on a CPU: elements that lie side by side are loaded as vectors (lib/spread.glsl).
#version 450
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_buffer_reference_uvec2 : require
#extension GL_EXT_shader_explicit_arithmetic_types_int64 : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_arithmetic : require
#extension GL_GOOGLE_include_directive : require

layout(constant_id = 0) const uint workgroup_size = 8;
layout(constant_id = 1) const uint lanes = 8; // of a subgroup, which is the workgroup: 4, 8 or 16
layout(local_size_x = 8, local_size_x_id = 0) in;

#include "lib/grid.glsl"
#include "lib/spread.glsl"

layout(binding = 0) readonly buffer X { vec4 x[]; }; // read through x_address
layout(binding = 1) writeonly buffer Partials { float partials[]; };
layout(push_constant) uniform Push
{
    uint groups;               // of four, at least lanes / 4
    uint groups_per_workgroup; // a multiple of `step`
    uint shares;
    uint first;
    uint x_address_low;
    uint x_address_high;
};

const uint vectors = 4;               // at once, each with a sum of its own
const uint vector_groups = lanes / 4; // of four elements
const uint step = vectors * vector_groups;

void main()
{
    uint share = workgroup_in_line();
    if (share >= shares)
        return;
    uint64_t from = packUint2x32(uvec2(x_address_low, x_address_high));
    uint begin = share * groups_per_workgroup;
    uint end = min(begin + groups_per_workgroup, groups);
    float sums[vectors];
    [[unroll]] for (uint v = 0; v < vectors; ++v)
        sums[v] = 0.0;
    for (uint next = begin; next < end; next += step) {
        [[unroll]] for (uint v = 0; v < vectors; ++v) {
            // A vector at the end begins early enough to be full, and leaves to those before it what is theirs.
            uint own = next + v * vector_groups;
            uint group = min(own, groups - vector_groups);
            float e = spread_at(from + uint64_t(group) * 16);
            bool is_own = own < end && group + gl_SubgroupInvocationID / 4 >= own;
            sums[v] += is_own ? e * e : 0.0;
        }
    }
    float sum = subgroupAdd((sums[0] + sums[1]) + (sums[2] + sums[3]));
    if (gl_SubgroupInvocationID == 0)
        partials[first + share] = sum;
}
