// SPDX-License-Identifier: Apache-2.0
// variants: f32
// y = x^T, both in BLOCKS, for drivers that run on a CPU: of sixteen outputs by sixteen inputs, which lie together in either.
// A subgroup brings one such square, two neighbours of a row at once, as lib/pairs.glsl has it.
#version 450
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_buffer_reference_uvec2 : require
#extension GL_EXT_shader_explicit_arithmetic_types_int64 : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_GOOGLE_include_directive : require
#include "lib/grid.glsl"

layout(constant_id = 0) const uint workgroup_size = 32; // a multiple of lanes
layout(constant_id = 1) const uint lanes = 8;           // of a subgroup: 4, 8 or 16
layout(local_size_x = 32, local_size_x_id = 0) in;

layout(binding = 0) readonly buffer X { float x[]; };  // BLOCKS (rows, cols), read through x_address
layout(binding = 1) writeonly buffer Y { uint64_t y[]; }; // BLOCKS (cols, rows), two neighbours of a row
layout(push_constant) uniform Push
{
    uint rows; // multiples of 16
    uint cols;
    uint x_address_low;
    uint x_address_high;
};

const uint width = 16; // of a square

#include "lib/pairs.glsl"
#include "lib/spread.glsl"

void main()
{
    uint square = workgroup_in_line() * (workgroup_size / lanes) + gl_SubgroupID;
    if (square >= rows / width * (cols / width))
        return;
    uint row_block = square / (cols / width);
    uint col_block = square % (cols / width);
    uint64_t from = packUint2x32(uvec2(x_address_low, x_address_high)) + uint64_t(square) * (width * width * 4);
    uint to = (col_block * rows + row_block * width + gl_SubgroupInvocationID) * pairs;
    [[unroll]] for (uint pair = 0; pair < pairs; ++pair) {
        [[unroll]] for (uint first = 0; first < width; first += lanes) {
            uint64_t at = from + (2 * pair * width + first) * 4;
            y[to + first * pairs + pair] = pack_pair(vec2(spread_at(at), spread_at(at + width * 4)));
        }
    }
}
