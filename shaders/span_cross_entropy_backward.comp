// SPDX-License-Identifier: Apache-2.0
// variants: f32
// Adds to d_x: d_loss / 2 / denominator * (softmax over the span - [row is label]), for start and end. A workgroup takes
// one span; spans do not overlap.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "lib/grid.glsl"

layout(constant_id = 0) const uint workgroup_size = 64;
layout(local_size_x_id = 0, local_size_y = 1, local_size_z = 1) in;

layout(binding = 0) readonly buffer X { vec4 x[]; };                       // (rows, 2)
layout(binding = 1) readonly buffer Spans { ivec4 spans[]; };              // (count, 4): first row, rows, start, end
layout(binding = 2) readonly buffer Losses { vec4 losses[]; };             // (count, 8): as forward wrote them
layout(binding = 3) readonly buffer Denominators { vec4 denominators[]; }; // (1, 2)
layout(binding = 4) readonly buffer DLoss { vec4 d_loss[]; };              // (1, 1)
layout(binding = 5) buffer DX { vec4 d_x[]; };                             // (rows, 2)

layout(push_constant) uniform Push
{
    uint count;
};

void main()
{
    uint at = workgroup_in_line();
    if (at >= count)
        return;
    ivec4 span = spans[at];
    vec4 kept = losses[2 * at];
    vec4 m = losses[2 * at + 1];
    bvec2 counts = greaterThan(kept.yw, vec2(0.0));
    vec2 scale = mix(vec2(0.0), 0.5 * d_loss[0].x / denominators[0].xy, counts);
    for (uint i = gl_LocalInvocationIndex; i < uint(span.y); i += workgroup_size) {
        uint row = uint(span.x) + i;
        vec2 target = vec2(equal(uvec2(i), uvec2(span.zw)));
        vec2 d = scale * (exp((x[2 * row].xy - m.xz) - m.yw) - target);
        d_x[2 * row] += vec4(d, 0.0, 0.0);
    }
}
