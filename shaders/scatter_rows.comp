// SPDX-License-Identifier: Apache-2.0
// variants: f32 f16 f32_narrow f16_widen
// y[to] += sum of x[from] over the rows that go to it, in the order of the list (ops/scatter_rows.h): a row of y belongs
// to one workgroup, so no atomics and the same bits in every run. The second half of a variant's name is what y holds
// where that is not the type of x.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "lib/storage.glsl"
#include "lib/columns.glsl"
#include "lib/grid.glsl"

#if defined(VARIANT_narrow)
#define y_elem4 uvec2
#define y_store4 store_half_gradient4
#elif defined(VARIANT_widen)
#define y_elem4 vec4
#define y_store4(v) (v)
#else
#define y_elem4 elem4
#define y_store4 store_gradient4
#endif

layout(binding = 0) readonly buffer X { elem4 x[]; };      // (count, cols)
layout(binding = 1) readonly buffer List { ivec4 list[]; }; // (.., 4): to, first, count, from
layout(binding = 2) buffer Y { y_elem4 y[]; };             // (part_rows, cols), in rows or panels
layout(push_constant) uniform Push
{
    uint segments;
    uint groups;
    uint list_first; // entry of the list where this table's part of it starts
    uint y_row_step; // in groups of four
    uint y_group_step;
    uint first; // rows of the whole table before this part
    uint part_rows;
};

void main()
{
    uint group = column_group();
    uint at_segment = workgroup_in_plane();
    ivec4 segment = at_segment < segments ? list[list_first + at_segment] : ivec4(0);
    uint to = uint(segment.x) - first;
    uint count = to < part_rows ? uint(segment.z) : 0;
    vec4 sum = vec4(0.0);
    for (uint i = row_lane(); i < count && group < groups; i += row_lanes)
        sum += load4(x[uint(list[list_first + uint(segment.y) + i].w) * groups + group]);
    sum = column_total(sum);
    if (count > 0 && row_lane() == 0 && group < groups) {
        uint at = to * y_row_step + group * y_group_step;
        y[at] = y_store4(load4(y[at]) + sum);
    }
}
