// SPDX-License-Identifier: Apache-2.0
// variants: f32 f32_subgroup
// y = x - max - log(sum(exp(x - max))), one row a team.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "lib/reduce.glsl"
#include "lib/softmax.glsl"

layout(binding = 0) readonly buffer X { vec4 x[]; };  // (rows, cols)
layout(binding = 1) writeonly buffer Y { vec4 y[]; }; // (rows, cols)
layout(push_constant) uniform Push
{
    uint rows;
    uint cols;
    uint groups;
};

vec4 logits4(uint row, uint group) { return x[row * groups + group]; }

void main()
{
    teams_begin();
    for (uint turn = 0; turn < rows_per_workgroup; turn += team_count) {
        uint row = team_row(turn, rows);
        vec2 m = log_sum_exp(row, cols, groups);
        for (uint g = row == NO_ROW ? groups : lane; g < groups; g += lane_count)
            y[row * groups + g] = inside((logits4(row, g) - m.x) - m.y, 0.0, g, cols);
    }
}
