// SPDX-License-Identifier: Apache-2.0
// variants: f32 f32_subgroup
// loss = sum of the rows' losses / denominator, the denominator being the sum of their weights, or what the caller says;
// 0 / 0 is NaN. With two parts in a row, the mean of both quotients. One team.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "lib/reduce.glsl"

layout(binding = 0) readonly buffer Losses { vec4 losses[]; };              // (rows, 4 or 8): loss, weight, loss, weight
layout(binding = 1) readonly buffer Normalizer { vec4 normalizer[]; };      // (1, 2), read where has_normalizer
layout(binding = 2) writeonly buffer Loss { vec4 loss[]; };                 // (1, 1)
layout(binding = 3) writeonly buffer Denominators { vec4 denominators[]; }; // (1, 2)
layout(push_constant) uniform Push
{
    uint rows;
    uint parts; // 1 or 2
    uint has_normalizer;
};

float quotient(float sum, float denominator)
{
    return denominator == 0.0 && sum == 0.0 ? uintBitsToFloat(0x7fc00000u) : sum / denominator;
}

void main()
{
    teams_begin();
    vec4 sums = vec4(0.0);
    for (uint row = lane; row < rows; row += lane_count)
        sums += losses[2 * row];
    vec2 sum = vec2(team_sum(sums.x), team_sum(sums.z));
    vec2 weight = vec2(team_sum(sums.y), team_sum(sums.w));
    if (lane != 0 || team != 0)
        return;
    if (has_normalizer != 0)
        weight = normalizer[0].xy;
    float first = quotient(sum.x, weight.x);
    float value = parts == 2 ? 0.5 * (first + quotient(sum.y, weight.y)) : first;
    loss[0] = vec4(value, 0.0, 0.0, 0.0);
    denominators[0] = vec4(weight.x, parts == 2 ? weight.y : 0.0, 0.0, 0.0);
    loss[1] = vec4(0.0);
    denominators[1] = vec4(0.0);
}
