// SPDX-License-Identifier: Apache-2.0
// variants: f32
// d_weight = z^T x, summed over rows, into BLOCKS, for drivers that run on a CPU: matmul_blocks with z in the place of the
// weight. A subgroup owns sixteen or thirty-two outputs, and one or two blocks of sixteen inputs, whose elements are uniform.
// Both factors lie in BLOCKS (pack_columns.comp), zeros behind the last row. The sums over a turn of rows stay in registers,
// a few inputs at a time.
#version 450
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_buffer_reference_uvec2 : require
#extension GL_EXT_shader_explicit_arithmetic_types_int64 : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_GOOGLE_include_directive : require

layout(constant_id = 0) const uint workgroup_size = 32; // a multiple of lanes
layout(constant_id = 1) const uint lanes = 8;           // of a subgroup: 4, 8 or 16
layout(constant_id = 2) const uint x_blocks = 2;        // of a subgroup: 1 or 2, at most those of x
layout(constant_id = 3) const uint z_blocks = 1;        // of a subgroup: 1 or 2
layout(constant_id = 4) const uint inputs = 4;          // at once: 2, 4 or 8
layout(local_size_x = 32, local_size_x_id = 0) in;

layout(binding = 0) readonly buffer Z { float z[]; };     // BLOCKS (N, rows), read through z_address
layout(binding = 1) readonly buffer X { float x[]; };     // BLOCKS (K, rows), read through x_address
layout(binding = 2) buffer DWeight { float d_weight[]; }; // BLOCKS (N, K), through d_weight_address
layout(push_constant) uniform Push
{
    uint rows;        // with padding, a multiple of 8
    uint outputs;     // a multiple of 16 * z_blocks
    uint x_cols;      // a multiple of 16
    uint accumulates;
    uint z_address_low;
    uint z_address_high;
    uint x_address_low;
    uint x_address_high;
    uint d_weight_address_low;
    uint d_weight_address_high;
};

const uint turn = 8;   // rows at once
const uint width = 16; // of a block
const uint vectors = z_blocks * width / lanes;

#include "lib/spread.glsl"

layout(buffer_reference, std430, buffer_reference_align = 8) readonly buffer Scalars { float of[8]; };
// What is stored by address is not held against the buffer's bounds, lane by lane.
layout(buffer_reference, std430, buffer_reference_align = 4) buffer Numbers { float of[16]; };

void main()
{
    uint first_n = (gl_WorkGroupID.y * (workgroup_size / lanes) + gl_SubgroupID) * z_blocks * width;
    if (first_n >= outputs)
        return;
    // The last tile begins early enough to be full, and leaves to the one before it what is that one's.
    uint first_own_k = gl_WorkGroupID.x * x_blocks * width;
    uint first_k = min(first_own_k, x_cols - x_blocks * width);
    uint64_t pitch = uint64_t(rows) * (width * 4); // from a block to the next
    uint64_t x_tile = packUint2x32(uvec2(x_address_low, x_address_high)) + first_k / width * pitch;
    uint64_t z_tile = packUint2x32(uvec2(z_address_low, z_address_high)) + first_n / width * pitch;
    float sums[2 * width * vectors];
    [[unroll]] for (uint i = 0; i < x_blocks * width * vectors; ++i)
        sums[i] = 0.0;
    for (uint next = 0; next < rows; next += turn) {
        // A CPU driver runs the body once more with all lanes off, but uniform loads are done all the same: stay inside.
        uint64_t first_row = uint64_t(min(next, rows - turn)) * (width * 4);
        [[unroll]] for (uint first = 0; first < x_blocks * width; first += inputs) {
            uint64_t x_rows = x_tile + first / width * pitch + first_row + first % width * 4;
            // Plus 0, which the driver's compiler does not know: it would keep rows for the next inputs, in memory of its own.
            uint64_t z_rows = z_tile + first_row + (accumulates >> (1 + first / inputs));
            float parts[8 * vectors];
            [[unroll]] for (uint r = 0; r < turn; ++r) {
                float z_row[vectors];
                [[unroll]] for (uint n = 0; n < vectors; ++n)
                    z_row[n] = spread_at(z_rows + n * lanes / width * pitch + (r * width + n * lanes % width) * 4);
                [[unroll]] for (uint i = 0; i < inputs; ++i) {
                    float v = Scalars(x_rows + r * width * 4).of[i];
                    [[unroll]] for (uint n = 0; n < vectors; ++n) {
                        float product = v * z_row[n];
                        parts[i * vectors + n] = r == 0 ? product : parts[i * vectors + n] + product;
                    }
                }
            }
            [[unroll]] for (uint i = 0; i < inputs * vectors; ++i)
                sums[first * vectors + i] += parts[i];
        }
    }
    uint at = (first_n / width * x_cols + first_k) * width;
    uint64_t to = packUint2x32(uvec2(d_weight_address_low, d_weight_address_high)) + uint64_t(at) * 4;
    [[unroll]] for (uint i = 0; i < x_blocks * width; ++i) {
        if (first_k + i >= first_own_k) {
            [[unroll]] for (uint n = 0; n < vectors; ++n) {
                uint64_t j = (n * lanes / width * x_cols + i) * width + n * lanes % width;
                float sum = sums[i * vectors + n];
                if (accumulates != 0)
                    sum += spread_at(to + j * 4);
                Numbers(to + j * 4).of[gl_SubgroupInvocationID] = sum;
            }
        }
    }
}
