// SPDX-License-Identifier: Apache-2.0
// variants: f32 f16 f32_subgroup f16_subgroup
// y = round(x / scale) in 8 bits and scale = max|x| / 127, of each row; one row a team. y is I8: four in a uint, and the
// rows' scales behind them. A row with a value that is not finite gets a scale that makes NaN of every product.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "lib/storage.glsl"
#include "lib/reduce.glsl"

layout(binding = 0) readonly buffer X { elem4 x[]; }; // (rows, cols)
layout(binding = 1) writeonly buffer Y { uint y[]; }; // (rows, cols) and (rows) scales
layout(push_constant) uniform Push
{
    uint rows;
    uint groups;      // of four columns, padding included
    uint first_scale; // of y, in words
};

const float LARGEST = 3.402823466e38;

uint pack(vec4 v)
{
    ivec4 i = ivec4(roundEven(clamp(v, vec4(-127.0), vec4(127.0)))) & 0xff;
    return uint(i.x | i.y << 8 | i.z << 16 | i.w << 24);
}

void quantize_row(uint row)
{
    uint first = row == NO_ROW ? groups : lane;
    float largest = 0.0;
    for (uint g = first; g < groups; g += lane_count) {
        vec4 v = abs(load4(x[row * groups + g]));
        float m = max4(v);
        // A maximum may pass NaN over; a sum does not.
        largest = max(largest, isnan(sum4(v)) || m > LARGEST ? uintBitsToFloat(0x7f800000u) : m);
    }
    largest = team_max(largest);
    if (row == NO_ROW)
        return;
    float inverse = largest > 0.0 && largest <= LARGEST ? 127.0 / largest : 0.0;
    for (uint g = lane; g < groups; g += lane_count)
        y[row * groups + g] = inverse > 0.0 ? pack(load4(x[row * groups + g]) * inverse) : 0u;
    if (lane == 0)
        y[first_scale + row] = floatBitsToUint(largest / 127.0);
}

void main()
{
    teams_begin();
    for (uint turn = 0; turn < rows_per_workgroup; turn += team_count)
        quantize_row(team_row(turn, rows));
}
