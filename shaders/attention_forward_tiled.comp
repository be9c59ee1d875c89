// SPDX-License-Identifier: Apache-2.0
// variants: f32 f16
// context = dropout(softmax(q k^T * scale)) v over packed sequences, 32 queries of one head a workgroup, for GPUs; see
// attention_forward for what it computes and lib/attention_tile.glsl for how.
#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "lib/attention_tile.glsl"
#include "lib/random.glsl"

layout(binding = 0) readonly buffer Qkv { elem4 qkv[]; };          // (rows, 3 * head_count * head_stride)
layout(binding = 1) readonly buffer Tiles { ivec4 tiles[]; };      // first query row, queries, first key row, keys
layout(binding = 2) readonly buffer Seed { uvec4 seed[]; };        // (1, 4), read where has_dropout
layout(binding = 3) writeonly buffer Context { elem4 context[]; }; // (rows, head_count * head_stride)
layout(binding = 4) writeonly buffer Stats { vec2 stats[]; };      // (rows, 2 * head_count): log-sum-exp, 0
layout(push_constant) uniform Push
{
    uint head_count;
    uint stats_stride; // pairs a row, padding included; 0: not wanted
    float scale;
    uint dropout_stream;
    uint dropout_threshold;
    float dropout_scale;
};

shared float shrink[tile_rows]; // what a row's sums are multiplied with as its largest score grows
shared float share[tile_rows];  // 1 / sum of the exponentials

// Two invocations or more share a row: each takes exponentials of a part of it.
const uint soft_parts = workgroup_size / tile_rows;
uint soft_row = gl_LocalInvocationID.x / soft_parts;
uint soft_part = gl_LocalInvocationID.x % soft_parts;

// From scores in `own` to probabilities in `weights`. `total` counts this part of the row.
void soften(uint head, uint row, uint first_key, inout float top, inout float total)
{
    vec4 largest = vec4(top);
    [[unroll]] for (uint k = 0; k < tile_rows / 4; k++)
        largest = max(largest, own[soft_row * pitch + k]);
    float new_top = max(max(largest.x, largest.y), max(largest.z, largest.w));
    float factor = exp2(top - new_top);
    top = new_top;
    total *= factor;
    if (soft_part == 0)
        shrink[soft_row] = factor;
    [[unroll]] for (uint k = 0; k < lane_rows; k++) {
        uint group = soft_part * lane_rows + k;
        vec4 p = exp2(own[soft_row * pitch + group] - top);
        total += p.x + p.y + p.z + p.w;
        if (has_dropout != 0)
            p *= dropout4(seed[0], dropout_stream, head, row, first_key / 4 + group, dropout_threshold, dropout_scale);
        weights[soft_row * pitch + group] = p;
    }
}

// One chunk of columns of the context. Written out: a loop around the one in add_weighted would not be unrolled, and
// sums would not lie in registers.
#define ADD_VALUES(c)                                                                                \
    if (c < chunk_count) {                                                                           \
        if (c > 0)                                                                                   \
            barrier();                                                                               \
        STAGE(other, other_slot, qkv, value_start, row_groups, count, c)                             \
        barrier();                                                                                   \
        [[unroll]] for (uint i = 0; i < lane_rows; i++)                                              \
            sums[OWN_CHUNK(c)][i] *= shrink[ty * lane_rows + i];                                     \
        add_weighted(sums[OWN_CHUNK(c)]);                                                            \
    }

void main()
{
    ivec4 tile = tiles[gl_WorkGroupID.x];
    uint head = gl_WorkGroupID.y;
    uint query_count = uint(tile.y);
    if (query_count == 0)
        return;
    uint key_count = uint(abs(tile.w));
    uint row_groups = 3 * head_count * head_groups;
    uint query_start = uint(tile.x) * row_groups + head * head_groups;
    uint key_start = uint(tile.z) * row_groups + (head_count + head) * head_groups;
    uint to_value = head_count * head_groups;
    float score_scale = tile.w < 0 ? 0.0 : scale * LOG2_E;

    vec4 sums[chunk_count][4];
    [[unroll]] for (uint c = 0; c < chunk_count; c++)
        [[unroll]] for (uint i = 0; i < 4; i++)
            sums[c][i] = vec4(0.0);
    float top = LOWEST, total = 0.0;
    for (uint k = 0; k < key_count; k += tile_rows) {
        uint count = min(tile_rows, key_count - k);
        vec4 scores[4] = vec4[4](vec4(0.0), vec4(0.0), vec4(0.0), vec4(0.0));
        [[dont_unroll]] for (uint c = 0; c < chunk_count; c++) {
            barrier();
            STAGE(own, SAME_SLOT, qkv, query_start, row_groups, query_count, c)
            STAGE(other, other_slot, qkv, key_start + k * row_groups, row_groups, count, c)
            barrier();
            add_products(scores);
        }
        barrier();
        bvec4 is_key = lessThan(uvec4(tx * 4) + uvec4(0, 1, 2, 3), uvec4(count));
        [[unroll]] for (uint i = 0; i < lane_rows; i++)
            own[(ty * lane_rows + i) * pitch + tx] = mix(vec4(LOWEST), scores[i] * score_scale, is_key);
        barrier();
        soften(head, uint(tile.x) + soft_row, k, top, total);
        uint value_start = key_start + to_value + k * row_groups;
        ADD_VALUES(0)
        ADD_VALUES(1)
        ADD_VALUES(2)
        ADD_VALUES(3)
        ADD_VALUES(4)
        ADD_VALUES(5)
        ADD_VALUES(6)
        ADD_VALUES(7)
    }

    // All parts of a row have the same `top`.
    barrier();
    own[gl_LocalInvocationID.x].x = total;
    barrier();
    total = 0.0;
    [[unroll]] for (uint part = 0; part < soft_parts; part++)
        total += own[soft_row * soft_parts + part].x;
    if (soft_part == 0)
        share[soft_row] = key_count > 0 ? 1.0 / total : 0.0;
    barrier();
    [[unroll]] for (uint i = 0; i < lane_rows; i++) {
        uint q = ty * lane_rows + i;
        uint context_at = ((uint(tile.x) + q) * head_count + head) * head_groups;
        [[unroll]] for (uint c = 0; c < chunk_count; c++) {
            if (q < query_count && c * chunk_groups + tx < head_groups)
                context[context_at + c * chunk_groups + tx] = store4(sums[c][i] * share[q]);
        }
    }
    if (stats_stride == 0 || soft_part != 0 || soft_row >= query_count)
        return;
    uint stats_at = (uint(tile.x) + soft_row) * stats_stride;
    stats[stats_at + head] = vec2(key_count > 0 ? (top + log2(total)) * LN_2 : 0.0, 0.0);
    if (head + 1 == head_count) {
        for (uint pad = head_count; pad < stats_stride; pad++)
            stats[stats_at + pad] = vec2(0.0);
    }
}
