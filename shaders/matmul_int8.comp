// SPDX-License-Identifier: Apache-2.0
// variants: f32 f16
// variants-integer_dot_product: f32_dot f16_dot
// y = residual + dropout(activation(x weight^T + bias)), x and weight I8: four values along K in a uint, and the scales of
// x's rows and the weight's outputs behind them. Sums of products are exact, in 32 bits. `dot`: a product of four at once
// (VK_KHR_shader_integer_dot_product); else the bytes are taken apart.
//
// A workgroup of lanes_x * lanes_y computes tile_rows * lanes_y rows and 4 * lanes_x columns; a lane, tile_rows rows,
// lanes_y apart, of a group of four columns. `step` groups of four along K a turn; through shared memory where uses_shared.
#version 450
#extension GL_EXT_control_flow_attributes : require
#extension GL_GOOGLE_include_directive : require
#ifdef VARIANT_dot
#extension GL_EXT_integer_dot_product : require
#endif
#include "lib/storage.glsl"
#include "lib/activation.glsl"
#include "lib/random.glsl"

layout(constant_id = 0) const uint lanes_x = 16;
layout(constant_id = 1) const uint lanes_y = 8;
layout(constant_id = 2) const uint tile_rows = 8; // 1 to 8
layout(constant_id = 3) const uint step = 16;
layout(constant_id = 4) const uint uses_shared = 0;
layout(constant_id = 5) const uint step_divides = 0; // the padded K / 4
layout(local_size_x = 16, local_size_x_id = 0, local_size_y = 8, local_size_y_id = 1) in;

layout(binding = 0) readonly buffer X { uint x[]; };                // (rows, K) and scales
layout(binding = 1) readonly buffer Weight { uvec4 weight[]; };     // PANELS (N, K) and scales
layout(binding = 2) readonly buffer Bias { float bias[]; };         // (1, N) where HAS_BIAS
layout(binding = 3) readonly buffer Residual { elem4 residual[]; }; // (rows, cols) where HAS_RESIDUAL; may be y
layout(binding = 4) readonly buffer Seed { uvec4 seed[]; };         // (1, 4) where has_dropout
layout(binding = 5) writeonly buffer Y { elem4 y[]; };              // (rows, cols)
layout(binding = 6) writeonly buffer Pre { elem4 pre[]; };          // (rows, cols) where keeps_sum
layout(push_constant) uniform Push
{
    uint rows;
    uint cols;          // of y
    uint groups;        // of four along K, padding included
    uint weight_groups; // of four outputs, padding included
    uint first_output;  // of the weight
    uint y_stride;      // groups of four, padding included
    uint x_scales;      // where they begin, in words
    uint weight_scales; // in groups of four
    uint flags;
    uint dropout_stream;
    uint dropout_threshold;
    float dropout_scale;
    float x_factor;
    float y_factor;
};

const uint over_outputs = 0; // y is never a gradient
#include "lib/linear_output.glsl"

const uint MAX_ROWS = 8;
const uint block_rows = tile_rows * lanes_y;
const uint lane_count = lanes_x * lanes_y;
const uint x_pitch = block_rows + 1; // rows of the block, and one that spreads the banks
shared uint x_block[uses_shared * step * x_pitch + 1];
shared uvec4 weight_block[uses_shared * step * lanes_x + 1];

// Four values, and the sum of the products of two fours.
#ifdef VARIANT_dot
#define quad uint
quad quad_of(uint v) { return v; }
int dot_of(quad a, quad b) { return dotPacked4x8EXT(int(a), int(b)); }
#else
#define quad ivec4
quad quad_of(uint v) { return ivec4(v << 24, v << 16, v << 8, v) >> 24; }
int dot_of(quad a, quad b) { return (a.x * b.x + a.y * b.y) + (a.z * b.z + a.w * b.w); }
#endif

uint fetch_x(uint row, uint k) { return step_divides != 0 || k < groups ? x[min(row, rows - 1) * groups + k] : 0; }

uvec4 fetch_weight(uint group, uint k)
{
    group = min(first_output / 4 + group, weight_groups - 1);
    return step_divides != 0 || k < groups ? weight[k * weight_groups + group] : uvec4(0);
}

void fill_blocks(uint first_row, uint first_group, uint first_k)
{
    uint lane = gl_LocalInvocationID.y * lanes_x + gl_LocalInvocationID.x;
    for (uint i = lane; i < step * block_rows; i += lane_count)
        x_block[i % step * x_pitch + i / step] = fetch_x(first_row + i / step, first_k + i % step);
    for (uint i = lane; i < step * lanes_x; i += lane_count)
        weight_block[i] = fetch_weight(first_group + i % lanes_x, first_k + i / lanes_x);
}

void main()
{
    uint tx = gl_LocalInvocationID.x;
    uint ty = gl_LocalInvocationID.y;
    uint first_row = gl_WorkGroupID.x * block_rows;
    uint first_group = gl_WorkGroupID.y * lanes_x;
    ivec4 sums[MAX_ROWS];
    [[unroll]] for (uint i = 0; i < MAX_ROWS; ++i)
        sums[i] = ivec4(0);
    for (uint first_k = 0; first_k < groups; first_k += step) {
        if (uses_shared != 0) {
            barrier();
            fill_blocks(first_row, first_group, first_k);
            barrier();
        }
        for (uint k = 0; k < step; ++k) {
            uvec4 words = uses_shared != 0 ? weight_block[k * lanes_x + tx] : fetch_weight(first_group + tx, first_k + k);
            quad w0 = quad_of(words.x), w1 = quad_of(words.y), w2 = quad_of(words.z), w3 = quad_of(words.w);
            [[unroll]] for (uint i = 0; i < MAX_ROWS; ++i)
                if (i < tile_rows) {
                    quad a = quad_of(uses_shared != 0 ? x_block[k * x_pitch + ty + i * lanes_y]
                                                      : fetch_x(first_row + ty + i * lanes_y, first_k + k));
                    sums[i] += ivec4(dot_of(a, w0), dot_of(a, w1), dot_of(a, w2), dot_of(a, w3));
                }
        }
    }
    uint group = first_group + tx;
    vec4 bias4 = bias_of(group);
    vec4 scales = uintBitsToFloat(weight[weight_scales + min(first_output / 4 + group, weight_groups - 1)]);
    [[unroll]] for (uint i = 0; i < MAX_ROWS; ++i)
        if (i < tile_rows) {
            uint row = first_row + ty + i * lanes_y;
            float scale = uintBitsToFloat(x[x_scales + min(row, rows - 1)]);
            finish(row, group, vec4(sums[i]) * scales * scale, bias4);
        }
}
