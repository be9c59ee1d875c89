// SPDX-License-Identifier: Apache-2.0
// variants-cooperative_matrix: f16
// target: vulkan1.2
// context = dropout(softmax(q k^T * scale)) v over packed sequences, up to 32 queries of one head a workgroup, by matrices
// that a subgroup multiplies together (VK_KHR_cooperative_matrix); see attention_forward for what it computes.
//
// 32 keys a turn: scores pass through shared memory to lanes that take exponentials, of a row each or of a part of one,
// and go back as f16. The sums of the context stay in matrices; a matrix whose columns are all the rows' factors shrinks
// them as the largest score grows.
#version 450
#extension GL_EXT_control_flow_attributes : require
#extension GL_GOOGLE_include_directive : require
#ifdef VARIANT_interface
#define VARIANT_f16
#else
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#extension GL_KHR_cooperative_matrix : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_KHR_shader_subgroup_basic : require
#pragma use_vulkan_memory_model
#endif
#include "lib/attention.glsl"
#include "lib/random.glsl"

layout(constant_id = 0) const uint workgroup_size = 128; // 32 to 256
layout(constant_id = 1) const uint subgroup_size = 32;
layout(constant_id = 2) const uint matrix_m = 16; // the shape, as the device lists it; divides 32
layout(constant_id = 3) const uint matrix_n = 16;
layout(constant_id = 4) const uint matrix_k = 16;
layout(constant_id = 5) const uint head_groups = 16; // head_stride / 4
layout(constant_id = 6) const uint has_dropout = 0;
layout(local_size_x = 128, local_size_x_id = 0) in;

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

#ifdef VARIANT_interface
void main() {}
#else

const uint tile_rows = 32;
const uint tile_fours = tile_rows / 4;
const uint subgroup_count = workgroup_size / subgroup_size;
const uint head_columns = (4 * head_groups + 31) / 32 * 32; // whole matrices
const uint head_fours = head_columns / 4;
// In shared memory, groups of four; more than needed, so that rows begin in different banks.
const uint head_pitch = head_fours + 2;
const uint weight_pitch = tile_fours + 2;
const uint score_pitch = tile_fours + 1;
shared f16vec4 queries[tile_rows * head_pitch];
shared f16vec4 others[tile_rows * head_pitch]; // keys, then values
shared vec4 scores[tile_rows * score_pitch];
shared f16vec4 weights[tile_rows * weight_pitch];
shared float factors[tile_rows]; // what a row's sums are multiplied with
shared float totals[workgroup_size];

const uint row_tiles = tile_rows / matrix_m;
const uint score_tiles = row_tiles * (tile_rows / matrix_n);
const uint sum_tiles = row_tiles * (head_columns / matrix_n);
const uint own_tiles = (sum_tiles + subgroup_count - 1) / subgroup_count;

// Lanes share rows: each takes exponentials of a part of one.
const uint lanes_per_row = workgroup_size / tile_rows;
const uint part_fours = tile_fours / lanes_per_row;
uint soft_row = gl_LocalInvocationIndex / lanes_per_row;
uint soft_part = gl_LocalInvocationIndex % lanes_per_row;

f16vec4 halves(uvec2 v) { return f16vec4(unpackFloat2x16(v.x), unpackFloat2x16(v.y)); }

#define STAGE(destination, base, row_pitch, count)                                                            \
    for (uint e = gl_LocalInvocationIndex; e < tile_rows * head_fours; e += workgroup_size) {                 \
        uint r = e / head_fours, g = e % head_fours;                                                          \
        bool is_inside = r < (count) && g < head_groups;                                                      \
        destination[r * head_pitch + g] = is_inside ? halves(qkv[(base) + r * (row_pitch) + g]) : f16vec4(0); \
    }

// scores = queries others^T; the subgroups take turns with the matrices of it.
void multiply_keys()
{
    for (uint t = gl_SubgroupID; t < score_tiles; t += subgroup_count) {
        uint row = t % row_tiles * matrix_m;
        uint key = t / row_tiles * matrix_n;
        coopmat<float, gl_ScopeSubgroup, matrix_m, matrix_n, gl_MatrixUseAccumulator> sum =
            coopmat<float, gl_ScopeSubgroup, matrix_m, matrix_n, gl_MatrixUseAccumulator>(0.0);
        [[unroll]] for (uint d = 0; d < head_columns; d += matrix_k) {
            coopmat<float16_t, gl_ScopeSubgroup, matrix_m, matrix_k, gl_MatrixUseA> a;
            coopmat<float16_t, gl_ScopeSubgroup, matrix_k, matrix_n, gl_MatrixUseB> b;
            coopMatLoad(a, queries, row * head_pitch + d / 4, head_pitch, gl_CooperativeMatrixLayoutRowMajor);
            coopMatLoad(b, others, key * head_pitch + d / 4, head_pitch, gl_CooperativeMatrixLayoutColumnMajor);
            sum = coopMatMulAdd(a, b, sum);
        }
        coopMatStore(sum, scores, row * score_pitch + key / 4, score_pitch, gl_CooperativeMatrixLayoutRowMajor);
    }
}

vec4 score4(uint group, uint count, float score_scale)
{
    bvec4 is_key = lessThan(uvec4(group * 4) + uvec4(0, 1, 2, 3), uvec4(count));
    return mix(vec4(LOWEST), scores[soft_row * score_pitch + group] * score_scale, is_key);
}

// From scores to weights. `total` counts this lane's part of the row.
void soften(uint head, uint row, uint first_key, uint count, float score_scale, inout float top, inout float total)
{
    vec4 largest = vec4(top);
    [[unroll]] for (uint g = 0; g < tile_fours; g++)
        largest = max(largest, score4(g, count, score_scale));
    float new_top = max(max(largest.x, largest.y), max(largest.z, largest.w));
    float factor = exp2(top - new_top);
    top = new_top;
    total *= factor;
    if (soft_part == 0)
        factors[soft_row] = factor;
    [[unroll]] for (uint i = 0; i < part_fours; i++) {
        uint g = soft_part * part_fours + i;
        vec4 p = exp2(score4(g, count, score_scale) - top);
        total += p.x + p.y + p.z + p.w;
        if (has_dropout != 0)
            p *= dropout4(seed[0], dropout_stream, head, row, first_key / 4 + g, dropout_threshold, dropout_scale);
        weights[soft_row * weight_pitch + g] = f16vec4(p);
    }
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

    coopmat<float, gl_ScopeSubgroup, matrix_m, matrix_n, gl_MatrixUseAccumulator> sums[own_tiles];
    [[unroll]] for (uint i = 0; i < own_tiles; i++)
        sums[i] = coopmat<float, gl_ScopeSubgroup, matrix_m, matrix_n, gl_MatrixUseAccumulator>(0.0);
    float top = LOWEST, total = 0.0;
    STAGE(queries, query_start, row_groups, query_count)
    for (uint k = 0; k < key_count; k += tile_rows) {
        uint count = min(tile_rows, key_count - k);
        uint keys = key_start + k * row_groups;
        barrier();
        STAGE(others, keys, row_groups, count)
        barrier();
        multiply_keys();
        barrier();
        soften(head, uint(tile.x) + soft_row, k, count, score_scale, top, total);
        STAGE(others, keys + to_value, row_groups, count)
        barrier();
        [[unroll]] for (uint i = 0; i < own_tiles; i++) {
            uint t = i * subgroup_count + gl_SubgroupID;
            uint row = t % row_tiles * matrix_m;
            uint column = t / row_tiles * matrix_n;
            if (t < sum_tiles) {
                coopmat<float, gl_ScopeSubgroup, matrix_m, matrix_n, gl_MatrixUseAccumulator> shrink;
                coopMatLoad(shrink, factors, row, 0, gl_CooperativeMatrixLayoutColumnMajor);
                sums[i] = sums[i] * shrink;
                [[unroll]] for (uint key = 0; key < tile_rows; key += matrix_k) {
                    coopmat<float16_t, gl_ScopeSubgroup, matrix_m, matrix_k, gl_MatrixUseA> a;
                    coopmat<float16_t, gl_ScopeSubgroup, matrix_k, matrix_n, gl_MatrixUseB> b;
                    coopMatLoad(a, weights, row * weight_pitch + key / 4, weight_pitch,
                                gl_CooperativeMatrixLayoutRowMajor);
                    coopMatLoad(b, others, key * head_pitch + column / 4, head_pitch,
                                gl_CooperativeMatrixLayoutRowMajor);
                    sums[i] = coopMatMulAdd(a, b, sums[i]);
                }
            }
        }
    }

    // The parts of a row have the same `top`.
    totals[gl_LocalInvocationIndex] = total;
    barrier();
    total = 0.0;
    [[unroll]] for (uint i = 0; i < lanes_per_row; i++)
        total += totals[soft_row * lanes_per_row + i];
    float share = key_count > 0 ? 1.0 / total : 0.0;
    // 32 columns of the context at a time.
    [[unroll]] for (uint column = 0; column < head_columns; column += tile_rows) {
        barrier();
        [[unroll]] for (uint i = 0; i < own_tiles; i++) {
            uint t = i * subgroup_count + gl_SubgroupID;
            uint own_column = t / row_tiles * matrix_n;
            if (t < sum_tiles && own_column / tile_rows * tile_rows == column)
                coopMatStore(sums[i], scores, t % row_tiles * matrix_m * score_pitch + (own_column - column) / 4,
                             score_pitch, gl_CooperativeMatrixLayoutRowMajor);
        }
        barrier();
        [[unroll]] for (uint i = 0; i < part_fours; i++) {
            uint g = soft_part * part_fours + i;
            if (soft_row < query_count && column / 4 + g < head_groups)
                context[((uint(tile.x) + soft_row) * head_count + head) * head_groups + column / 4 + g] =
                    store4(scores[soft_row * score_pitch + g] * share);
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
#endif
