// SPDX-License-Identifier: Apache-2.0
// variants: f32
// y[i][j] = scale * dot(x[2i], x[2j + 1]). An invocation takes four columns of a row of y.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "lib/elements.glsl"

layout(binding = 0) readonly buffer X { vec4 x[]; };  // (2 * pairs, cols)
layout(binding = 1) writeonly buffer Y { vec4 y[]; }; // (pairs, pairs)
layout(push_constant) uniform Push
{
    uint pairs;
    uint x_groups;
    uint y_groups;
    float scale;
};

void main()
{
    uint row = element_row();
    uint group = element_group();
    if (row >= pairs || group >= y_groups)
        return;
    vec4 scores = vec4(0.0);
    for (uint k = 0; k < 4 && 4 * group + k < pairs; k++) {
        uint first = 2 * row * x_groups;
        uint second = (8 * group + 2 * k + 1) * x_groups;
        float sum = 0.0;
        for (uint g = 0; g < x_groups; g++)
            sum += dot(x[first + g], x[second + g]);
        scores[k] = scale * sum;
    }
    y[row * y_groups + group] = scores;
}
