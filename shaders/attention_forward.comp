// SPDX-License-Identifier: Apache-2.0
// variants: f32 f16 f32_address f16_address
// context = dropout(softmax(q k^T * scale)) v over packed sequences, one query an invocation: keys and values are the
// same for all of them, nothing is shared and nothing waits, and any number of invocations is right. Made for CPU
// drivers, and for devices that lack what attention_forward_tiled needs. The softmax is online: the sums are scaled
// down whenever the largest score so far grows.
#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "lib/attention.glsl"
#include "lib/random.glsl"

layout(constant_id = 0) const uint workgroup_size = 64; // at least the queries of a tile
layout(constant_id = 1) const uint head_groups = 16;    // head_stride / 4
layout(constant_id = 2) const uint has_dropout = 0;     // a branch at run time would halve the speed on CPUs
layout(local_size_x_id = 0) in;

layout(binding = 0) readonly buffer Qkv { elem4 qkv[]; };        // (rows, 3 * head_count * head_stride)
layout(binding = 1) readonly buffer Tiles { ivec4 tiles[]; };    // first query row, queries, first key row, keys
layout(binding = 2) readonly buffer Seed { uvec4 seed[]; };      // (1, 4), read where has_dropout
layout(binding = 3) writeonly buffer Context { elem4 context[]; }; // (rows, head_count * head_stride)
layout(binding = 4) writeonly buffer Stats { vec2 stats[]; };    // (rows, 2 * head_count): log-sum-exp, 0
layout(push_constant) uniform Push
{
    uint head_count;
    uint stats_stride; // pairs a row, padding included; 0: not wanted
    float scale;
    uint dropout_stream;
    uint dropout_threshold;
    float dropout_scale;
    uint qkv_low; // address of qkv, for the variant `address`
    uint qkv_high;
};

const uint block = 4; // keys a turn: more would spill on CPUs, and dropout has groups of four

void main()
{
    ivec4 tile = tiles[gl_WorkGroupID.x];
    uint head = gl_WorkGroupID.y;
    uint query_count = uint(tile.y);
    if (query_count == 0)
        return;
    uint key_count = uint(abs(tile.w));
    uint row = uint(tile.x) + min(gl_LocalInvocationID.x, query_count - 1);
    uint row_groups = 3 * head_count * head_groups;
    uint key_start = uint(tile.z) * row_groups + (head_count + head) * head_groups;
    uint to_value = head_count * head_groups;
    // A negative count: no key is visible, and the weights are uniform.
    float score_scale = tile.w < 0 ? 0.0 : scale * LOG2_E;

    vec4 query[head_groups], sum[head_groups];
    [[unroll]] for (uint d = 0; d < head_groups; d++) {
        query[d] = load4(qkv[row * row_groups + head * head_groups + d]) * score_scale;
        sum[d] = vec4(0.0);
    }
    const Dropout dropout = Dropout(has_dropout != 0 ? seed[0] : uvec4(0), dropout_stream, dropout_threshold, dropout_scale);
    float top = LOWEST, total = 0.0;
    for (uint k = 0; k < key_count; k += block) {
        FIND(qkv);
        Row key[block], value[block];
        float s[block];
        [[unroll]] for (uint j = 0; j < block; j++) {
            uint at = key_start + min(k + j, key_count - 1) * row_groups;
            key[j] = ROW_AT(qkv, at);
            value[j] = ROW_AT(qkv, at + to_value);
            s[j] = 0.0;
        }
        [[unroll]] for (uint d = 0; d < head_groups; d++) {
            [[unroll]] for (uint j = 0; j < block; j++)
                s[j] += dot(query[d], ROW4(qkv, key[j], d));
        }
        float new_top = top;
        [[unroll]] for (uint j = 0; j < block; j++) {
            s[j] = k + j < key_count ? s[j] : LOWEST;
            new_top = max(new_top, s[j]);
        }
        float shrink = exp2(top - new_top);
        top = new_top;
        total *= shrink;
        [[unroll]] for (uint j = 0; j < block; j++) {
            s[j] = exp2(s[j] - top);
            total += s[j];
        }
        if (has_dropout != 0) {
            vec4 factors = dropout4(dropout, head, row, k / block);
            [[unroll]] for (uint j = 0; j < block; j++)
                s[j] *= factors[j];
        }
        [[unroll]] for (uint d = 0; d < head_groups; d++) {
            vec4 grown = sum[d] * shrink;
            [[unroll]] for (uint j = 0; j < block; j++)
                grown += s[j] * ROW4(qkv, value[j], d);
            sum[d] = grown;
        }
    }

    if (gl_LocalInvocationID.x >= query_count)
        return;
    float share = key_count > 0 ? 1.0 / total : 0.0;
    [[unroll]] for (uint d = 0; d < head_groups; d++)
        context[(row * head_count + head) * head_groups + d] = store4(sum[d] * share);
    if (stats_stride == 0)
        return;
    stats[row * stats_stride + head] = vec2(key_count > 0 ? (top + log2(total)) * LN_2 : 0.0, 0.0);
    if (head + 1 == head_count) {
        for (uint pad = head_count; pad < stats_stride; pad++)
            stats[row * stats_stride + pad] = vec2(0.0);
    }
}
