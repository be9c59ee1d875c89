// SPDX-License-Identifier: Apache-2.0
// variants: f32 f32_subgroup
// d_a = scale * b^T d_w, for the adapters of lora_merge.comp: a team sums four columns of a rank over the rows of their
// adapter.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "lib/reduce.glsl"

layout(binding = 0) readonly buffer DW { vec4 d_w[]; };  // (rows, cols) in panels
layout(binding = 1) readonly buffer B { float b[]; };    // (rows, rank)
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

// A row of the team is a rank of an adapter and a group of columns. The teams of four ranks, neighbours, read the same
// columns.
void add_up(uint task)
{
    bool is_there = task != NO_ROW;
    uint k = is_there ? task % 4 : 0;
    uint col = is_there ? task / 4 % col_groups : 0;
    uint four = is_there ? task / 4 / col_groups : 0;
    uint first = four / rank_groups * part_rows;
    uint end = is_there ? min(first + part_rows, rows) : 0;
    vec4 sum = vec4(0.0);
    for (uint row = first + lane; row < end; row += lane_count)
        sum += b[(row * b_stride + four % rank_groups) * 4 + k] * d_w[col * row_stride + row];
    sum = team_sum4(sum);
    if (is_there && lane == 0)
        d_a[(four * 4 + k) * col_groups + col] = scale * sum;
}

void main()
{
    teams_begin();
    uint tasks = (rows + part_rows - 1) / part_rows * rank_groups * 4 * col_groups;
    for (uint turn = 0; turn < rows_per_workgroup; turn += team_count)
        add_up(team_row(turn, tasks));
}
