// SPDX-License-Identifier: Apache-2.0
// variants: f32 f16 f16_wide f16_wideinput
// y = residual + dropout(activation(x weight^T + bias)), as matmul_tiled, for compilers that load what a subgroup has in
// common with one instruction and multiply by it in place (Intel's, since Xe). f16_wide: y is
// f32; f16_wideinput: x is.
//
// A workgroup of lanes_x * lanes_y computes a block of tile_rows * lanes_y rows and 4 * tile_groups * lanes_x columns; a
// subgroup, tile_rows rows with 4 * tile_groups columns a lane. The sum goes along K in groups of four, `step` of them a
// turn, through shared memory; step divides the padded K / 4. All of a turn's products of a column follow each other: no
// more than one sum a row and column is ever alive. is_split as in matmul_tiled.
#version 450
#extension GL_EXT_control_flow_attributes : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_shuffle : require
#extension GL_GOOGLE_include_directive : require
#include "lib/storage.glsl"
#include "lib/activation.glsl"
#include "lib/random.glsl"

layout(constant_id = 0) const uint workgroup_size = 256;
layout(constant_id = 1) const uint subgroup_size = 8; // 4, 8 or 16, and divides lanes_x
layout(constant_id = 2) const uint lanes_x = 16;
layout(constant_id = 3) const uint tile_rows = 8;   // 1 to 8
layout(constant_id = 4) const uint tile_groups = 2; // 1 or 2
layout(constant_id = 5) const uint step = 4;        // 1 to 4
layout(constant_id = 6) const uint is_split = 0;
layout(local_size_x = 256, local_size_x_id = 0) in;

#ifdef VARIANT_wideinput
#define x_elem4 vec4
vec4 load_x(vec4 v) { return v; }
#else
#define x_elem4 elem4
vec4 load_x(elem4 v) { return load4(v); }
#endif

layout(binding = 0) readonly buffer X { x_elem4 x[]; };             // (rows, K)
layout(binding = 1) readonly buffer Weight { elem4 weight[]; };     // PANELS: (N, K)
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
    uint cols;          // of y
    uint groups;        // of four along K, padding included
    uint weight_stride;
    uint first_output;  // of the weight
    uint y_stride;      // groups of four, padding included
    uint split_groups;
    uint flags;
    uint dropout_stream;
    uint dropout_threshold;
    float dropout_scale;
    float x_factor;
    float y_factor;
};

const uint over_outputs = 0;
#define PART (is_split != 0 ? gl_WorkGroupID.z : 0)
#include "lib/linear_output.glsl"

const uint MAX_ROWS = 8, MAX_GROUPS = 2, MAX_STEP = 4, MAX_FILLS = 8;
const uint subgroups_x = lanes_x / subgroup_size;
const uint block_rows = tile_rows * workgroup_size / lanes_x;
const uint block_cols = 4 * tile_groups * lanes_x;
const uint x_fills = step * block_rows / workgroup_size;
const uint weight_fills = step * block_cols / workgroup_size;
shared vec4 x_block[step * block_rows];      // (step, rows)
shared vec4 weight_block[step * block_cols]; // (step, columns)

// Group 0 of what a lane brings to x's block with its n-th load, and where it goes.
uint x_from(uint n)
{
    uint i = n * workgroup_size + gl_LocalInvocationIndex;
    return min(gl_WorkGroupID.x * block_rows + i / step, rows - 1) * groups + i % step;
}

uint x_to(uint n)
{
    uint i = n * workgroup_size + gl_LocalInvocationIndex;
    return i % step * block_rows + i / step;
}

uint weight_from(uint n)
{
    uint i = n * workgroup_size + gl_LocalInvocationIndex;
    uint col = first_output + gl_WorkGroupID.y * block_cols + i % block_cols;
    return i / block_cols * weight_stride + min(col, weight_stride - 1);
}

void fill_blocks(uint first_k, uint from_x[MAX_FILLS], uint from_weight[MAX_FILLS])
{
    [[unroll]] for (uint n = 0; n < x_fills; ++n)
        x_block[x_to(n)] = load_x(x[from_x[n] + first_k]);
    [[unroll]] for (uint n = 0; n < weight_fills; ++n)
        weight_block[n * workgroup_size + gl_LocalInvocationIndex] =
            load4(weight[from_weight[n] + first_k * weight_stride]);
}

// Lane t of four has columns t, 4 + t, 8 + t and 12 + t of their sixteen, so that loads of the weight are of neighbours;
// this gives it 4 * t to 4 * t + 3, as finish() wants them.
vec4 to_neighbours(vec4 v)
{
    bool is_odd = (gl_SubgroupInvocationID & 1) != 0;
    bool is_upper = (gl_SubgroupInvocationID & 2) != 0;
    vec2 other = subgroupShuffleXor(is_odd ? v.xz : v.yw, 1);
    v = is_odd ? vec4(other.x, v.y, other.y, v.w) : vec4(v.x, other.x, v.z, other.y);
    other = subgroupShuffleXor(is_upper ? v.xy : v.zw, 2);
    return is_upper ? vec4(other, v.zw) : vec4(v.xy, other);
}

void main()
{
    uint lane = gl_SubgroupInvocationID;
    uint first_lane = gl_SubgroupID % subgroups_x * subgroup_size; // of lanes_x
    uint first_row = gl_SubgroupID / subgroups_x * tile_rows;      // in the block
    uint from_x[MAX_FILLS];
    uint from_weight[MAX_FILLS];
    [[unroll]] for (uint n = 0; n < x_fills; ++n)
        from_x[n] = x_from(n);
    [[unroll]] for (uint n = 0; n < weight_fills; ++n)
        from_weight[n] = weight_from(n);
    uint weight_at = 4 * tile_groups * first_lane + 16 * (lane / 4) + lane % 4;
    vec4 sum[MAX_GROUPS][MAX_ROWS];
    [[unroll]] for (uint g = 0; g < tile_groups; ++g)
        [[unroll]] for (uint r = 0; r < tile_rows; ++r)
            sum[g][r] = vec4(0.0);
    uint k_end = is_split != 0 ? min((PART + 1) * split_groups, groups) : groups;
    for (uint first_k = is_split != 0 ? PART * split_groups : 0; first_k < k_end; first_k += step) {
        barrier();
        fill_blocks(first_k, from_x, from_weight);
        barrier();
        vec4 a[MAX_STEP][MAX_ROWS];
        [[unroll]] for (uint k = 0; k < step; ++k)
            [[unroll]] for (uint r = 0; r < tile_rows; ++r)
                a[k][r] = x_block[k * block_rows + first_row + r];
        [[unroll]] for (uint g = 0; g < tile_groups; ++g)
            [[unroll]] for (uint c = 0; c < 4; ++c) {
                vec4 w[MAX_STEP];
                [[unroll]] for (uint k = 0; k < step; ++k)
                    w[k] = weight_block[weight_at + k * block_cols + 4 * (g * subgroup_size + c)];
                [[unroll]] for (uint i = 0; i < 4 * step; ++i)
                    [[unroll]] for (uint r = 0; r < tile_rows; ++r)
                        sum[g][r][c] = fma(a[i / 4][r][i % 4], w[i / 4][i % 4], sum[g][r][c]);
            }
    }
    [[unroll]] for (uint g = 0; g < tile_groups; ++g) {
        uint group = gl_WorkGroupID.y * block_cols / 4 + tile_groups * first_lane + g * subgroup_size + lane;
        vec4 bias4 = bias_of(group);
        [[unroll]] for (uint r = 0; r < tile_rows; ++r)
            finish(gl_WorkGroupID.x * block_rows + first_row + r, group, to_neighbours(sum[g][r]), bias4);
    }
}
