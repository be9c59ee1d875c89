// SPDX-License-Identifier: Apache-2.0
// variants: f32 f16
// The gradient of 32 queries of one head a workgroup, for GPUs; see attention_backward_query for what it computes and
// lib/attention_tile.glsl for how.
#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "lib/attention_tile.glsl"
#include "lib/random.glsl"

layout(binding = 0) readonly buffer Qkv { elem4 qkv[]; };            // (rows, 3 * head_count * head_stride)
layout(binding = 1) readonly buffer Tiles { ivec4 tiles[]; };        // first query row, queries, first key row, keys
layout(binding = 2) readonly buffer Seed { uvec4 seed[]; };          // (1, 4), read where has_dropout
layout(binding = 3) readonly buffer Context { elem4 context[]; };    // (rows, head_count * head_stride)
layout(binding = 4) readonly buffer DContext { elem4 d_context[]; }; // likewise
layout(binding = 5) buffer Stats { vec2 stats[]; };                  // (rows, 2 * head_count): log-sum-exp, delta
layout(binding = 6) buffer DQkv { elem4 d_qkv[]; };                  // as qkv
layout(push_constant) uniform Push
{
    uint head_count;
    uint stats_stride; // pairs a row, padding included
    uint accumulates;
    float scale;
    uint dropout_stream;
    uint dropout_threshold;
    float dropout_scale;
};

shared float log_sums[tile_rows]; // in units of log2
shared float deltas[tile_rows];

// Reads the log-sum-exp of each query and makes and keeps its delta.
void prepare(ivec4 tile, uint head)
{
    uint q = gl_LocalInvocationID.x;
    if (q >= uint(tile.y))
        return;
    uint row = uint(tile.x) + q;
    float delta = 0.0;
    for (uint d = 0; d < head_groups; d++) {
        uint at = (row * head_count + head) * head_groups + d;
        delta += dot(load4(context[at]), load4(d_context[at]));
    }
    log_sums[q] = stats[row * stats_stride + head].x * LOG2_E;
    deltas[q] = delta;
    stats[row * stats_stride + head].y = delta;
}

// One chunk of columns of the gradient; written out for the reason that attention_forward_tiled gives.
#define ADD_KEYS(c)                                                                                  \
    if (c < chunk_count) {                                                                           \
        barrier();                                                                                   \
        STAGE(other, other_slot, qkv, key_at, row_groups, count, c)                                  \
        barrier();                                                                                   \
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
    uint context_groups = head_count * head_groups;
    uint query_at = uint(tile.x) * row_groups + head * head_groups;
    uint d_context_at = uint(tile.x) * context_groups + head * head_groups;
    float score_scale = tile.w < 0 ? 0.0 : scale * LOG2_E;
    prepare(tile, head);

    vec4 sums[chunk_count][4];
    [[unroll]] for (uint c = 0; c < chunk_count; c++)
        [[unroll]] for (uint i = 0; i < 4; i++)
            sums[c][i] = vec4(0.0);
    for (uint k = 0; k < key_count; k += tile_rows) {
        uint count = min(tile_rows, key_count - k);
        uint key_at = (uint(tile.z) + k) * row_groups + (head_count + head) * head_groups;
        vec4 scores[4] = vec4[4](vec4(0.0), vec4(0.0), vec4(0.0), vec4(0.0));
        vec4 d_p[4] = vec4[4](vec4(0.0), vec4(0.0), vec4(0.0), vec4(0.0));
        [[dont_unroll]] for (uint c = 0; c < chunk_count; c++) {
            barrier();
            STAGE(own, SAME_SLOT, qkv, query_at, row_groups, query_count, c)
            STAGE(other, other_slot, qkv, key_at, row_groups, count, c)
            barrier();
            add_products(scores);
        }
        [[dont_unroll]] for (uint c = 0; c < chunk_count; c++) {
            barrier();
            STAGE(own, SAME_SLOT, d_context, d_context_at, context_groups, query_count, c)
            STAGE(other, other_slot, qkv, key_at + context_groups, row_groups, count, c)
            barrier();
            add_products(d_p);
        }
        bvec4 is_key = lessThan(uvec4(tx * 4) + uvec4(0, 1, 2, 3), uvec4(count));
        [[unroll]] for (uint i = 0; i < lane_rows; i++) {
            uint q = ty * lane_rows + i;
            vec4 p = mix(vec4(0.0), exp2(scores[i] * score_scale - log_sums[q]), is_key);
            if (has_dropout != 0)
                d_p[i] *= dropout4(seed[0], dropout_stream, head, uint(tile.x) + q, k / 4 + tx, dropout_threshold,
                                   dropout_scale);
            weights[q * pitch + tx] = p * (d_p[i] - deltas[q]) * scale;
        }
        ADD_KEYS(0)
        ADD_KEYS(1)
        ADD_KEYS(2)
        ADD_KEYS(3)
        ADD_KEYS(4)
        ADD_KEYS(5)
        ADD_KEYS(6)
        ADD_KEYS(7)
    }

    [[unroll]] for (uint i = 0; i < lane_rows; i++) {
        uint q = ty * lane_rows + i;
        [[unroll]] for (uint c = 0; c < chunk_count; c++) {
            if (q < query_count && c * chunk_groups + tx < head_groups) {
                uint at = query_at + q * row_groups + c * chunk_groups + tx;
                vec4 before = accumulates != 0 ? load4(d_qkv[at]) : vec4(0.0);
                d_qkv[at] = store_gradient4(before + sums[c][i]);
            }
        }
    }
}
