// SPDX-License-Identifier: Apache-2.0
// variants: f32 f32_subgroup
// d_x = d_y - exp(y) * sum(d_y), one row a team.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "lib/reduce.glsl"

layout(binding = 0) readonly buffer Y { vec4 y[]; };    // (rows, cols)
layout(binding = 1) readonly buffer DY { vec4 d_y[]; }; // (rows, cols)
layout(binding = 2) buffer DX { vec4 d_x[]; };          // (rows, cols)
layout(push_constant) uniform Push
{
    uint rows;
    uint cols;
    uint groups;
    uint accumulates;
};

void main()
{
    teams_begin();
    for (uint turn = 0; turn < rows_per_workgroup; turn += team_count) {
        uint row = team_row(turn, rows);
        uint first = row == NO_ROW ? groups : lane;
        vec4 sums = vec4(0.0);
        for (uint g = first; g < groups; g += lane_count)
            sums += d_y[row * groups + g];
        float sum = team_sum(sum4(sums));
        for (uint g = first; g < groups; g += lane_count) {
            uint at = row * groups + g;
            vec4 d = inside(d_y[at] - exp(y[at]) * sum, 0.0, g, cols);
            d_x[at] = d + (accumulates != 0 ? d_x[at] : vec4(0.0));
        }
    }
}
