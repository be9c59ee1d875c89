// SPDX-License-Identifier: Apache-2.0
// variants: f32 f32_subgroup
// Per row: the sum of (x - target)^2 or, where is_logistic, of max(x, 0) - x * target + log(1 + exp(-|x|)), and how
// many there are. One row a team; loss_mean adds the rows up.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "lib/reduce.glsl"

layout(constant_id = 3) const uint is_logistic = 0;

layout(binding = 0) readonly buffer X { vec4 x[]; };             // (rows, cols)
layout(binding = 1) readonly buffer Targets { vec4 targets[]; }; // (rows, cols)
layout(binding = 2) writeonly buffer Losses { vec4 losses[]; };  // (rows, 4): loss, weight, 0, 0
layout(push_constant) uniform Push
{
    uint rows;
    uint cols;
    uint groups;
};

void main()
{
    teams_begin();
    for (uint turn = 0; turn < rows_per_workgroup; turn += team_count) {
        uint row = team_row(turn, rows);
        vec4 sums = vec4(0.0);
        for (uint g = row == NO_ROW ? groups : lane; g < groups; g += lane_count) {
            vec4 v = x[row * groups + g];
            vec4 target = targets[row * groups + g];
            vec4 loss = is_logistic != 0 ? max(v, vec4(0.0)) - v * target + log(1.0 + exp(-abs(v)))
                                         : (v - target) * (v - target);
            sums += inside(loss, 0.0, g, cols);
        }
        float loss = team_sum(sum4(sums));
        if (row == NO_ROW || lane != 0)
            continue;
        losses[2 * row] = vec4(loss, cols, 0.0, 0.0);
        losses[2 * row + 1] = vec4(0.0);
    }
}
