// SPDX-License-Identifier: Apache-2.0
// variants: f32 f32_subgroup
// partials[first + share] = sum of x^2 over the workgroup's share, groups_per_workgroup groups of four. The
// workgroup is one team.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "lib/reduce.glsl"

layout(binding = 0) readonly buffer X { vec4 x[]; };
layout(binding = 1) writeonly buffer Partials { float partials[]; };
layout(push_constant) uniform Push
{
    uint groups;
    uint groups_per_workgroup;
    uint shares;
    uint first;
};

void main()
{
    teams_begin();
    uint share = workgroup_in_line();
    if (share >= shares)
        return;
    uint from = share * groups_per_workgroup;
    uint to = min(from + groups_per_workgroup, groups);
    vec4 sums = vec4(0.0);
    for (uint g = from + lane; g < to; g += lane_count)
        sums += x[g] * x[g];
    float sum = team_sum(sum4(sums));
    if (lane == 0 && team == 0)
        partials[first + share] = sum;
}
