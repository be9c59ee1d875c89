// SPDX-License-Identifier: Apache-2.0
// variants: f32 f16 f32_address f16_address
// The gradient of queries, one query an invocation (as attention_forward has it):
//   p = exp(q k^T * scale - log_sum_exp)    d_p = dropout(d_context v^T)
//   delta = rowsum(d_context * context)     d_q = scale * (p * (d_p - delta)) k
// delta is left in stats for attention_backward_key_value, which runs after this.
#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "lib/attention.glsl"
#include "lib/random.glsl"

layout(constant_id = 0) const uint workgroup_size = 64; // at least the queries of a tile
layout(constant_id = 1) const uint head_groups = 16;    // head_stride / 4
layout(constant_id = 2) const uint has_dropout = 0;
layout(local_size_x_id = 0) in;

layout(binding = 0) readonly buffer Qkv { elem4 qkv[]; };             // (rows, 3 * head_count * head_stride)
layout(binding = 1) readonly buffer Tiles { ivec4 tiles[]; };         // first query row, queries, first key row, keys
layout(binding = 2) readonly buffer Seed { uvec4 seed[]; };           // (1, 4), read where has_dropout
layout(binding = 3) readonly buffer Context { elem4 context[]; };     // (rows, head_count * head_stride)
layout(binding = 4) readonly buffer DContext { elem4 d_context[]; };  // likewise
layout(binding = 5) buffer Stats { vec2 stats[]; };                   // (rows, 2 * head_count): log-sum-exp, delta
layout(binding = 6) buffer DQkv { elem4 d_qkv[]; };                   // as qkv
layout(push_constant) uniform Push
{
    uint head_count;
    uint stats_stride; // pairs a row, padding included
    uint accumulates;
    float scale;
    uint dropout_stream;
    uint dropout_threshold;
    float dropout_scale;
    uint qkv_low; // address of qkv, for the variant `address`
    uint qkv_high;
};

const uint block = 4; // keys a turn

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
    float score_scale = tile.w < 0 ? 0.0 : scale * LOG2_E;

    // 0, which the driver's compiler does not know: rows that are read again at its distance are not taken for the same,
    // and do not wait in memory, each number of theirs as wide as a vector.
    uint zero = accumulates >> 1;
    uint to_query = row * row_groups + head * head_groups;
    uint fetched = 0; // before the sums are stored, as each store to a line that is not in the cache waits for it
    [[unroll]] for (uint d = 0; d < head_groups; d += 4)
        fetched |= some_bits(d_qkv[to_query + d]);
    vec4 query[head_groups], d_out[head_groups], d_query[head_groups];
    float delta = 0.0;
    [[unroll]] for (uint d = 0; d < head_groups; d++) {
        uint at = (row * head_count + head) * head_groups + d;
        query[d] = load4(qkv[to_query + d]) * score_scale;
        d_out[d] = load4(d_context[at]);
        delta += dot(d_out[d], load4(context[at]));
        d_query[d] = vec4(0.0);
    }
    float log_sum = stats[row * stats_stride + head].x * LOG2_E;
    float d_scale = scale;
    const Dropout dropout = Dropout(has_dropout != 0 ? seed[0] : uvec4(0), dropout_stream, dropout_threshold, dropout_scale);
    FIND(qkv);
    uint k = 0;
    // With its condition ahead a CPU driver runs the body once more, with all lanes off.
    if (key_count > 0) do {
        Row key[block], value[block];
        float s[block], d_p[block];
        [[unroll]] for (uint j = 0; j < block; j++) {
            uint at = key_start + min(k + j, key_count - 1) * row_groups;
            key[j] = ROW_AT(qkv, at);
            value[j] = ROW_AT(qkv, at + to_value);
            s[j] = 0.0;
            d_p[j] = 0.0;
        }
        [[unroll]] for (uint d = 0; d < head_groups; d++) {
            [[unroll]] for (uint j = 0; j < block; j++)
                s[j] += dot(query[d], ROW4(qkv, key[j], d));
        }
        [[unroll]] for (uint d = 0; d < head_groups; d++) {
            [[unroll]] for (uint j = 0; j < block; j++)
                d_p[j] += dot(d_out[d], ROW4(qkv, value[j], d));
        }
        if (has_dropout != 0) {
            vec4 factors = dropout4(dropout, head, row, k / block);
            [[unroll]] for (uint j = 0; j < block; j++)
                d_p[j] *= factors[j];
        }
        [[unroll]] for (uint j = 0; j < block; j++) {
            float p = k + j < key_count ? exp2(s[j] - log_sum) : 0.0;
            s[j] = p * (d_p[j] - delta) * d_scale;
            key[j] = ROW_AT(qkv, key_start + min(k + j, key_count - 1) * row_groups + zero);
        }
        [[unroll]] for (uint d = 0; d < head_groups; d++) {
            vec4 grown = d_query[d];
            [[unroll]] for (uint j = 0; j < block; j++)
                grown += s[j] * ROW4(qkv, key[j], d);
            d_query[d] = grown;
        }
        k += block;
    } while (k < key_count);

    if (gl_LocalInvocationID.x >= query_count)
        return;
    stats[row * stats_stride + head].y = delta;
    [[unroll]] for (uint d = 0; d < head_groups; d++) {
        uint at = to_query + (fetched & zero) + d;
        vec4 before = accumulates != 0 ? load4(d_qkv[at]) : vec4(0.0);
        d_qkv[at] = store_gradient4(before + d_query[d]);
    }
}
