// SPDX-License-Identifier: Apache-2.0
// variants: f32 f16 f16_wide
// y = residual + dropout(activation(sum + bias)), the sum being that of the parts which a split matmul left: always in the
// same order, so that y is the same in every run. f16_wide: y is f32.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "lib/storage.glsl"
#include "lib/activation.glsl"
#include "lib/elements.glsl"
#include "lib/random.glsl"

layout(constant_id = 1) const uint over_outputs = 0; // y is a gradient

layout(binding = 0) readonly buffer Parts { vec4 parts[]; };        // (part_count * rows, cols)
layout(binding = 1) readonly buffer Bias { float bias[]; };         // (1, N) where HAS_BIAS
layout(binding = 2) readonly buffer Residual { elem4 residual[]; }; // (rows, cols) where HAS_RESIDUAL; may be y
layout(binding = 3) readonly buffer Seed { uvec4 seed[]; };         // (1, 4) where has_dropout
#ifdef VARIANT_wide
layout(binding = 4) writeonly buffer Y { vec4 y[]; };               // (rows, cols)
#else
layout(binding = 4) writeonly buffer Y { elem4 y[]; };
#endif
layout(binding = 5) writeonly buffer Pre { elem4 pre[]; };          // (rows, cols) where keeps_sum
layout(push_constant) uniform Push
{
    uint rows;
    uint cols;         // of y
    uint part_count;
    uint first_output; // of the bias
    uint y_stride;     // groups of four, padding included
    uint flags;
    uint dropout_stream;
    uint dropout_threshold;
    float dropout_scale;
    float y_factor;
};

const float x_factor = 1.0; // the parts have been multiplied with it
#include "lib/linear_output.glsl"

void main()
{
    uint row = element_row();
    uint group = element_group();
    if (row >= rows || group >= y_stride)
        return;
    vec4 sum = vec4(0.0);
    for (uint part = 0; part < part_count; ++part)
        sum += parts[(part * rows + row) * y_stride + group];
    finish(row, group, sum, bias_of(group));
}
