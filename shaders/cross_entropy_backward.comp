// SPDX-License-Identifier: Apache-2.0
// variants: f32
// d_x = d_loss / denominator * (softmax(x) - (1 - smoothing) * [col is label] - smoothing / cols) where the label counts.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "lib/elements.glsl"

layout(binding = 0) readonly buffer X { vec4 x[]; };                       // (rows, cols)
layout(binding = 1) readonly buffer Labels { int labels[]; };              // (rows, 1)
layout(binding = 2) readonly buffer Losses { vec4 losses[]; };             // (rows, 4): as forward wrote them
layout(binding = 3) readonly buffer Denominators { vec4 denominators[]; }; // (1, 2)
layout(binding = 4) readonly buffer DLoss { vec4 d_loss[]; };              // (1, 1)
layout(binding = 5) buffer DX { vec4 d_x[]; };                             // (rows, cols)
layout(push_constant) uniform Push
{
    uint rows;
    uint cols;
    uint groups;
    uint accumulates;
    float smoothing;
};

void main()
{
    uint row = element_row();
    uint group = element_group();
    if (row >= rows || group >= groups)
        return;
    vec4 kept = losses[2 * row];
    uvec4 col = uvec4(0, 1, 2, 3) + 4 * group;
    uint at = row * groups + group;
    vec4 target = vec4(equal(col, uvec4(labels[row]))) * (1.0 - smoothing) + smoothing / float(cols);
    vec4 d = (exp((x[at] - kept.z) - kept.w) - target) * (kept.y > 0.0 ? d_loss[0].x / denominators[0].x : 0.0);
    d = mix(vec4(0.0), d, lessThan(col, uvec4(cols)));
    d_x[at] = d + (accumulates != 0 ? d_x[at] : vec4(0.0));
}
