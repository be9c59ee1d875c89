// SPDX-License-Identifier: Apache-2.0
// variants: f32
// d_weight = the sum of the parts which a split outer product left, or adds it: always in the same order, so that d_weight
// is the same in every run. An invocation takes a group of four inputs of an output.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "lib/elements.glsl"

layout(binding = 0) readonly buffer Parts { vec4 parts[]; }; // of each part, PANELS (N, K)
layout(binding = 1) buffer DWeight { vec4 d_weight[]; };     // PANELS (N', K)
layout(push_constant) uniform Push
{
    uint part_count;
    uint outputs;      // of d_weight that are written
    uint part_stride;  // of the parts
    uint x_groups;
    uint weight_stride;
    uint first_output; // of d_weight
    uint accumulates;
};

void main()
{
    uint x_group = element_row();
    uint output_row = element_group();
    if (x_group >= x_groups || output_row >= outputs)
        return;
    vec4 sum = vec4(0.0);
    for (uint part = 0; part < part_count; ++part)
        sum += parts[(part * x_groups + x_group) * part_stride + output_row];
    uint at = x_group * weight_stride + first_output + output_row;
    d_weight[at] = accumulates != 0 ? d_weight[at] + sum : sum;
}
