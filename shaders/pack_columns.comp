// SPDX-License-Identifier: Apache-2.0
// variants: f32
// y = x^T in BLOCKS, for drivers that run on a CPU: sixteen columns of a row side by side, the next row's behind them, zeros
// for the rows of the padding. Rows of x lie far from each other; whoever reads a few columns of all of them reads each from
// another page, and often to the same few places of the cache.
#version 450
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_buffer_reference_uvec2 : require
#extension GL_EXT_shader_explicit_arithmetic_types_int64 : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_GOOGLE_include_directive : require

layout(constant_id = 0) const uint workgroup_size = 32; // a multiple of lanes
layout(constant_id = 1) const uint lanes = 8;           // of a subgroup: 4, 8 or 16
layout(local_size_x = 32, local_size_x_id = 0) in;

#include "lib/pairs.glsl"

layout(binding = 0) readonly buffer X { float x[]; };     // (rows, cols), read through x_address
layout(binding = 1) writeonly buffer Y { uint64_t y[]; }; // BLOCKS (cols, rows)
layout(push_constant) uniform Push
{
    uint rows;
    uint cols;     // a multiple of 16
    uint y_stride; // rows with padding
    uint x_address_low;
    uint x_address_high;
};

const uint part = 8; // rows of a subgroup: as in src/ops/outer_product.c
const uint run = 8;  // blocks of a subgroup, one after the other, so that rows are read along: the same

void pack(uint block, uint first_row)
{
    uint64_t from = packUint2x32(uvec2(x_address_low, x_address_high)) + uint64_t(block) * (pairs * 8);
    uint to = (block * y_stride + first_row) * pairs + gl_SubgroupInvocationID;
    [[unroll]] for (uint r = 0; r < part; r += step_rows) {
        uint row = first_row + r + gl_SubgroupInvocationID / pairs;
        [[unroll]] for (uint p = 0; p < step_parts; ++p) {
            uint64_t pair = pair_at(from, cols * 4, first_row + r, rows - 1, p * lanes);
            y[to + r * pairs + p * lanes] = row < rows ? pair : 0;
        }
    }
}

void main()
{
    uint first_block = (gl_WorkGroupID.y * (workgroup_size / lanes) + gl_SubgroupID) * run;
    uint end = min(first_block + run, cols / (2 * pairs));
    for (uint block = first_block; block < end; ++block)
        pack(min(block, end - 1), gl_WorkGroupID.x * part); // a CPU driver loads once more, all lanes off
}
