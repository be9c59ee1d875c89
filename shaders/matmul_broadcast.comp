// SPDX-License-Identifier: Apache-2.0
// variants: f32 f16 f16_wide f16_wideinput
// y = residual + dropout(activation(x weight^T + bias)); with `over_outputs` y = residual + x weight, as matmul_tiled, for
// CPU drivers on which a load costs as much as dozens of products, whatever is loaded (Mesa before its releases carried
// their number takes each apart by lanes). f16_wide: y is f32; f16_wideinput: x is.
//
// A workgroup is one subgroup and computes tile_rows rows and 4 * tile_groups * lanes columns. Each lane loads the rows that
// are its own and gets the others from their lanes, and has tile_groups groups of four columns, `lanes` apart. The sums
// outgrow the registers, which costs far less than loads would.
#version 450
#extension GL_EXT_control_flow_attributes : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_shuffle : require
#extension GL_GOOGLE_include_directive : require
#include "lib/storage.glsl"
#include "lib/activation.glsl"
#include "lib/random.glsl"

layout(constant_id = 0) const uint lanes = 8;       // of a subgroup: 4, 8 or 16
layout(constant_id = 1) const uint tile_rows = 32;  // a multiple of lanes, at most 32
layout(constant_id = 2) const uint tile_groups = 4; // 1 to 4
layout(constant_id = 3) const uint over_outputs = 0;
layout(local_size_x = 8, local_size_x_id = 0) in;

#ifdef VARIANT_wideinput
#define x_elem4 vec4
vec4 load_x(vec4 v) { return v; }
#else
#define x_elem4 elem4
vec4 load_x(elem4 v) { return load4(v); }
#endif

layout(binding = 0) readonly buffer X { x_elem4 x[]; };             // (rows, K)
layout(binding = 1) readonly buffer Weight { elem4 weight[]; };     // PANELS: (N, K), or (K, N) over_outputs
layout(binding = 2) readonly buffer Bias { float bias[]; };         // (1, N) where HAS_BIAS
layout(binding = 3) readonly buffer Residual { elem4 residual[]; }; // (rows, cols) where HAS_RESIDUAL; may be y
layout(binding = 4) readonly buffer Seed { uvec4 seed[]; };         // (1, 4) where has_dropout
#ifdef VARIANT_wide
layout(binding = 5) writeonly buffer Y { vec4 y[]; };               // (rows, cols)
#else
layout(binding = 5) writeonly buffer Y { elem4 y[]; };
#endif
layout(binding = 6) writeonly buffer Pre { elem4 pre[]; };          // (rows, cols) where keeps_sum
layout(push_constant) uniform Push
{
    uint rows;
    uint cols;         // of y
    uint groups;       // of four along K, padding included
    uint weight_stride;
    uint first_output; // of the weight; over_outputs, the one that x begins with
    uint y_stride;     // groups of four, padding included
    uint flags;
    uint dropout_stream;
    uint dropout_threshold;
    float dropout_scale;
    float x_factor;
    float y_factor;
};

#include "lib/linear_output.glsl"

// Group k along K of the weight's output c of group g; over_outputs, group g of its output 4 * k + c.
vec4 weight_at(uint k, uint g, uint c)
{
    if (over_outputs == 0)
        return load4(weight[k * weight_stride + min(first_output + 4 * g + c, weight_stride - 1)]);
    return load4(weight[min(g, y_stride - 1) * weight_stride + first_output + 4 * k + c]);
}

void main()
{
    uint first_row = gl_WorkGroupID.x * tile_rows;
    uint first_group = gl_WorkGroupID.y * lanes * tile_groups + gl_SubgroupInvocationID;
    vec4 sums[128];
    [[unroll]] for (uint n = 0; n < tile_rows * tile_groups; ++n)
        sums[n] = vec4(0.0);
    for (uint k = 0; k < groups; ++k) {
        vec4 w[16];
        vec4 own[8];
        [[unroll]] for (uint n = 0; n < 4 * tile_groups; ++n)
            w[n] = weight_at(k, first_group + n / 4 * lanes, n % 4);
        [[unroll]] for (uint n = 0; n < tile_rows / lanes; ++n)
            own[n] = load_x(x[min(first_row + n * lanes + gl_SubgroupInvocationID, rows - 1) * groups + k]);
        [[unroll]] for (uint i = 0; i < tile_rows; ++i) {
            vec4 v = subgroupShuffle(own[i / lanes], i % lanes);
            [[unroll]] for (uint j = 0; j < tile_groups; ++j) {
                vec4 a = w[4 * j], b = w[4 * j + 1], c = w[4 * j + 2], d = w[4 * j + 3];
                sums[i * tile_groups + j] += over_outputs == 0 ? vec4(dot(v, a), dot(v, b), dot(v, c), dot(v, d))
                                                               : v.x * a + v.y * b + v.z * c + v.w * d;
            }
        }
    }
    // Through memory, so that what follows is compiled once and not for each group.
    vec4 kept[128];
    [[unroll]] for (uint n = 0; n < tile_rows * tile_groups; ++n)
        kept[n] = sums[n];
    for (uint j = 0; j < tile_groups; ++j) {
        uint group = first_group + j * lanes;
        vec4 bias4 = bias_of(group);
        for (uint i = 0; i < tile_rows; ++i)
            finish(first_row + i, group, kept[i * tile_groups + j], bias4);
    }
}
