// SPDX-License-Identifier: Apache-2.0
// The maximum of a row of logits and log(sum(exp(x - maximum))): their sum is log(sum(exp(x))), apart they subtract
// without loss.
#ifndef TUFF_SOFTMAX_GLSL
#define TUFF_SOFTMAX_GLSL

#include "lib/reduce.glsl"

// Defined by the kernel: four logits of a row.
vec4 logits4(uint row, uint group);

vec2 log_sum_exp(uint row, uint cols, uint groups)
{
    uint first = row == NO_ROW ? groups : lane;
    vec4 highest = vec4(LOWEST);
    for (uint g = first; g < groups; g += lane_count)
        highest = max(highest, inside(logits4(row, g), LOWEST, g, cols));
    float maximum = team_max(max4(highest));
    vec4 sums = vec4(0.0);
    for (uint g = first; g < groups; g += lane_count)
        sums += inside(exp(logits4(row, g) - maximum), 0.0, g, cols);
    return vec2(maximum, log(team_sum(sum4(sums))));
}

#endif
