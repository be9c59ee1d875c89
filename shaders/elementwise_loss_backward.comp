// SPDX-License-Identifier: Apache-2.0
// variants: f32
// d_x = d_loss / denominator * 2 * (x - target) or, where is_logistic, d_loss / denominator * (1 / (1 + exp(-x)) - target).
#version 450
#extension GL_GOOGLE_include_directive : require
#include "lib/elements.glsl"

layout(constant_id = 1) const uint is_logistic = 0;

layout(binding = 0) readonly buffer X { vec4 x[]; };                       // (rows, cols)
layout(binding = 1) readonly buffer Targets { vec4 targets[]; };           // (rows, cols)
layout(binding = 2) readonly buffer Denominators { vec4 denominators[]; }; // (1, 2)
layout(binding = 3) readonly buffer DLoss { vec4 d_loss[]; };              // (1, 1)
layout(binding = 4) buffer DX { vec4 d_x[]; };                             // (rows, cols)
layout(push_constant) uniform Push
{
    uint rows;
    uint cols;
    uint groups;
    uint accumulates;
};

void main()
{
    uint row = element_row();
    uint group = element_group();
    uint at = row * groups + group;
    if (row >= rows || group >= groups)
        return;
    vec4 slope = is_logistic != 0 ? 1.0 / (1.0 + exp(-x[at])) - targets[at] : 2.0 * (x[at] - targets[at]);
    vec4 d = slope * (d_loss[0].x / denominators[0].x);
    d = mix(vec4(0.0), d, lessThan(uvec4(0, 1, 2, 3) + 4 * group, uvec4(cols)));
    d_x[at] = d + (accumulates != 0 ? d_x[at] : vec4(0.0));
}
