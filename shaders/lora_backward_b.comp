// SPDX-License-Identifier: Apache-2.0
// variants: f32
// d_b = scale * d_w a^T, for the adapters of lora_merge.comp: four ranks of a row an invocation.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "lib/grid.glsl"

layout(constant_id = 0) const uint workgroup_size = 64;
layout(local_size_x_id = 0, local_size_y = 1, local_size_z = 1) in;

layout(binding = 0) readonly buffer DW { vec4 d_w[]; };  // (rows, cols) in panels
layout(binding = 1) readonly buffer A { vec4 a[]; };     // (parts * rank, cols)
layout(binding = 2) writeonly buffer DB { vec4 d_b[]; }; // (rows, rank)
layout(push_constant) uniform Push
{
    uint rows;
    uint row_stride; // of the panels
    uint part_rows;
    uint col_groups;
    uint rank_groups; // of four
    uint b_stride;    // in groups
    float scale;
};

void main()
{
    uint i = workgroup_in_line() * workgroup_size + gl_LocalInvocationIndex;
    uint row = i % row_stride;
    uint k = i / row_stride;
    if (row >= rows || k >= rank_groups)
        return;
    uint at = ((row / part_rows) * rank_groups + k) * 4 * col_groups;
    vec4 sum = vec4(0.0);
    for (uint col = 0; col < col_groups; col++) {
        vec4 d = d_w[col * row_stride + row];
        sum += vec4(dot(d, a[at + col]), dot(d, a[at + col_groups + col]), dot(d, a[at + 2 * col_groups + col]),
                    dot(d, a[at + 3 * col_groups + col]));
    }
    d_b[row * b_stride + k] = scale * sum;
}
