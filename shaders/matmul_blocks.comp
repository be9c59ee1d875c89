// SPDX-License-Identifier: Apache-2.0
// variants: f32
// y = residual + dropout(activation(x weight^T + bias)), as matmul_lanes, for weights that lie as this kernel likes them:
// sixteen outputs of one input side by side, the next input's behind them. The weight comes as one stream of plain vectors,
// which the processor fetches ahead, and needs no packing.
//
// A subgroup owns tile_rows rows and one or two blocks of sixteen outputs, 16 / lanes vectors each. x is uniform, so its loads
// are scalars that the multiplications broadcast. Rows come in blocks whose sums over a turn stay in registers.
#version 450
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_buffer_reference_uvec2 : require
#extension GL_EXT_shader_explicit_arithmetic_types_int64 : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_GOOGLE_include_directive : require
#include "lib/storage.glsl"
#include "lib/activation.glsl"
#include "lib/random.glsl"

layout(constant_id = 0) const uint workgroup_size = 32; // a multiple of lanes
layout(constant_id = 1) const uint lanes = 8;      // of a subgroup: 4, 8 or 16
layout(constant_id = 2) const uint tile_rows = 16; // at most 32 and `rows`
layout(constant_id = 3) const uint block_rows = 4; // at most 8; divides tile_rows
layout(constant_id = 4) const uint turn = 4;       // groups of four along K at once: 2 or 4; divides `groups`
layout(constant_id = 5) const uint blocks = 1;     // of a subgroup: 1 or 2
layout(constant_id = 10) const uint activation = 0;
layout(constant_id = 11) const uint keeps_sum = 0; // store what activation is applied to
layout(constant_id = 12) const uint has_dropout = 0;
layout(local_size_x = 32, local_size_x_id = 0) in;

layout(binding = 0) readonly buffer X { float x[]; };               // (rows, K), or x^T in BLOCKS; read through x_address
layout(binding = 1) readonly buffer Weight { float weight[]; };     // BLOCKS (cols, K), read through weight_address
layout(binding = 2) readonly buffer Bias { vec4 bias[]; };          // (1, cols) where HAS_BIAS
layout(binding = 3) readonly buffer Residual { float residual[]; }; // (rows, cols) where HAS_RESIDUAL; may be y; by address
layout(binding = 4) readonly buffer Seed { uvec4 seed[]; };         // (1, 4) where has_dropout
layout(binding = 5) writeonly buffer Y { float y[]; };              // (rows, cols)
layout(binding = 6) writeonly buffer Pre { float pre[]; };          // (rows, cols) where keeps_sum
layout(push_constant) uniform Push
{
    uint rows;
    uint cols;   // a multiple of 16 * blocks
    uint groups; // of four along K, padding included
    uint flags;
    uint dropout_stream;
    uint dropout_threshold;
    float dropout_scale;
    uint x_row_step;   // bytes from a row of x to the next
    uint x_block_step; // and from sixteen columns to the next: of x^T in BLOCKS, K being whole blocks, all its rows
    uint x_address_low;
    uint x_address_high;
    uint weight_address_low;
    uint weight_address_high;
    uint residual_address_low;
    uint residual_address_high;
};

const uint HAS_BIAS = 1;
const uint HAS_RESIDUAL = 2;
const uint width = 16; // outputs of a block
const uint vectors = blocks * width / lanes;

#include "lib/spread.glsl"

uint64_t address(uint low, uint high) { return packUint2x32(uvec2(low, high)); }

// y and what is kept of `lanes` columns from first_col on, from the sums.
void finish(uint row, uint first_col, float sum)
{
    uint at = row * cols + first_col;
    uint col = first_col + gl_SubgroupInvocationID;
    if (keeps_sum != 0)
        pre[at + gl_SubgroupInvocationID] = sum;
    float v = activate(activation, sum);
    if (has_dropout != 0)
        v *= dropout1(seed[0], dropout_stream, 0, row, col, dropout_threshold, dropout_scale);
    if ((flags & HAS_RESIDUAL) != 0)
        v += spread_at(address(residual_address_low, residual_address_high) + uint64_t(at) * 4);
    y[at + gl_SubgroupInvocationID] = v;
}

float bias_at(uint first_col)
{
    vec4 biases[4];
    [[unroll]] for (uint i = 0; i < lanes / 4; ++i)
        biases[i] = bias[first_col / 4 + i];
    return spread(biases);
}

void main()
{
    uint first_col = (gl_WorkGroupID.y * (workgroup_size / lanes) + gl_SubgroupID) * blocks * width;
    if (first_col >= cols)
        return;
    // The last tile begins early enough to be full, and leaves to the one before it what is that one's.
    uint first_own_row = gl_WorkGroupID.x * tile_rows;
    uint first_row = min(first_own_row, rows - tile_rows);
    uint64_t x_pitch = x_row_step;
    uint64_t x_tile = address(x_address_low, x_address_high) + first_row * x_pitch;
    uint64_t weight_pitch = uint64_t(groups) * 16; // of one output
    uint64_t weight_tile = address(weight_address_low, weight_address_high) + first_col * weight_pitch;
    float sums[32 * vectors];
    [[unroll]] for (uint n = 0; n < vectors; ++n) {
        float start = (flags & HAS_BIAS) != 0 ? bias_at(first_col + n * lanes) : 0.0;
        [[unroll]] for (uint i = 0; i < tile_rows; ++i)
            sums[i * vectors + n] = start;
    }
    for (uint next = 0; next < groups; next += turn) {
        // A CPU driver runs the body once more with all lanes off, but uniform loads are done all the same: stay inside.
        uint k = min(next, groups - turn);
        uint64_t x_turn = x_tile + uint64_t(k / 4) * x_block_step + k % 4 * 16;
        uint64_t weight_turn = weight_tile + uint64_t(k) * (16 * width);
        [[unroll]] for (uint block = 0; block < tile_rows; block += block_rows) {
            float parts[8 * vectors];
            [[unroll]] for (uint j = 0; j < turn; ++j) {
                vec4 v[8];
                [[unroll]] for (uint i = 0; i < block_rows; ++i)
                    v[i] = Groups(x_turn + (block + i) * x_pitch).of[j];
                [[unroll]] for (uint c = 0; c < 4; ++c) {
                    [[unroll]] for (uint n = 0; n < vectors; ++n) {
                        uint64_t from = weight_turn + n * lanes / width * width * weight_pitch;
                        float w = spread_at(from + ((4 * j + c) * width + n * lanes % width) * 4);
                        [[unroll]] for (uint i = 0; i < block_rows; ++i) {
                            float product = v[i][c] * w;
                            parts[i * vectors + n] = j + c == 0 ? product : parts[i * vectors + n] + product;
                        }
                    }
                }
            }
            [[unroll]] for (uint i = 0; i < block_rows * vectors; ++i)
                sums[block * vectors + i] += parts[i];
        }
    }
    if (has_dropout != 0) { // long: compiled once rather than for each row
        for (uint i = first_own_row - first_row; i < tile_rows; ++i) {
            [[unroll]] for (uint n = 0; n < vectors; ++n)
                finish(first_row + i, first_col + n * lanes, sums[i * vectors + n]);
        }
        return;
    }
    [[unroll]] for (uint i = 0; i < tile_rows; ++i) {
        if (first_row + i >= first_own_row) {
            [[unroll]] for (uint n = 0; n < vectors; ++n)
                finish(first_row + i, first_col + n * lanes, sums[i * vectors + n]);
        }
    }
}
