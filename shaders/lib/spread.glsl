// SPDX-License-Identifier: Apache-2.0
// Neighbouring elements to neighbouring lanes, for CPU drivers: every lane loads all of them, uniform, and selects its own
// by its constant number, of which the driver's compiler makes one vector load. The kernel has the constant `lanes`, the
// size of a subgroup: 4, 8 or 16.
#ifndef TUFF_SPREAD_GLSL
#define TUFF_SPREAD_GLSL

layout(buffer_reference, std430, buffer_reference_align = 16) readonly buffer Groups { vec4 of[16]; };

// Component `lane % 4` of group `lane / 4`: one element a lane of `lanes` that lie side by side.
float spread(vec4 groups[4])
{
    float v = groups[0].x;
    [[unroll]] for (uint i = 1; i < lanes; ++i)
        v = gl_SubgroupInvocationID == i ? groups[i / 4][i % 4] : v;
    return v;
}

float spread_at(uint64_t from)
{
    vec4 groups[4];
    [[unroll]] for (uint i = 0; i < lanes / 4; ++i)
        groups[i] = Groups(from).of[i];
    return spread(groups);
}

#endif
