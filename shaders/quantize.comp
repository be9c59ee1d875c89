// SPDX-License-Identifier: Apache-2.0
// variants: f32 f16 f32_subgroup f16_subgroup
// y = round(turned x / scale) in 8 bits and scale = max|turned x| / 127, of each row; one row a team. y is I8: four in a
// uint, and the rows' scales behind them. A row with a value that is not finite gets a scale that makes NaN of every
// product. Turned: each block of columns times an orthogonal matrix, as src/ops/rotation.h says. A lane turns a block.
#version 450
#extension GL_EXT_control_flow_attributes : require
#extension GL_GOOGLE_include_directive : require
#include "lib/storage.glsl"
#include "lib/reduce.glsl"

layout(constant_id = 3) const uint block = 16; // columns: 1, 4, 8 or 16

layout(binding = 0) readonly buffer X { elem4 x[]; }; // (rows, cols)
layout(binding = 1) writeonly buffer Y { uint y[]; }; // (rows, cols) and (rows) scales
layout(push_constant) uniform Push
{
    uint rows;
    uint groups;      // of four columns, padding included
    uint first_scale; // of y, in words
};

const float LARGEST = 3.402823466e38;

const uint MAX_PARTS = 4;
const uint parts = block < 4 ? 1 : block / 4; // groups of four of a block, which lie block_count apart
const mat4 ALL = 0.5 * mat4(1, 1, 1, 1, 1, -1, 1, -1, 1, 1, -1, -1, 1, -1, -1, 1);
const float HALF = 0.70710678118654752;
const mat4 PAIR = HALF * mat4(1, 1, 0, 0, 1, -1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

// A group a column; columns beyond `parts` mean nothing.
mat4 turned_block(uint row, uint b)
{
    uint block_count = groups / parts;
    mat4 v = mat4(0.0);
    [[unroll]] for (uint i = 0; i < MAX_PARTS; ++i)
        if (i < parts)
            v[i] = load4(x[row * groups + b + i * block_count]);
    if (block >= 4)
        v = ALL * v;
    return block == 16 ? v * ALL : block == 8 ? v * PAIR : v;
}

uint pack(vec4 v)
{
    ivec4 i = ivec4(roundEven(clamp(v, vec4(-127.0), vec4(127.0)))) & 0xff;
    return uint(i.x | i.y << 8 | i.z << 16 | i.w << 24);
}

void quantize_row(uint row)
{
    uint block_count = groups / parts;
    uint first = row == NO_ROW ? block_count : lane;
    float largest = 0.0;
    for (uint b = first; b < block_count; b += lane_count) {
        mat4 turned = turned_block(row, b);
        [[unroll]] for (uint i = 0; i < MAX_PARTS; ++i)
            if (i < parts) {
                vec4 v = abs(turned[i]);
                float m = max4(v);
                // A maximum may pass NaN over; a sum does not.
                largest = max(largest, isnan(sum4(v)) || m > LARGEST ? uintBitsToFloat(0x7f800000u) : m);
            }
    }
    largest = team_max(largest);
    if (row == NO_ROW)
        return;
    float inverse = largest > 0.0 && largest <= LARGEST ? 127.0 / largest : 0.0;
    for (uint b = lane; b < block_count; b += lane_count) {
        mat4 turned = turned_block(row, b);
        [[unroll]] for (uint i = 0; i < MAX_PARTS; ++i)
            if (i < parts)
                y[row * groups + b + i * block_count] = inverse > 0.0 ? pack(turned[i] * inverse) : 0u;
    }
    if (lane == 0)
        y[first_scale + row] = floatBitsToUint(largest / 127.0);
}

void main()
{
    teams_begin();
    for (uint turn = 0; turn < rows_per_workgroup; turn += team_count)
        quantize_row(team_row(turn, rows));
}
