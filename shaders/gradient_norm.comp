// SPDX-License-Identifier: Apache-2.0
// variants: f32 f32_subgroup
// From the partial sums of squares to the norm of all gradients and what the update multiplies gradients with:
//     norm = sqrt(sum) / loss_scale,   factor = clip's / loss_scale
// clip's factor is min(1, clip / (norm + 1e-6)), or clip / max(norm, clip) where is_original; 1 where clip is 0. A norm that is
// not finite gives a factor of 0 and is_applied 0: the update is skipped. One team.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "lib/reduce.glsl"

layout(binding = 0) readonly buffer Partials { float partials[]; };
layout(binding = 1) readonly buffer Step { vec4 step_values[]; }; // ops/adamw.h
layout(binding = 2) writeonly buffer Result { vec4 result[]; };   // norm, factor, is_applied, 0
layout(push_constant) uniform Push
{
    uint count;
    float clip;
    uint is_original;
};

float clip_factor(float norm)
{
    if (clip <= 0.0)
        return 1.0;
    return is_original != 0 ? clip / max(norm, clip) : min(1.0, clip / (norm + 1e-6));
}

void main()
{
    teams_begin();
    float sum = 0.0;
    for (uint i = lane; i < count; i += lane_count)
        sum += partials[i];
    sum = team_sum(sum);
    if (lane != 0 || team != 0)
        return;
    float loss_scale = step_values[0].w;
    float norm = sqrt(sum) / loss_scale;
    bool is_finite = !isnan(sum) && !isinf(sum);
    result[0] = vec4(norm, is_finite ? clip_factor(norm) / loss_scale : 0.0, is_finite ? 1.0 : 0.0, 0.0);
}
