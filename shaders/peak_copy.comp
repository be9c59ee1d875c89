// SPDX-License-Identifier: Apache-2.0
// variants: f32
// The device's own bandwidth: y = x, four floats an invocation.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "lib/grid.glsl"

layout(constant_id = 0) const uint workgroup_size = 64;
layout(local_size_x_id = 0, local_size_y = 1, local_size_z = 1) in;

layout(binding = 0) readonly buffer X { vec4 x[]; };
layout(binding = 1) writeonly buffer Y { vec4 y[]; };
layout(push_constant) uniform Push
{
    uint groups; // of four
};

void main()
{
    uint i = workgroup_in_line() * workgroup_size + gl_LocalInvocationIndex;
    if (i < groups)
        y[i] = x[i];
}
