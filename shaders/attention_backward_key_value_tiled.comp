// SPDX-License-Identifier: Apache-2.0
// variants: f32 f16
// The gradients of 32 keys and values of one head a workgroup, for GPUs; see attention_backward_key_value for what it
// computes and lib/attention_tile.glsl for how. Large heads take the two gradients in two runs, or registers would spill.
#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "lib/attention_tile.glsl"
#include "lib/random.glsl"

layout(constant_id = 3) const uint skips_keys = 0;
layout(constant_id = 4) const uint skips_values = 0;

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
};

// Bit 4 i + j tells whether key i of this invocation survives dropout with its query j: one register where sixteen
// factors would make others spill.
uint dropout_survivors(uint head, uint query_row, uint key_in_sequence)
{
    uint survivors = 0;
    uint first = lane_rows == 4 ? 0 : key_in_sequence % 4;
    [[unroll]] for (uint j = 0; j < 4; j++) {
        uvec4 bits = random4(seed[0], dropout_stream, head, query_row + j, key_in_sequence / 4);
        [[unroll]] for (uint i = 0; i < lane_rows; i++)
            survivors |= uint(bits[first + i] >= dropout_threshold) << (4 * i + j);
    }
    return survivors;
}

// What dropout multiplies key i and the four queries with.
vec4 dropout_factors(uint survivors, uint i)
{
    bvec4 survives = notEqual(uvec4(survivors >> 4 * i) & uvec4(1, 2, 4, 8), uvec4(0));
    return mix(vec4(0.0), vec4(dropout_scale), survives);
}

// One chunk of columns of a gradient; written out for the reason that attention_forward_tiled gives.
#define ADD(sums, buffer_name, base, row_pitch, c)                                                   \
    if (c < chunk_count) {                                                                           \
        barrier();                                                                                   \
        STAGE(other, other_slot, buffer_name, base, row_pitch, count, c)                             \
        barrier();                                                                                   \
        add_weighted(sums[OWN_CHUNK(c)]);                                                            \
    }

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
    uint row_groups = 3 * head_count * head_groups;
    uint context_groups = head_count * head_groups;
    uint key_at = uint(tile.x) * row_groups + (head_count + head) * head_groups;
    uint value_at = key_at + context_groups;
    uint key_in_sequence = uint(tile.x) - uint(tile.z) + ty * lane_rows; // a sequence's keys begin where its queries do
    float score_scale = tile.w < 0 ? 0.0 : scale * LOG2_E;

    vec4 d_key[chunk_count][4], d_value[chunk_count][4];
    [[unroll]] for (uint c = 0; c < chunk_count; c++) {
        [[unroll]] for (uint i = 0; i < 4; i++) {
            d_key[c][i] = vec4(0.0);
            d_value[c][i] = vec4(0.0);
        }
    }
    for (uint q = 0; q < query_count; q += tile_rows) {
        uint count = min(tile_rows, query_count - q);
        uint first_row = uint(tile.z) + q;
        uint query_at = first_row * row_groups + head * head_groups;
        uint d_context_at = first_row * context_groups + head * head_groups;
        vec4 p[4] = vec4[4](vec4(0.0), vec4(0.0), vec4(0.0), vec4(0.0));
        [[dont_unroll]] for (uint c = 0; c < chunk_count; c++) {
            barrier();
            STAGE(own, SAME_SLOT, qkv, key_at, row_groups, key_count, c)
            STAGE(other, other_slot, qkv, query_at, row_groups, count, c)
            barrier();
            add_products(p);
        }
        uint survivors = 0;
        if (has_dropout != 0)
            survivors = dropout_survivors(head, first_row + tx * 4, key_in_sequence);
        vec4 log_sums = vec4(0.0), deltas = vec4(0.0);
        bvec4 is_query = lessThan(uvec4(tx * 4) + uvec4(0, 1, 2, 3), uvec4(count));
        [[unroll]] for (uint j = 0; j < 4; j++) {
            vec2 stat = is_query[j] ? stats[(first_row + tx * 4 + j) * stats_stride + head] : vec2(0.0);
            log_sums[j] = stat.x * LOG2_E;
            deltas[j] = stat.y;
        }
        [[unroll]] for (uint i = 0; i < lane_rows; i++) {
            p[i] = mix(vec4(0.0), exp2(p[i] * score_scale - log_sums), is_query);
            vec4 factors = has_dropout != 0 ? dropout_factors(survivors, i) : vec4(1.0);
            weights[(ty * lane_rows + i) * pitch + tx] = p[i] * factors;
        }
        if (skips_values == 0) {
            ADD(d_value, d_context, d_context_at, context_groups, 0)
            ADD(d_value, d_context, d_context_at, context_groups, 1)
            ADD(d_value, d_context, d_context_at, context_groups, 2)
            ADD(d_value, d_context, d_context_at, context_groups, 3)
            ADD(d_value, d_context, d_context_at, context_groups, 4)
            ADD(d_value, d_context, d_context_at, context_groups, 5)
            ADD(d_value, d_context, d_context_at, context_groups, 6)
            ADD(d_value, d_context, d_context_at, context_groups, 7)
        }
        if (skips_keys != 0)
            continue;
        vec4 d_p[4] = vec4[4](vec4(0.0), vec4(0.0), vec4(0.0), vec4(0.0));
        [[dont_unroll]] for (uint c = 0; c < chunk_count; c++) {
            barrier();
            STAGE(own, SAME_SLOT, qkv, value_at, row_groups, key_count, c)
            STAGE(other, other_slot, d_context, d_context_at, context_groups, count, c)
            barrier();
            add_products(d_p);
        }
        [[unroll]] for (uint i = 0; i < lane_rows; i++) {
            if (has_dropout != 0)
                d_p[i] *= dropout_factors(survivors, i);
            weights[(ty * lane_rows + i) * pitch + tx] = p[i] * (d_p[i] - deltas) * scale;
        }
        ADD(d_key, qkv, query_at, row_groups, 0)
        ADD(d_key, qkv, query_at, row_groups, 1)
        ADD(d_key, qkv, query_at, row_groups, 2)
        ADD(d_key, qkv, query_at, row_groups, 3)
        ADD(d_key, qkv, query_at, row_groups, 4)
        ADD(d_key, qkv, query_at, row_groups, 5)
        ADD(d_key, qkv, query_at, row_groups, 6)
        ADD(d_key, qkv, query_at, row_groups, 7)
    }

    [[unroll]] for (uint i = 0; i < lane_rows; i++) {
        uint row = ty * lane_rows + i;
        [[unroll]] for (uint c = 0; c < chunk_count; c++) {
            uint at = row * row_groups + c * chunk_groups + tx;
            if (row < key_count && c * chunk_groups + tx < head_groups) {
                if (skips_keys == 0)
                    add_into(key_at + at, d_key[c][i]);
                if (skips_values == 0)
                    add_into(value_at + at, d_value[c][i]);
            }
        }
    }
}
