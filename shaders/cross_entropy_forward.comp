// SPDX-License-Identifier: Apache-2.0
// variants: f32 f32_subgroup
// Per row: loss = (1 - smoothing) * (lse - x[label]) + smoothing * (lse - mean(x)), lse being log(sum(exp(x))); nothing
// where the label is no column. One row a team; loss_mean adds the rows up.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "lib/softmax.glsl"

layout(binding = 0) readonly buffer X { vec4 x[]; };              // (rows, cols)
layout(binding = 1) readonly buffer Labels { int labels[]; };     // (rows, 1)
layout(binding = 2) writeonly buffer Losses { vec4 losses[]; };   // (rows, 4): loss, weight, maximum, lse - maximum
layout(push_constant) uniform Push
{
    uint rows;
    uint cols;
    uint groups;
    float smoothing;
};

vec4 logits4(uint row, uint group) { return x[row * groups + group]; }

// mean(x) - maximum
float mean_below(uint row, float maximum)
{
    vec4 sums = vec4(0.0);
    for (uint g = row == NO_ROW ? groups : lane; g < groups; g += lane_count)
        sums += inside(logits4(row, g) - maximum, 0.0, g, cols);
    return team_sum(sum4(sums)) / float(cols);
}

void main()
{
    teams_begin();
    for (uint turn = 0; turn < rows_per_workgroup; turn += team_count) {
        uint row = team_row(turn, rows);
        vec2 m = log_sum_exp(row, cols, groups);
        float mean = smoothing > 0.0 ? mean_below(row, m.x) : 0.0;
        if (row == NO_ROW || lane != 0)
            continue;
        uint label = uint(labels[row]);
        bool counts = label < cols;
        float at_label = counts ? logits4(row, label / 4)[label % 4] - m.x : 0.0;
        float loss = (1.0 - smoothing) * (m.y - at_label) + smoothing * (m.y - mean);
        losses[2 * row] = vec4(counts ? loss : 0.0, counts ? 1.0 : 0.0, m);
        losses[2 * row + 1] = vec4(0.0);
    }
}
