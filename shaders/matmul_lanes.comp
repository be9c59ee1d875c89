// SPDX-License-Identifier: Apache-2.0
// variants: f32
// y = residual + dropout(activation(x weight^T + bias)), with `over_outputs` y = residual + x weight, for drivers that run
// on a CPU, whose subgroup is a SIMD register and whose shared memory is memory like any other.
//
// A lane owns one column and tile_rows rows. x is uniform, so its loads are scalars that the multiplications broadcast;
// the weight is per lane, and such a load is a gather: slow, hence many rows to one of them, in words of 64 bits to
// halve their number. Addresses instead of buffers spare the bounds checks. Rows are written out, because the drivers
// unroll no long loop. All of a turn's products of one row come together: one sum lives in a register, the others wait.
#version 450
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_buffer_reference_uvec2 : require
#extension GL_EXT_shader_explicit_arithmetic_types_int64 : require
#extension GL_GOOGLE_include_directive : require
#include "lib/storage.glsl"
#include "lib/activation.glsl"
#include "lib/random.glsl"

layout(constant_id = 0) const uint workgroup_size = 64;
layout(constant_id = 1) const uint tile_rows = 64; // 1 to 64, at most `rows`
layout(constant_id = 2) const uint turn = 4;       // groups of four along K at once: 2 or 4; divides `groups`
layout(constant_id = 3) const uint over_outputs = 0;
layout(constant_id = 10) const uint activation = 0;
layout(constant_id = 11) const uint keeps_sum = 0; // store what activation is applied to
layout(constant_id = 12) const uint has_dropout = 0;
layout(local_size_x = 64, local_size_x_id = 0) in;

layout(binding = 0) readonly buffer X { float x[]; };               // (rows, K), read through x_address
layout(binding = 1) readonly buffer Weight { float weight[]; };     // PANELS (N, K), read through weight_address
layout(binding = 2) readonly buffer Bias { float bias[]; };         // (1, N) where HAS_BIAS
layout(binding = 3) readonly buffer Residual { float residual[]; }; // (rows, cols) where HAS_RESIDUAL; may be y
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
};

const uint HAS_BIAS = 1;
const uint HAS_RESIDUAL = 2;

layout(buffer_reference, std430, buffer_reference_align = 16) readonly buffer RowGroups { vec4 of[4]; };
layout(buffer_reference, std430, buffer_reference_align = 16) readonly buffer WeightGroup { u64vec2 bits; };

layout(buffer_reference, std430, buffer_reference_align = 4) readonly buffer Weights { float of[]; };

// Group k along K of the lane's column.
vec4 weight_at(uint64_t column, uint k)
{
    if (over_outputs != 0) {
        Weights weights = Weights(column + uint64_t(k) * 64);
        return vec4(weights.of[0], weights.of[4], weights.of[8], weights.of[12]);
    }
    uint64_t address = column + uint64_t(k) * (uint64_t(weight_stride) * 16);
    u64vec2 bits = WeightGroup(address).bits;
    return uintBitsToFloat(uvec4(unpackUint2x32(bits.x), unpackUint2x32(bits.y)));
}

// y and what is kept of (row, col), from the sum.
void finish(uint row, uint col, float sum, float column_bias)
{
    uint at = row * y_stride * 4 + col;
    float v = col < cols ? sum + column_bias : 0.0;
    if (keeps_sum != 0)
        pre[at] = v;
    v = activate(activation, v);
    if (has_dropout != 0)
        v *= dropout4(seed[0], dropout_stream, 0, row, col / 4, dropout_threshold, dropout_scale)[col % 4];
    if ((flags & HAS_RESIDUAL) != 0)
        v += residual[at];
    y[at] = v;
}

#define ROWS8(DO, a, b, c, d, e, f, g, h) DO(a) DO(b) DO(c) DO(d) DO(e) DO(f) DO(g) DO(h)
#define ROWS(DO) \
    ROWS8(DO, 0, 1, 2, 3, 4, 5, 6, 7) ROWS8(DO, 8, 9, 10, 11, 12, 13, 14, 15) \
    ROWS8(DO, 16, 17, 18, 19, 20, 21, 22, 23) ROWS8(DO, 24, 25, 26, 27, 28, 29, 30, 31) \
    ROWS8(DO, 32, 33, 34, 35, 36, 37, 38, 39) ROWS8(DO, 40, 41, 42, 43, 44, 45, 46, 47) \
    ROWS8(DO, 48, 49, 50, 51, 52, 53, 54, 55) ROWS8(DO, 56, 57, 58, 59, 60, 61, 62, 63)

#define DECLARE(i) float sum##i = 0.0;
#define ADD_GROUP(u) \
    { \
        vec4 v = row_groups.of[u]; \
        part += v.x * w##u.x; \
        part += v.y * w##u.y; \
        part += v.z * w##u.z; \
        part += v.w * w##u.w; \
    }
#define ADD_ROW(i) \
    if (i < tile_rows) { \
        RowGroups row_groups = RowGroups(x_turn + i * x_pitch); \
        float part = 0.0; \
        ADD_GROUP(0) \
        ADD_GROUP(1) \
        if (turn > 2) { \
            ADD_GROUP(2) \
            ADD_GROUP(3) \
        } \
        sum##i += part; \
    }
#define KEEP(i) \
    if (i < tile_rows) \
        sums[i] = sum##i;

void main()
{
    uint col = gl_WorkGroupID.y * workgroup_size + gl_LocalInvocationID.x;
    // The last tile begins early enough to be full, and leaves the rows before its own to their tile.
    uint first_own_row = gl_WorkGroupID.x * tile_rows;
    uint first_row = min(first_own_row, rows - tile_rows);
    uint64_t x_pitch = uint64_t(groups) * 16;
    uint64_t x_tile = packUint2x32(uvec2(x_address_low, x_address_high)) + first_row * x_pitch;
    uint64_t weight_column = packUint2x32(uvec2(weight_address_low, weight_address_high));
    if (over_outputs == 0) {
        weight_column += uint64_t(min(first_output + col, weight_stride - 1)) * 16;
    } else {
        uint column = min(col, y_stride * 4 - 1);
        weight_column += uint64_t(column / 4 * weight_stride + first_output) * 16 + column % 4 * 4;
    }
    ROWS(DECLARE)
    for (uint next = 0; next < groups; next += turn) {
        // A CPU driver runs the body once more with all lanes off, but uniform loads are done all the same: stay inside.
        uint k = min(next, groups - turn);
        uint64_t x_turn = x_tile + uint64_t(k) * 16;
        vec4 w0 = weight_at(weight_column, k);
        vec4 w1 = weight_at(weight_column, k + 1);
        vec4 w2 = turn > 2 ? weight_at(weight_column, k + 2) : vec4(0.0);
        vec4 w3 = turn > 2 ? weight_at(weight_column, k + 3) : vec4(0.0);
        ROWS(ADD_ROW)
    }
    if (col >= y_stride * 4)
        return;
    float column_bias = (flags & HAS_BIAS) != 0 ? bias[min(first_output + col, first_output + cols - 1)] : 0.0;
    // Through memory, so that what follows is compiled once and not for each row.
    float sums[64];
    ROWS(KEEP)
    for (uint i = first_own_row - first_row; i < tile_rows; ++i)
        finish(first_row + i, col, sums[i], column_bias);
}
