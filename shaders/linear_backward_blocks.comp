// SPDX-License-Identifier: Apache-2.0
// variants: f32
// As linear_backward_output, for drivers that run on a CPU: the gradient of the sum, d_y * dropout * activation'(sum), goes to
// BLOCKS, which the products that follow both read; d_residual = d_y on the way, and sums of some rows for the bias's gradient.
#version 450
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_buffer_reference_uvec2 : require
#extension GL_EXT_shader_explicit_arithmetic_types_int64 : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_GOOGLE_include_directive : require

layout(constant_id = 0) const uint workgroup_size = 32; // a multiple of lanes
layout(constant_id = 1) const uint lanes = 8;           // of a subgroup: 4, 8 or 16
layout(constant_id = 2) const uint part = 64;           // rows of a subgroup, a multiple of 8
layout(constant_id = 3) const uint residual_mode = 0;   // 0: not wanted, 1: stored, 2: added to
layout(constant_id = 10) const uint activation = 0;
layout(constant_id = 12) const uint has_dropout = 0;
layout(local_size_x = 32, local_size_x_id = 0) in;

#include "lib/activation.glsl"
#include "lib/pairs.glsl"
#include "lib/random.glsl"

layout(binding = 0) readonly buffer DY { float d_y[]; };              // (rows, cols), read through d_y_address
layout(binding = 1) readonly buffer Sum { float sum[]; };             // (rows, cols) where activation; through sum_address
layout(binding = 2) readonly buffer Seed { uvec4 seed[]; };           // (1, 4) where has_dropout
layout(binding = 3) buffer DResidual { uint64_t d_residual[]; };      // (rows, cols) where residual_mode
layout(binding = 4) writeonly buffer Z { uint64_t z[]; };             // BLOCKS (cols, rows), zeros for rows of the padding
layout(binding = 5) writeonly buffer PartSums { uint64_t part_sums[]; }; // (step_rows for each part, cols)
layout(push_constant) uniform Push
{
    uint rows;
    uint cols;     // a multiple of 16
    uint z_stride; // rows with padding, a multiple of 8
    uint dropout_stream;
    uint dropout_threshold;
    float dropout_scale;
    uint d_y_address_low;
    uint d_y_address_high;
    uint sum_address_low;
    uint sum_address_high;
};

const uint run = 4; // blocks of a subgroup, so that rows are read along: as in src/ops/linear_backward.c

uint64_t address(uint low, uint high) { return packUint2x32(uvec2(low, high)); }

void give_residual(uint at, uint64_t pair)
{
    d_residual[at] = residual_mode == 2 ? pack_pair(unpack_pair(d_residual[at]) + unpack_pair(pair)) : pair;
}

// One part of the row that begins a step; returns what the bias's gradient grows by.
vec2 take(uint block, bool is_own, uint first_row, uint first_pair)
{
    uint64_t offset = uint64_t(block) * (pairs * 8);
    uint row = first_row + gl_SubgroupInvocationID / pairs;
    uint pair = first_pair + gl_SubgroupInvocationID % pairs;
    uint64_t d_y_pair =
        pair_at(address(d_y_address_low, d_y_address_high) + offset, cols * 4, first_row, rows - 1, first_pair);
    vec2 g = unpack_pair(d_y_pair);
    if (residual_mode != 0 && row < rows && is_own)
        give_residual(row * (cols / 2) + block * pairs + pair, d_y_pair);
    if (has_dropout != 0)
        g *= dropout2(seed[0], dropout_stream, 0, row, block * pairs + pair, dropout_threshold, dropout_scale);
    if (activation != ACTIVATION_NONE) {
        vec2 v = unpack_pair(
            pair_at(address(sum_address_low, sum_address_high) + offset, cols * 4, first_row, rows - 1, first_pair));
        g *= vec2(activation_slope(activation, v.x), activation_slope(activation, v.y));
    }
    g = row < rows ? g : vec2(0.0);
    z[(block * z_stride + row) * pairs + pair] = pack_pair(g);
    return g;
}

void main()
{
    uint first_block = (gl_WorkGroupID.y * (workgroup_size / lanes) + gl_SubgroupID) * run;
    uint last_block = cols / (2 * pairs) - 1;
    uint first_row = gl_WorkGroupID.x * part;
    uint end_row = min(first_row + part, z_stride);
    if (first_block > last_block)
        return;
    vec2 totals[run * step_parts];
    [[unroll]] for (uint i = 0; i < run * step_parts; ++i)
        totals[i] = vec2(0.0);
    for (uint row = first_row; row < end_row; row += step_rows) {
        [[unroll]] for (uint b = 0; b < run; ++b) {
            // Blocks beyond the last are the last once more, and give the same once more.
            uint block = min(first_block + b, last_block);
            [[unroll]] for (uint p = 0; p < step_parts; ++p)
                totals[b * step_parts + p] += take(block, block == first_block + b, row, p * lanes);
        }
    }
    uint sums_row = gl_WorkGroupID.x * step_rows + gl_SubgroupInvocationID / pairs;
    [[unroll]] for (uint b = 0; b < run; ++b) {
        uint at = sums_row * (cols / 2) + min(first_block + b, last_block) * pairs + gl_SubgroupInvocationID % pairs;
        [[unroll]] for (uint p = 0; p < step_parts; ++p)
            part_sums[at + p * lanes] = pack_pair(totals[b * step_parts + p]);
    }
}
