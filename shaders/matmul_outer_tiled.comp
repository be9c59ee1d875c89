// SPDX-License-Identifier: Apache-2.0
// variants: f32 f16 f16_wideinput
// d_weight = z^T x, summed over rows: the gradient of a linear's weight, in panels as the weight and f32 in every
// variant. f16_wideinput: z is f32.
//
// A workgroup of lanes_x * lanes_y computes 8 * lanes_x outputs and 4 * tile_groups * lanes_y inputs; a lane, two groups of
// four outputs and tile_groups groups of four inputs, `step` rows a turn; through shared memory where uses_shared. Where
// is_split, the workgroups of each z sum split_rows rows, and d_weight are these sums one after the other.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "lib/storage.glsl"

layout(constant_id = 0) const uint lanes_x = 8;
layout(constant_id = 1) const uint lanes_y = 16;
layout(constant_id = 2) const uint tile_groups = 1; // 1 or 2
layout(constant_id = 3) const uint step = 16;
layout(constant_id = 4) const uint uses_shared = 0;
layout(constant_id = 5) const uint is_split = 0;
layout(local_size_x = 8, local_size_x_id = 0, local_size_y = 16, local_size_y_id = 1) in;

#ifdef VARIANT_wideinput
#define z_elem4 vec4
vec4 load_z(vec4 v) { return v; }
#else
#define z_elem4 elem4
vec4 load_z(elem4 v) { return load4(v); }
#endif

layout(binding = 0) readonly buffer Z { z_elem4 z[]; };   // (rows, N)
layout(binding = 1) readonly buffer X { elem4 x[]; };     // (rows, K)
layout(binding = 2) buffer DWeight { vec4 d_weight[]; };  // PANELS (N', K); is_split, of each part (N, K)
layout(push_constant) uniform Push
{
    uint rows;
    uint outputs;       // of d_weight that are written
    uint z_groups;      // groups of four of a row of z
    uint x_groups;
    uint weight_stride;
    uint first_output;  // of d_weight, the one that z begins with
    uint accumulates;
    uint split_rows;    // a multiple of step
};

const uint block_z = 2 * lanes_x;
const uint block_x = tile_groups * lanes_y;
const uint lane_count = lanes_x * lanes_y;
shared vec4 z_block[uses_shared * step * block_z + 1];
shared vec4 x_block[uses_shared * step * block_x + 1];

vec4 z_at(uint row, uint group)
{
    return row < rows ? load_z(z[row * z_groups + min(group, z_groups - 1)]) : vec4(0.0);
}

vec4 x_at(uint row, uint group)
{
    return row < rows ? load4(x[row * x_groups + min(group, x_groups - 1)]) : vec4(0.0);
}

// The blocks hold a whole number of groups for each lane, so that these loops unroll.
void fill_blocks(uint first_row, uint first_z, uint first_x)
{
    uint lane = gl_LocalInvocationID.y * lanes_x + gl_LocalInvocationID.x;
    for (uint n = 0; n < step * block_z / lane_count; ++n) {
        uint i = n * lane_count + lane;
        z_block[i] = z_at(first_row + i / block_z, first_z + i % block_z);
    }
    for (uint n = 0; n < step * block_x / lane_count; ++n) {
        uint i = n * lane_count + lane;
        x_block[i] = x_at(first_row + i / block_x, first_x + i % block_x);
    }
}

void write4(uint z_group, uint x_group, vec4 s0, vec4 s1, vec4 s2, vec4 s3)
{
    if (x_group >= x_groups)
        return;
    uint part = is_split != 0 ? gl_WorkGroupID.z : 0;
    mat4 sums = mat4(s0, s1, s2, s3);
    for (uint i = 0; i < 4; ++i) {
        uint at = (part * x_groups + x_group) * weight_stride + first_output + 4 * z_group + i;
        if (4 * z_group + i < outputs)
            d_weight[at] = accumulates != 0 ? d_weight[at] + sums[i] : sums[i];
    }
}

#define ADD(a, b, to) \
    to##0 += a.x * b; \
    to##1 += a.y * b; \
    to##2 += a.z * b; \
    to##3 += a.w * b;
#define DECLARE(to) vec4 to##0 = vec4(0.0), to##1 = vec4(0.0), to##2 = vec4(0.0), to##3 = vec4(0.0);

void main()
{
    uint tx = gl_LocalInvocationID.x;
    uint ty = gl_LocalInvocationID.y;
    uint first_z = gl_WorkGroupID.x * block_z;
    uint first_x = gl_WorkGroupID.y * block_x;
    DECLARE(near)
    DECLARE(far)
    DECLARE(near_more)
    DECLARE(far_more)
    uint row_end = is_split != 0 ? min((gl_WorkGroupID.z + 1) * split_rows, rows) : rows;
    for (uint first_row = is_split != 0 ? gl_WorkGroupID.z * split_rows : 0; first_row < row_end; first_row += step) {
        if (uses_shared != 0) {
            barrier();
            fill_blocks(first_row, first_z, first_x);
            barrier();
        }
        for (uint r = 0; r < step; ++r) {
            vec4 a = uses_shared != 0 ? z_block[r * block_z + tx] : z_at(first_row + r, first_z + tx);
            vec4 b = uses_shared != 0 ? z_block[r * block_z + tx + lanes_x]
                                      : z_at(first_row + r, first_z + tx + lanes_x);
            vec4 v = uses_shared != 0 ? x_block[r * block_x + ty] : x_at(first_row + r, first_x + ty);
            ADD(a, v, near)
            ADD(b, v, far)
            if (tile_groups > 1) {
                v = uses_shared != 0 ? x_block[r * block_x + ty + lanes_y] : x_at(first_row + r, first_x + ty + lanes_y);
                ADD(a, v, near_more)
                ADD(b, v, far_more)
            }
        }
    }
    write4(first_z + tx, first_x + ty, near0, near1, near2, near3);
    write4(first_z + tx + lanes_x, first_x + ty, far0, far1, far2, far3);
    if (tile_groups > 1) {
        write4(first_z + tx, first_x + ty + lanes_y, near_more0, near_more1, near_more2, near_more3);
        write4(first_z + tx + lanes_x, first_x + ty + lanes_y, far_more0, far_more1, far_more2, far_more3);
    }
}
