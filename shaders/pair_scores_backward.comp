// SPDX-License-Identifier: Apache-2.0
// variants: f32
// d_x[2i] = scale * sum over j of d_y[i][j] * x[2j + 1], and d_x[2j + 1] = scale * sum over i of d_y[i][j] * x[2i]. An
// invocation takes four columns of a row of d_x.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "lib/elements.glsl"

layout(binding = 0) readonly buffer X { vec4 x[]; };    // (2 * pairs, cols)
layout(binding = 1) readonly buffer DY { float d_y[]; }; // (pairs, pairs)
layout(binding = 2) buffer DX { vec4 d_x[]; };          // (2 * pairs, cols)
layout(push_constant) uniform Push
{
    uint pairs;
    uint x_groups;
    uint y_groups;
    uint accumulates;
    float scale;
};

void main()
{
    uint row = element_row();
    uint group = element_group();
    if (row >= 2 * pairs || group >= x_groups)
        return;
    uint pair = row / 2;
    bool is_first = row % 2 == 0;
    uint at = is_first ? pair * 4 * y_groups : pair;
    uint step = is_first ? 1 : 4 * y_groups;
    vec4 sum = vec4(0.0);
    for (uint other = 0; other < pairs; other++)
        sum += d_y[at + other * step] * x[(2 * other + (is_first ? 1 : 0)) * x_groups + group];
    uint to = row * x_groups + group;
    d_x[to] = scale * sum + (accumulates != 0 ? d_x[to] : vec4(0.0));
}
