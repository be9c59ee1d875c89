// SPDX-License-Identifier: Apache-2.0
// Products of tiles for the attention kernels of GPUs. A workgroup holds 32 own rows and meets 32 others at a time; both
// are staged through shared memory, a chunk of 32 columns at a time, so that any head fits into 16 KiB. Invocation
// (ty, tx) has lane_rows own rows from lane_rows * ty on and the others 4 tx ... 4 tx + 3: four own rows share most
// loads, fewer keep the sums of large heads in registers. No subgroup operation is used.
#ifndef TUFF_ATTENTION_TILE_GLSL
#define TUFF_ATTENTION_TILE_GLSL

#include "lib/attention.glsl"

layout(constant_id = 0) const uint head_groups = 16; // head_stride / 4
layout(constant_id = 1) const uint has_dropout = 0;
layout(constant_id = 2) const uint workgroup_size = 64; // 64, 128 or 256
layout(local_size_x = 64, local_size_x_id = 2) in;

const uint tile_rows = 32;
const uint lane_rows = 256 / workgroup_size;
const uint chunk_groups = 8;
const uint chunk_count = (head_groups + chunk_groups - 1) / chunk_groups; // at most 8: heads of up to 256 columns
#define OWN_CHUNK(c) (c < chunk_count ? c : 0) // within arrays of chunk_count where the head has no such chunk
const uint pitch = chunk_groups + 1; // one more than needed: rows begin in different banks

shared vec4 own[tile_rows * pitch];
shared vec4 other[tile_rows * pitch];
shared vec4 weights[tile_rows * pitch]; // own row, four others in a group

uint tx = gl_LocalInvocationID.x % 8;
uint ty = gl_LocalInvocationID.x / 8;

// Others 4 tx + j of all tx lie side by side, so that one load of all invocations meets all banks.
uint other_slot(uint row) { return (row % 4) * 8 + row / 4; }

// Fills own or other with a chunk of columns; row r of `count` begins at group base + r * row_pitch of the buffer.
#define STAGE(destination, slot_of, buffer_name, base, row_pitch, count, chunk)                                              \
    for (uint e = gl_LocalInvocationID.x; e < tile_rows * chunk_groups; e += workgroup_size) {                               \
        uint r = e / chunk_groups;                                                                                           \
        uint g = (chunk) * chunk_groups + e % chunk_groups;                                                                  \
        bool is_inside = r < (count) && g < head_groups;                                                                     \
        destination[slot_of(r) * pitch + e % chunk_groups] =                                                                 \
            is_inside ? load4(buffer_name[(base) + r * (row_pitch) + g]) : vec4(0.0);                                        \
    }
#define SAME_SLOT(row) (row)

// sums[i][j] += own row lane_rows * ty + i times other row 4 tx + j over the staged chunk.
void add_products(inout vec4 sums[4])
{
    [[dont_unroll]] for (uint d = 0; d < min(chunk_groups, head_groups); d++) {
        if (lane_rows == 1) { // in turn: no more than two groups in registers
            vec4 a = own[ty * pitch + d];
            [[unroll]] for (uint j = 0; j < 4; j++)
                sums[0][j] += dot(a, other[(8 * j + tx) * pitch + d]);
            continue;
        }
        vec4 b0 = other[tx * pitch + d];
        vec4 b1 = other[(8 + tx) * pitch + d];
        vec4 b2 = other[(16 + tx) * pitch + d];
        vec4 b3 = other[(24 + tx) * pitch + d];
        [[unroll]] for (uint i = 0; i < lane_rows; i++) {
            vec4 a = own[(ty * lane_rows + i) * pitch + d];
            sums[i] += vec4(dot(a, b0), dot(a, b1), dot(a, b2), dot(a, b3));
        }
    }
}

// sums[i] += weights of own row lane_rows * ty + i times the staged others, in column group tx of the chunk.
void add_weighted(inout vec4 sums[4])
{
    [[dont_unroll]] for (uint k = 0; k < tile_rows / 4; k++) {
        vec4 v0 = other[k * pitch + tx];
        vec4 v1 = other[(8 + k) * pitch + tx];
        vec4 v2 = other[(16 + k) * pitch + tx];
        vec4 v3 = other[(24 + k) * pitch + tx];
        [[unroll]] for (uint i = 0; i < lane_rows; i++) {
            vec4 w = weights[(ty * lane_rows + i) * pitch + k];
            sums[i] += w.x * v0 + w.y * v1 + w.z * v2 + w.w * v3;
        }
    }
}

#endif
