// SPDX-License-Identifier: Apache-2.0
// variants: f32
// y = residual + dropout(activation(x weight^T + bias)), with `over_outputs` y = residual + x weight, for drivers that run
// on a CPU, whose subgroup is a SIMD register and whose shared memory is memory like any other.
//
// A lane owns one column and tile_rows rows. x is uniform, so its loads are scalars that the multiplications broadcast.
// The weight differs by lane; loaded by lanes it would be a gather, element by element under a mask. So every lane loads
// what all of them need, uniform too, and selects its own by its constant number, which the driver's compiler turns into
// a plain vector load where the elements lie side by side, and into inserts where they do not. Addresses instead of
// buffers spare the bounds checks. Rows come in blocks whose sums over a turn stay in registers; the others wait in memory.
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

layout(constant_id = 0) const uint workgroup_size = 64; // a multiple of lanes
layout(constant_id = 1) const uint lanes = 8;      // of a subgroup: 4, 8 or 16; at most the columns of y with padding
layout(constant_id = 2) const uint tile_rows = 32; // at most 32 and `rows`
layout(constant_id = 3) const uint block_rows = 8; // at most 8; divides tile_rows
layout(constant_id = 4) const uint turn = 4;       // groups of four along K at once: 2 or 4; divides `groups`
layout(constant_id = 5) const uint over_outputs = 0;
layout(constant_id = 10) const uint activation = 0;
layout(constant_id = 11) const uint keeps_sum = 0; // store what activation is applied to
layout(constant_id = 12) const uint has_dropout = 0;
layout(local_size_x = 64, local_size_x_id = 0) in;

layout(binding = 0) readonly buffer X { float x[]; };               // (rows, K), read through x_address
layout(binding = 1) readonly buffer Weight { float weight[]; };     // PANELS (N, K), read through weight_address
layout(binding = 2) readonly buffer Bias { vec4 bias[]; };          // (1, N) where HAS_BIAS
layout(binding = 3) readonly buffer Residual { float residual[]; }; // (rows, cols) where HAS_RESIDUAL; may be y; by address
layout(binding = 4) readonly buffer Seed { uvec4 seed[]; };         // (1, 4) where has_dropout
layout(binding = 5) writeonly buffer Y { float y[]; };              // (rows, cols)
layout(binding = 6) writeonly buffer Pre { float pre[]; };          // (rows, cols) where keeps_sum
layout(push_constant) uniform Push
{
    uint rows;
    uint cols;          // of y
    uint groups;        // of four along K, padding included
    uint weight_stride;
    uint first_output;  // of the weight; over_outputs, the one that x begins with
    uint y_stride;      // groups of four, padding included
    uint flags;
    uint dropout_stream;
    uint dropout_threshold;
    float dropout_scale;
    uint x_address_low;
    uint x_address_high;
    uint weight_address_low;
    uint weight_address_high;
    uint residual_address_low;
    uint residual_address_high;
};

const uint HAS_BIAS = 1;
const uint HAS_RESIDUAL = 2;

#include "lib/spread.glsl"

uint64_t address(uint low, uint high) { return packUint2x32(uvec2(low, high)); }

vec4 choose(bool first, vec4 a, vec4 b)
{
    return vec4(first ? a.x : b.x, first ? a.y : b.y, first ? a.z : b.z, first ? a.w : b.w);
}

// Group k along K of the lane's column: the outputs of a group of inputs lie side by side in PANELS.
vec4 weight_at(uint64_t tile, uint k)
{
    uint64_t pitch = uint64_t(weight_stride) * 16;
    if (over_outputs != 0) {
        vec4 w;
        [[unroll]] for (uint c = 0; c < 4; ++c) {
            vec4 inputs[4];
            [[unroll]] for (uint i = 0; i < lanes / 4; ++i)
                inputs[i] = Groups(tile + i * pitch + uint64_t(k) * 64).of[c];
            w[c] = spread(inputs);
        }
        return w;
    }
    Groups outputs = Groups(tile + uint64_t(k) * pitch);
    vec4 w = outputs.of[0];
    [[unroll]] for (uint i = 1; i < lanes; ++i)
        w = choose(gl_SubgroupInvocationID == i, outputs.of[i], w);
    return w;
}

// y and what is kept of (row, col), from the sum.
void finish(uint row, uint first_col, float sum, float column_bias)
{
    uint col = first_col + gl_SubgroupInvocationID;
    uint at = row * y_stride * 4 + col;
    float v = col < cols ? sum + column_bias : 0.0;
    if (keeps_sum != 0)
        pre[at] = v;
    v = activate(activation, v);
    if (has_dropout != 0)
        v *= dropout1(seed[0], dropout_stream, 0, row, col, dropout_threshold, dropout_scale);
    if ((flags & HAS_RESIDUAL) != 0)
        v += spread_at(address(residual_address_low, residual_address_high) + uint64_t(row * y_stride * 4 + first_col) * 4);
    y[at] = v;
}

void main()
{
    // The last tile of either direction begins early enough to be full, and leaves to the others what is theirs.
    uint first_own_col = (gl_WorkGroupID.y * (workgroup_size / lanes) + gl_SubgroupID) * lanes;
    uint first_col = min(first_own_col, y_stride * 4 - lanes);
    uint first_own_row = gl_WorkGroupID.x * tile_rows;
    uint first_row = min(first_own_row, rows - tile_rows);
    if (first_own_col >= y_stride * 4)
        return;
    uint64_t x_pitch = uint64_t(groups) * 16;
    uint64_t x_tile = address(x_address_low, x_address_high) + first_row * x_pitch;
    uint64_t weight_tile = address(weight_address_low, weight_address_high) +
        (over_outputs == 0 ? uint64_t(first_output + first_col) * 16
                           : uint64_t(first_col / 4 * weight_stride + first_output) * 16);
    float sums[32];
    [[unroll]] for (uint i = 0; i < tile_rows; ++i)
        sums[i] = 0.0;
    for (uint next = 0; next < groups; next += turn) {
        // A CPU driver runs the body once more with all lanes off, but uniform loads are done all the same: stay inside.
        uint k = min(next, groups - turn);
        uint64_t x_turn = x_tile + uint64_t(k) * 16;
        vec4 weights[4];
        [[unroll]] for (uint j = 0; j < turn; ++j)
            weights[j] = weight_at(weight_tile, k + j);
        [[unroll]] for (uint block = 0; block < tile_rows; block += block_rows) {
            float parts[8];
            [[unroll]] for (uint j = 0; j < turn; ++j) {
                vec4 v[8];
                [[unroll]] for (uint i = 0; i < block_rows; ++i)
                    v[i] = Groups(x_turn + (block + i) * x_pitch).of[j];
                [[unroll]] for (uint c = 0; c < 4; ++c) {
                    [[unroll]] for (uint i = 0; i < block_rows; ++i) {
                        float product = v[i][c] * weights[j][c];
                        parts[i] = j + c == 0 ? product : parts[i] + product;
                    }
                }
            }
            [[unroll]] for (uint i = 0; i < block_rows; ++i)
                sums[block + i] += parts[i];
        }
    }
    if (first_col + gl_SubgroupInvocationID < first_own_col)
        return;
    float column_bias = 0.0;
    if ((flags & HAS_BIAS) != 0) {
        vec4 biases[4];
        [[unroll]] for (uint i = 0; i < lanes / 4; ++i)
            biases[i] = bias[(first_output + first_col) / 4 + i];
        column_bias = spread(biases);
    }
    if (has_dropout != 0) { // long: compiled once rather than for each row
        for (uint i = first_own_row - first_row; i < tile_rows; ++i)
            finish(first_row + i, first_col, sums[i], column_bias);
        return;
    }
    [[unroll]] for (uint i = 0; i < tile_rows; ++i) {
        if (first_row + i >= first_own_row)
            finish(first_row + i, first_col, sums[i], column_bias);
    }
}
