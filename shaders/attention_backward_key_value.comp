// SPDX-License-Identifier: Apache-2.0
// variants: f32 f16 f32_address f16_address
// The gradients of keys and values, one key an invocation: queries are the same for all of them. Each key's sums are
// one invocation's, over the queries in order: no atomics, the same bits in every run.
//   p = exp(q k^T * scale - log_sum_exp)    d_v = dropout(p)^T d_context
//   d_p = dropout(d_context v^T)            d_k = scale * (p * (d_p - delta))^T q
#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "lib/attention.glsl"
#include "lib/random.glsl"

layout(constant_id = 0) const uint workgroup_size = 64; // at least the keys of a tile
layout(constant_id = 1) const uint head_groups = 16;    // head_stride / 4
layout(constant_id = 2) const uint has_dropout = 0;
layout(local_size_x_id = 0) in;

layout(binding = 0) readonly buffer Qkv { elem4 qkv[]; };            // (rows, 3 * head_count * head_stride)
layout(binding = 1) readonly buffer KeyTiles { ivec4 key_tiles[]; }; // first key row, keys, first query row, queries
layout(binding = 2) readonly buffer Seed { uvec4 seed[]; };          // (1, 4), read where has_dropout
layout(binding = 3) readonly buffer DContext { elem4 d_context[]; }; // (rows, head_count * head_stride)
layout(binding = 4) readonly buffer Stats { vec2 stats[]; };         // (rows, 2 * head_count): log-sum-exp, delta
layout(binding = 5) buffer DQkv { elem4 d_qkv[]; };                  // as qkv
layout(push_constant) uniform Push
{
    uint head_count;
    uint stats_stride; // pairs a row, padding included
    uint accumulates;
    float scale;
    uint dropout_stream;
    uint dropout_threshold;
    float dropout_scale;
    uint qkv_low; // addresses, for the variant `address`
    uint qkv_high;
    uint d_context_low;
    uint d_context_high;
    uint stats_low;
    uint stats_high;
};

const uint block = 4; // queries a turn

void add_into(uint at, vec4 gradient)
{
    vec4 before = accumulates != 0 ? load4(d_qkv[at]) : vec4(0.0);
    d_qkv[at] = store_gradient4(before + gradient);
}

void main()
{
    ivec4 tile = key_tiles[gl_WorkGroupID.x];
    uint head = gl_WorkGroupID.y;
    uint key_count = uint(tile.y);
    if (key_count == 0)
        return;
    uint query_count = uint(abs(tile.w));
    uint row = uint(tile.x) + min(gl_LocalInvocationID.x, key_count - 1);
    uint key_in_sequence = row - uint(tile.z); // a sequence's keys begin where its queries do
    uint row_groups = 3 * head_count * head_groups;
    uint to_value = head_count * head_groups;
    uint key_at = row * row_groups + (head_count + head) * head_groups;
    float score_scale = tile.w < 0 ? 0.0 : scale * LOG2_E;

    uint zero = accumulates >> 1; // unknown, as in attention_backward_query, and lines are fetched for its reason
    uint fetched = 0;
    [[unroll]] for (uint d = 0; d < head_groups; d += 4)
        fetched |= some_bits(d_qkv[key_at + d]) | some_bits(d_qkv[key_at + to_value + d]);
    vec4 key[head_groups], value[head_groups], d_key[head_groups], d_value[head_groups];
    [[unroll]] for (uint d = 0; d < head_groups; d++) {
        key[d] = load4(qkv[key_at + d]) * score_scale;
        value[d] = load4(qkv[key_at + to_value + d]);
        d_key[d] = vec4(0.0);
        d_value[d] = vec4(0.0);
    }
    uint heads = head_count, stats_pitch = stats_stride;
    float d_scale = scale;
    const Dropout dropout = Dropout(has_dropout != 0 ? seed[0] : uvec4(0), dropout_stream, dropout_threshold, dropout_scale);
    FIND(qkv);
    FIND(d_context);
    FIND(stats);
    uint q = 0;
    if (query_count > 0) do {
        Row query[block], d_out[block];
        vec2 stat[block];
        float s[block], d_p[block];
        [[unroll]] for (uint j = 0; j < block; j++) {
            uint query_row = uint(tile.z) + min(q + j, query_count - 1);
            query[j] = ROW_AT(qkv, query_row * row_groups + head * head_groups);
            d_out[j] = ROW_AT(d_context, (query_row * heads + head) * head_groups);
            stat[j] = PAIR(stats, query_row * stats_pitch + head);
            s[j] = 0.0;
            d_p[j] = 0.0;
        }
        [[unroll]] for (uint d = 0; d < head_groups; d++) {
            [[unroll]] for (uint j = 0; j < block; j++)
                s[j] += dot(key[d], ROW4(qkv, query[j], d));
        }
        [[unroll]] for (uint d = 0; d < head_groups; d++) {
            [[unroll]] for (uint j = 0; j < block; j++)
                d_p[j] += dot(value[d], ROW4(d_context, d_out[j], d));
        }
        [[unroll]] for (uint j = 0; j < block; j++) {
            float p = q + j < query_count ? exp2(s[j] - stat[j].x * LOG2_E) : 0.0;
            float factor = has_dropout != 0 ? dropout1(dropout, head, uint(tile.z) + q + j, key_in_sequence) : 1.0;
            s[j] = p * (d_p[j] * factor - stat[j].y) * d_scale;
            d_p[j] = p * factor;
            uint query_row = uint(tile.z) + min(q + j, query_count - 1);
            query[j] = ROW_AT(qkv, query_row * row_groups + head * head_groups + zero);
            d_out[j] = ROW_AT(d_context, (query_row * heads + head) * head_groups + zero);
        }
        [[unroll]] for (uint d = 0; d < head_groups; d++) {
            vec4 grown_key = d_key[d];
            vec4 grown_value = d_value[d];
            [[unroll]] for (uint j = 0; j < block; j++) {
                grown_key += s[j] * ROW4(qkv, query[j], d);
                grown_value += d_p[j] * ROW4(d_context, d_out[j], d);
            }
            d_key[d] = grown_key;
            d_value[d] = grown_value;
        }
        q += block;
    } while (q < query_count);

    if (gl_LocalInvocationID.x >= key_count)
        return;
    key_at += fetched & zero;
    [[unroll]] for (uint d = 0; d < head_groups; d++) {
        add_into(key_at + d, d_key[d]);
        add_into(key_at + to_value + d, d_value[d]);
    }
}
