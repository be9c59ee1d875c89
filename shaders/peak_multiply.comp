// SPDX-License-Identifier: Apache-2.0
// variants: f32
// The device's own rate of multiply-adds: each lane runs 16 independent chains x = x * a + b, `turns` times 8
// steps. Nothing is loaded; what is stored keeps the compiler from leaving it away.
#version 450

layout(constant_id = 0) const uint workgroup_size = 64;
layout(local_size_x_id = 0, local_size_y = 1, local_size_z = 1) in;

layout(binding = 0) writeonly buffer Y { vec4 y[]; }; // one a workgroup
layout(push_constant) uniform Push
{
    uint turns;
    float a;
    float b;
};

const uint CHAINS = 4; // of vec4

void main()
{
    vec4 x[CHAINS];
    for (uint i = 0; i < CHAINS; i++)
        x[i] = vec4(gl_LocalInvocationIndex) + vec4(0, 1, 2, 3) + 4 * float(i);
    for (uint turn = 0; turn < turns; turn++) {
        for (uint step = 0; step < 8; step++)
            for (uint i = 0; i < CHAINS; i++)
                x[i] = x[i] * a + vec4(b);
    }
    vec4 sum = vec4(0);
    for (uint i = 0; i < CHAINS; i++)
        sum += x[i];
    if (gl_LocalInvocationIndex == 0 || sum.x == 1234.5)
        y[gl_WorkGroupID.x] = sum;
}
