// SPDX-License-Identifier: Apache-2.0
// variants: f32
// One update of a range of parameters, four an invocation, with g = factor * gradient:
//     m = m + (1 - beta1) * (g - m),   v = beta2 * v + (1 - beta2) * g^2
//   torch     w = w * (1 - rate * decay) - rate / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon)
//   original  w = w - rate * (m / (sqrt(v) + epsilon) + decay * w)
// The first decayed_groups groups decay, the others do not. Nothing changes where the norm was not finite.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "lib/grid.glsl"

layout(constant_id = 0) const uint workgroup_size = 64;
layout(local_size_x_id = 0, local_size_y = 1, local_size_z = 1) in;

layout(binding = 0) buffer Weights { vec4 weights[]; };
layout(binding = 1) readonly buffer Gradients { vec4 gradients[]; };
layout(binding = 2) buffer First { vec4 first_moments[]; };
layout(binding = 3) buffer Second { vec4 second_moments[]; };
layout(binding = 4) readonly buffer Step { vec4 step_values[]; };   // see ops/adamw.h
layout(binding = 5) readonly buffer Result { vec4 norm_result[]; }; // norm, factor, is_applied, 0
layout(push_constant) uniform Push
{
    uint groups;
    uint decayed_groups;
    uint is_original;
    float rate_scale; // of the learning rate, for this range
    float weight_decay;
    float beta1_rest; // 1 - beta1, rounded once
    float beta2;
    float beta2_rest;
    float epsilon;
};

vec4 updated(vec4 w, vec4 m, vec4 v, float decay)
{
    float rate = step_values[0].x * rate_scale;
    if (is_original != 0)
        return w - rate * (m / (sqrt(v) + epsilon) + decay * w);
    vec4 root = sqrt(v) * (1.0 / step_values[0].z) + epsilon;
    return w * (1.0 - rate * decay) - (rate / step_values[0].y) * (m / root);
}

void main()
{
    uint i = workgroup_in_line() * workgroup_size + gl_LocalInvocationIndex;
    if (i >= groups || norm_result[0].z == 0.0)
        return;
    vec4 g = gradients[i] * norm_result[0].y;
    vec4 m = first_moments[i];
    vec4 v = second_moments[i];
    m += beta1_rest * (g - m);
    v = beta2 * v + beta2_rest * g * g;
    first_moments[i] = m;
    second_moments[i] = v;
    weights[i] = updated(weights[i], m, v, i < decayed_groups ? weight_decay : 0.0);
}
