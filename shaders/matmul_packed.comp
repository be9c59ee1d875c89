// SPDX-License-Identifier: Apache-2.0
// variants: f16 f16_wide
// y = residual + dropout(activation(x weight^T + bias)), as matmul_tiled, with products and short sums in f16, two to an
// instruction where the device has such. f16_wide: y is f32.
//
// A workgroup of lanes_x * lanes_y computes a block of tile_rows * lanes_y rows and 4 * tile_groups * lanes_x columns;
// a lane, tile_rows rows with tile_groups groups of four columns, `lanes` apart. The sum goes along K in groups of four,
// `step` of them a turn, through shared memory; pairs of neighbours along K are multiplied at once, so that each of the two
// halves holds 2 * step products before it is added to the sum in f32. is_split as in matmul_tiled.
#version 450
#extension GL_EXT_control_flow_attributes : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#extension GL_GOOGLE_include_directive : require
#include "lib/storage.glsl"
#include "lib/activation.glsl"
#include "lib/random.glsl"

layout(constant_id = 0) const uint lanes_x = 16;
layout(constant_id = 1) const uint lanes_y = 8;
layout(constant_id = 2) const uint tile_rows = 8;   // 1 to 8
layout(constant_id = 3) const uint tile_groups = 1; // 1 or 2
layout(constant_id = 4) const uint step = 4;        // 1 to 8
layout(constant_id = 5) const uint step_divides = 0; // the padded K / 4
layout(constant_id = 6) const uint is_split = 0;
layout(constant_id = 7) const uint scales_x = 0; // x holds its values divided by x_scale
layout(local_size_x = 16, local_size_x_id = 0, local_size_y = 8, local_size_y_id = 1) in;

layout(binding = 0) readonly buffer X { elem4 x[]; };               // (rows, K)
layout(binding = 1) readonly buffer Weight { elem4 weight[]; };     // PANELS: (N, K)
layout(binding = 2) readonly buffer Bias { float bias[]; };         // (1, N) where HAS_BIAS
layout(binding = 3) readonly buffer Residual { elem4 residual[]; }; // (rows, cols) where HAS_RESIDUAL; may be y
layout(binding = 4) readonly buffer Seed { uvec4 seed[]; };         // (1, 4) where has_dropout
#ifdef VARIANT_wide
layout(binding = 5) writeonly buffer Y { vec4 y[]; };               // (rows, cols); is_split, (parts * rows, cols)
#else
layout(binding = 5) writeonly buffer Y { elem4 y[]; };
#endif
layout(binding = 6) writeonly buffer Pre { elem4 pre[]; };          // (rows, cols) where keeps_sum
layout(push_constant) uniform Push
{
    uint rows;
    uint cols;          // of y
    uint groups;        // of four along K, padding included
    uint weight_stride;
    uint first_output;  // of the weight
    uint y_stride;      // groups of four, padding included
    uint split_groups;  // a multiple of step
    uint flags;
    uint dropout_stream;
    uint dropout_threshold;
    float dropout_scale;
    float x_scale;
    float y_factor;
};

const uint over_outputs = 0;
const float x_factor = 1.0;
#define PART (is_split != 0 ? gl_WorkGroupID.z : 0)
#include "lib/linear_output.glsl"

const uint MAX_ROWS = 8, MAX_GROUPS = 2, MAX_STEP = 8, MAX_FILLS = 16;
const uint block_rows = tile_rows * lanes_y;
const uint block_groups = tile_groups * lanes_x;
const uint lane_count = lanes_x * lanes_y;
const uint x_fills = step * block_rows / lane_count;
const uint weight_fills = step * 4 * block_groups / lane_count;
const uint x_pitch = block_rows + 1;          // rows of the block, and one that spreads the banks
shared uvec2 x_block[step * x_pitch];         // (step, rows)
shared uvec2 weight_block[step * 4 * block_groups]; // (step, column of four, groups)

uint lane() { return gl_LocalInvocationID.y * lanes_x + gl_LocalInvocationID.x; }

// What is beyond the largest half counts as that.
uint scaled(uint pair)
{
    f16vec2 v = unpackFloat2x16(pair) * float16_t(x_scale);
    return packFloat2x16(clamp(v, f16vec2(-65504.0), f16vec2(65504.0)));
}

void fill_x(uint first_row, uint first_k)
{
    [[unroll]] for (uint n = 0; n < x_fills; ++n) {
        uint i = n * lane_count + lane();
        uint k = i % step;
        uvec2 v = uvec2(0);
        if (step_divides != 0 || first_k + k < groups)
            v = x[min(first_row + i / step, rows - 1) * groups + first_k + k];
        x_block[k * x_pitch + i / step] = scales_x != 0 ? uvec2(scaled(v.x), scaled(v.y)) : v;
    }
}

void fill_weight(uint first_group, uint first_k)
{
    [[unroll]] for (uint n = 0; n < weight_fills; ++n) {
        uint i = n * lane_count + lane();
        uint k = i / (4 * block_groups);
        uint col = first_output + 4 * (first_group + i / 4 % block_groups) + i % 4;
        uvec2 v = uvec2(0);
        if (step_divides != 0 || first_k + k < groups)
            v = weight[(first_k + k) * weight_stride + min(col, weight_stride - 1)];
        weight_block[(k * 4 + i % 4) * block_groups + i / 4 % block_groups] = v;
    }
}

// Of a row and four columns over one turn; w are the turn's weights of these columns.
vec4 turn_sum(uint x_at, uvec2 w[MAX_STEP][4])
{
    f16vec2 sums[4];
    [[unroll]] for (uint k = 0; k < step; ++k) {
        uvec2 a = x_block[x_at + k * x_pitch];
        [[unroll]] for (uint c = 0; c < 4; ++c) {
            f16vec2 product = unpackFloat2x16(a.x) * unpackFloat2x16(w[k][c].x);
            sums[c] = k == 0 ? product : sums[c] + product;
            sums[c] += unpackFloat2x16(a.y) * unpackFloat2x16(w[k][c].y);
        }
    }
    return vec4(sums[0].x, sums[1].x, sums[2].x, sums[3].x) + vec4(sums[0].y, sums[1].y, sums[2].y, sums[3].y);
}

void main()
{
    uint tx = gl_LocalInvocationID.x;
    uint ty = gl_LocalInvocationID.y;
    uint first_row = gl_WorkGroupID.x * block_rows;
    uint first_group = gl_WorkGroupID.y * block_groups;
    vec4 sums[MAX_GROUPS][MAX_ROWS];
    [[unroll]] for (uint g = 0; g < tile_groups; ++g)
        [[unroll]] for (uint r = 0; r < tile_rows; ++r)
            sums[g][r] = vec4(0.0);
    uint k_end = is_split != 0 ? min((PART + 1) * split_groups, groups) : groups;
    for (uint first_k = is_split != 0 ? PART * split_groups : 0; first_k < k_end; first_k += step) {
        barrier();
        fill_x(first_row, first_k);
        fill_weight(first_group, first_k);
        barrier();
        [[unroll]] for (uint g = 0; g < tile_groups; ++g) {
            uvec2 w[MAX_STEP][4];
            [[unroll]] for (uint n = 0; n < 4 * step; ++n)
                w[n / 4][n % 4] = weight_block[n * block_groups + g * lanes_x + tx];
            [[unroll]] for (uint r = 0; r < tile_rows; ++r)
                sums[g][r] += turn_sum(ty + r * lanes_y, w);
        }
    }
    [[unroll]] for (uint g = 0; g < tile_groups; ++g) {
        uint group = first_group + g * lanes_x + tx;
        vec4 bias4 = bias_of(group);
        [[unroll]] for (uint r = 0; r < tile_rows; ++r)
            finish(first_row + ty + r * lanes_y, group, sums[g][r], bias4);
    }
}
