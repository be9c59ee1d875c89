// SPDX-License-Identifier: Apache-2.0
// variants: f32 f32_subgroup
// d_a = scale * b^T d_w, for the adapters of lora_merge.comp: a team sums four ranks of four columns over the rows of
// their adapter.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "lib/reduce.glsl"

layout(binding = 0) readonly buffer DW { vec4 d_w[]; };  // (rows, cols) in panels
layout(binding = 1) readonly buffer B { vec4 b[]; };     // (rows, rank)
layout(binding = 2) writeonly buffer DA { vec4 d_a[]; }; // (parts * rank, cols)
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

vec4 team_sum4(vec4 v) { return vec4(team_sum(v.x), team_sum(v.y), team_sum(v.z), team_sum(v.w)); }

// A row of the team is four ranks of one adapter and a group of columns.
void add_up(uint task)
{
    bool is_there = task != NO_ROW;
    uint col = is_there ? task % col_groups : 0;
    uint four = is_there ? task / col_groups : 0;
    uint first = four / rank_groups * part_rows;
    uint end = is_there ? min(first + part_rows, rows) : 0;
    vec4 s0 = vec4(0.0), s1 = vec4(0.0), s2 = vec4(0.0), s3 = vec4(0.0);
    for (uint row = first + lane; row < end; row += lane_count) {
        vec4 d = d_w[col * row_stride + row];
        vec4 up = b[row * b_stride + four % rank_groups];
        s0 += up.x * d;
        s1 += up.y * d;
        s2 += up.z * d;
        s3 += up.w * d;
    }
    s0 = team_sum4(s0);
    s1 = team_sum4(s1);
    s2 = team_sum4(s2);
    s3 = team_sum4(s3);
    if (!is_there || lane != 0)
        return;
    uint at = four * 4 * col_groups + col;
    d_a[at] = scale * s0;
    d_a[at + col_groups] = scale * s1;
    d_a[at + 2 * col_groups] = scale * s2;
    d_a[at + 3 * col_groups] = scale * s3;
}

void main()
{
    teams_begin();
    uint tasks = (rows + part_rows - 1) / part_rows * rank_groups * col_groups;
    for (uint turn = 0; turn < rows_per_workgroup; turn += team_count)
        add_up(team_row(turn, tasks));
}
