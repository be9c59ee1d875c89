// SPDX-License-Identifier: Apache-2.0
// variants: f32
// y = x^T in BLOCKS, for drivers that run on a CPU: sixteen columns of a row side by side, the next row's behind them, zeros
// for the rows of the padding. Rows of x lie far from each other; whoever reads a few columns of all of them reads each from
// another page, and often to the same few places of the cache.
//
// A lane moves two columns at once: the driver stores element by element.
#version 450
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_buffer_reference_uvec2 : require
#extension GL_EXT_shader_explicit_arithmetic_types_int64 : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_KHR_shader_subgroup_basic : require

layout(constant_id = 0) const uint workgroup_size = 32; // a multiple of lanes
layout(constant_id = 1) const uint lanes = 8;           // of a subgroup: 4, 8 or 16
layout(local_size_x = 32, local_size_x_id = 0) in;

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

layout(buffer_reference, std430, buffer_reference_align = 16) readonly buffer Pairs { uint64_t of[8]; };

const uint part = 8; // rows of a subgroup: as in src/ops/outer_product.c
const uint run = 8;  // blocks of a subgroup, one after the other, so that rows are read along: the same
const uint pairs = 8; // of a block
const uint step_rows = lanes > pairs ? lanes / pairs : 1;

void pack(uint block, uint first_row)
{
    uint64_t from = packUint2x32(uvec2(x_address_low, x_address_high)) + uint64_t(block) * (pairs * 8);
    uint to = (block * y_stride + first_row) * pairs + gl_SubgroupInvocationID;
    [[unroll]] for (uint r = 0; r < part; r += step_rows) {
        [[unroll]] for (uint first = 0; first < pairs; first += lanes) { // once but for four lanes
            uint64_t pair = 0;
            [[unroll]] for (uint i = 0; i < lanes; ++i) {
                uint64_t row = min(first_row + r + i / pairs, rows - 1);
                uint64_t v = Pairs(from + row * (cols * 4)).of[first + i % pairs];
                pair = gl_SubgroupInvocationID == i ? v : pair;
            }
            uint row = first_row + r + gl_SubgroupInvocationID / pairs;
            y[to + r * pairs + first] = row < rows ? pair : 0;
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
