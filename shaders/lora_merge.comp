// SPDX-License-Identifier: Apache-2.0
// variants: f32
// w = base + scale * b a, a group of four columns of a row an invocation. Several adapters may lie one below the other
// in the rows: row r belongs to adapter r / part_rows, whose a are the rows from (r / part_rows) * rank on.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "lib/grid.glsl"

layout(constant_id = 0) const uint workgroup_size = 64;
layout(local_size_x_id = 0, local_size_y = 1, local_size_z = 1) in;

layout(binding = 0) readonly buffer Base { vec4 base[]; }; // (rows, cols) in panels
layout(binding = 1) readonly buffer A { vec4 a[]; };       // (parts * rank, cols)
layout(binding = 2) readonly buffer B { vec4 b[]; };       // (rows, rank)
layout(binding = 3) writeonly buffer W { vec4 w[]; };      // (rows, cols) in panels
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
    if (i >= row_stride * col_groups)
        return;
    uint row = i % row_stride;
    uint col = i / row_stride;
    vec4 sum = vec4(0.0);
    for (uint k = 0; k < rank_groups && row < rows; k++) {
        vec4 up = b[row * b_stride + k];
        uint at = ((row / part_rows) * rank_groups + k) * 4 * col_groups + col;
        sum += up.x * a[at] + up.y * a[at + col_groups];
        sum += up.z * a[at + 2 * col_groups] + up.w * a[at + 3 * col_groups];
    }
    w[i] = base[i] + scale * sum;
}
