// SPDX-License-Identifier: Apache-2.0
// variants: f32
// d_x = d_loss / denominator * 2 * (x - target).
#version 450
#extension GL_GOOGLE_include_directive : require
#include "lib/elements.glsl"

layout(binding = 0) readonly buffer X { vec4 x[]; };                       // (rows, cols)
layout(binding = 1) readonly buffer Targets { vec4 targets[]; };           // (rows, cols)
layout(binding = 2) readonly buffer Denominators { vec4 denominators[]; }; // (1, 2)
layout(binding = 3) readonly buffer DLoss { vec4 d_loss[]; };              // (1, 1)
layout(binding = 4) buffer DX { vec4 d_x[]; };                             // (rows, cols)
layout(push_constant) uniform Push
{
    uint rows;
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
    vec4 d = (x[at] - targets[at]) * (2.0 * d_loss[0].x / denominators[0].x); // padding is zero in both
    d_x[at] = d + (accumulates != 0 ? d_x[at] : vec4(0.0));
}
