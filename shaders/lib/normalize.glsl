// SPDX-License-Identifier: Apache-2.0
// Mean and 1 / standard deviation of a row, shared by the kernels that end in a layer norm. In two passes, the mean first
// and then the squares of differences, in float: a sum of squares less a squared mean would lose digits.
#ifndef TUFF_NORMALIZE_GLSL
#define TUFF_NORMALIZE_GLSL

#include "lib/reduce.glsl"

// Defined by the kernel: four elements of the row that its team works on.
vec4 source4(uint row, uint group);

vec2 row_statistics(uint row, uint cols, uint groups, float epsilon)
{
    uint first = row == NO_ROW ? groups : lane;
    vec4 sums = vec4(0.0);
    for (uint g = first; g < groups; g += lane_count)
        sums += source4(row, g); // padding holds zeros
    float mean = team_sum(sum4(sums)) / float(cols);
    vec4 squares = vec4(0.0);
    for (uint g = first; g < groups; g += lane_count) {
        vec4 d = inside(source4(row, g) - mean, 0.0, g, cols);
        squares += d * d;
    }
    float variance = team_sum(sum4(squares)) / float(cols);
    return vec2(mean, inversesqrt(variance + epsilon));
}

#endif
