// SPDX-License-Identifier: Apache-2.0
// variants-cooperative_matrix: f16 f16_wide f32_int8 f16_int8
// variants-cooperative_matrix2: f16_workgroup f16_wide_workgroup
// target: vulkan1.2
// y = residual + dropout(activation(x weight^T + bias)); with `over_outputs` y = residual + x weight, by matrices that a
// subgroup multiplies together (VK_KHR_cooperative_matrix): f16 times f16, summed in f32. f16_wide: y is f32. int8: x and
// weight are I8 as in matmul_int8, summed in 32 bits, which is exact; y is f32 or f16. workgroup: matrices that all of a
// workgroup multiply together, of any multiple of what the device lists (VK_NV_cooperative_matrix2).
//
// A workgroup computes subgroups_y * tiles_m * matrix_m rows and subgroups_x * tiles_n * matrix_n columns; a team (a
// subgroup, or the workgroup, whose subgroups are then counted as one), tiles_m by tiles_n matrices of sums. Along K it goes `steps` matrices a turn, through shared memory; what the next turn
// needs is on its way while this one is multiplied. Finished sums pass through shared memory once more, a matrix at a
// time, to lanes that own groups of four columns.
#version 450
#extension GL_EXT_control_flow_attributes : require
#extension GL_GOOGLE_include_directive : require
#ifdef VARIANT_interface
#define VARIANT_f16
#else
#ifdef VARIANT_int8
#extension GL_EXT_shader_explicit_arithmetic_types_int8 : require
#else
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#endif
#extension GL_KHR_cooperative_matrix : require
#ifdef VARIANT_workgroup
#extension GL_NV_cooperative_matrix2 : require
#endif
#extension GL_KHR_memory_scope_semantics : require
#extension GL_KHR_shader_subgroup_basic : require
#pragma use_vulkan_memory_model
#endif
#include "lib/storage.glsl"
#include "lib/activation.glsl"
#include "lib/random.glsl"

layout(constant_id = 0) const uint workgroup_size = 128;
layout(constant_id = 1) const uint subgroup_size = 32;
layout(constant_id = 2) const uint matrix_m = 16; // the shape, as the device lists it
layout(constant_id = 3) const uint matrix_n = 16;
layout(constant_id = 4) const uint matrix_k = 16; // a multiple of 8
layout(constant_id = 5) const uint subgroups_x = 2;
layout(constant_id = 6) const uint tiles_m = 2;
layout(constant_id = 7) const uint tiles_n = 2;
layout(constant_id = 8) const uint steps = 2;
layout(constant_id = 9) const uint over_outputs = 0;
layout(constant_id = 13) const uint step_divides = 0; // the padded K
layout(local_size_x = 128, local_size_x_id = 0) in;

// What matrices hold and sum up, and how eight and four of them lie in a buffer and in shared memory. A uvec4 of the weight
// is a bundle: of so many outputs, a group of four each.
#ifdef VARIANT_int8
#define factor int8_t
#define total int
#define total4 ivec4
#define eight uvec2
#define four uint
const uint BUNDLE = 4;
#else
#define factor float16_t
#define total float
#define total4 vec4
#define eight uvec4
#define four f16vec4
const uint BUNDLE = 2;
#endif

layout(binding = 0) readonly buffer X { eight x[]; };               // (rows, K); int8: and scales
layout(binding = 1) readonly buffer Weight { uvec4 weight[]; };     // PANELS: (N, K), or (K, N) over_outputs; and scales
layout(binding = 2) readonly buffer Bias { float bias[]; };         // (1, N) where HAS_BIAS
layout(binding = 3) readonly buffer Residual { elem4 residual[]; }; // (rows, cols) where HAS_RESIDUAL; may be y
layout(binding = 4) readonly buffer Seed { uvec4 seed[]; };         // (1, 4) where has_dropout
#ifdef VARIANT_wide
layout(binding = 5) writeonly buffer Y { vec4 y[]; };               // (rows, cols)
#else
layout(binding = 5) writeonly buffer Y { elem4 y[]; };
#endif
layout(binding = 6) writeonly buffer Pre { elem4 pre[]; };          // (rows, cols) where keeps_sum
layout(push_constant) uniform Push
{
    uint rows;
    uint cols;          // of y
    uint octets;         // of eight along K, padding included
    uint weight_bundles; // of the weight's padded outputs
    uint first_output;   // of the weight; over_outputs, the one that x begins with
    uint y_stride;       // groups of four, padding included
    uint x_scales;       // int8: where they begin, in words
    uint weight_scales;  // int8: in groups of four
    uint flags;
    uint dropout_stream;
    uint dropout_threshold;
    float dropout_scale;
    float x_factor;
    float y_factor;
};

#include "lib/linear_output.glsl"

#ifdef VARIANT_interface
void main() {}
#else

#ifdef VARIANT_workgroup
#define scope gl_ScopeWorkgroup
#define team 0u
#define team_lane gl_LocalInvocationIndex
#define team_size workgroup_size
#else
#define scope gl_ScopeSubgroup
#define team gl_SubgroupID
#define team_lane gl_SubgroupInvocationID
#define team_size subgroup_size
#endif
const uint subgroups_y = workgroup_size / team_size / subgroups_x;
const uint block_rows = subgroups_y * tiles_m * matrix_m;
const uint block_cols = subgroups_x * tiles_n * matrix_n;
const uint block_k = steps * matrix_k;
const uint block_octets = block_k / 8;
const uint block_fours = block_k / 4;
const uint x_count = block_rows * block_octets; // of eights in a turn
const uint weight_count = block_cols * block_fours / BUNDLE;
const uint x_fills = (x_count + workgroup_size - 1) / workgroup_size; // of a lane
const uint weight_fills = (weight_count + workgroup_size - 1) / workgroup_size;
const uint MAX_FILLS = 8;
// In shared memory, groups of four; BUNDLE more, 16 bytes, a row spread the banks.
const uint x_pitch = block_fours + BUNDLE;
const uint weight_pitch = (over_outputs == 0 ? block_fours : block_cols / 4) + BUNDLE;
shared four x_block[block_rows * x_pitch];
shared four weight_block[(over_outputs == 0 ? block_cols : block_k) * weight_pitch];
shared total4 sums[workgroup_size / team_size * matrix_m * matrix_n / 4];

#ifdef VARIANT_int8
four four_of(uvec2 v, uint i) { return v[i]; }
four four_of(uvec4 v, uint i) { return v[i]; }
#else
four four_of(uvec4 v, uint i) { return f16vec4(unpackFloat2x16(v[2 * i]), unpackFloat2x16(v[2 * i + 1])); }
#endif

// The n-th uvec4 that a lane brings: which bundle of outputs, and which group of four beside them. Four lanes on
// neighbouring bundles read 64 bytes together and write to different banks.
uint weight_bundle_of(uint i) { return over_outputs == 0 ? i % 4 + i / (4 * block_fours) * 4 : i % (block_k / BUNDLE); }
uint weight_group_of(uint i) { return over_outputs == 0 ? i / 4 % block_fours : i / (block_k / BUNDLE); }

eight fetch_x(uint i, uint first_row, uint first_octet)
{
    uint octet = first_octet + i % block_octets;
    if ((x_count % workgroup_size != 0 && i >= x_count) || (step_divides == 0 && octet >= octets))
        return eight(0);
    return x[min(first_row + i / block_octets, rows - 1) * octets + octet];
}

uvec4 fetch_weight(uint i, uint first_col, uint first_octet)
{
    uint bundle = weight_bundle_of(i);
    uint group = weight_group_of(i);
    if (weight_count % workgroup_size != 0 && i >= weight_count)
        return uvec4(0);
    if (over_outputs == 0) {
        group += 2 * first_octet;
        bundle = min((first_output + first_col) / BUNDLE + bundle, weight_bundles - 1);
        if (step_divides == 0 && group >= 2 * octets)
            return uvec4(0);
    } else {
        group = min(first_col / 4 + group, y_stride - 1);
        bundle += 8 / BUNDLE * first_octet;
        if (step_divides == 0 && bundle >= 8 / BUNDLE * octets)
            return uvec4(0);
        bundle += first_output / BUNDLE;
    }
    return weight[group * weight_bundles + bundle];
}

void put_x(uint i, eight v)
{
    if (x_count % workgroup_size != 0 && i >= x_count)
        return;
    uint at = i / block_octets * x_pitch + i % block_octets * 2;
    x_block[at] = four_of(v, 0);
    x_block[at + 1] = four_of(v, 1);
}

void put_weight(uint i, uvec4 v)
{
    if (weight_count % workgroup_size != 0 && i >= weight_count)
        return;
    uint at = BUNDLE * weight_bundle_of(i) * weight_pitch + weight_group_of(i);
    [[unroll]] for (uint n = 0; n < BUNDLE; ++n)
        weight_block[at + n * weight_pitch] = four_of(v, n);
}

#ifdef VARIANT_int8
vec4 product_of(total4 sum, uint row, uint group)
{
    uint at = x_scales + min(row, rows - 1);
    vec4 scales = uintBitsToFloat(weight[weight_scales + min(first_output / 4 + group, weight_bundles - 1)]);
    return vec4(sum) * scales * uintBitsToFloat(x[at / 2][at % 2]);
}
#else
vec4 product_of(total4 sum, uint row, uint group) { return sum; }
#endif

// The lanes of a team take one matrix of sums together. Unrolled: Intel's compiler keeps what lives across a loop of
// lanes in scratch memory.
void finish_tile(uint first_row, uint first_col)
{
    const uint fours = matrix_n / 4;
    [[unroll]] for (uint n = 0; n < (matrix_m * fours + team_size - 1) / team_size; ++n) {
        uint i = n * team_size + team_lane;
        uint row = first_row + i / fours;
        uint group = first_col / 4 + i % fours;
        if (matrix_m * fours % team_size == 0 || i < matrix_m * fours)
            finish(row, group, product_of(sums[team * matrix_m * fours + i], row, group), bias_of(group));
    }
}

void main()
{
    uint lane = gl_LocalInvocationIndex;
    uint first_row = gl_WorkGroupID.x * block_rows;
    uint first_col = gl_WorkGroupID.y * block_cols;
    uint own_row = team / subgroups_x * tiles_m * matrix_m;
    uint own_col = team % subgroups_x * tiles_n * matrix_n;
    coopmat<total, scope, matrix_m, matrix_n, gl_MatrixUseAccumulator> tiles[tiles_m * tiles_n];
    eight next_x[MAX_FILLS];
    uvec4 next_weight[MAX_FILLS];
    [[unroll]] for (uint i = 0; i < tiles_m * tiles_n; ++i)
        tiles[i] = coopmat<total, scope, matrix_m, matrix_n, gl_MatrixUseAccumulator>(total(0));
    [[unroll]] for (uint n = 0; n < x_fills; ++n)
        next_x[n] = fetch_x(n * workgroup_size + lane, first_row, 0);
    [[unroll]] for (uint n = 0; n < weight_fills; ++n)
        next_weight[n] = fetch_weight(n * workgroup_size + lane, first_col, 0);
    for (uint octet = 0; octet < octets; octet += block_octets) {
        barrier();
        [[unroll]] for (uint n = 0; n < x_fills; ++n)
            put_x(n * workgroup_size + lane, next_x[n]);
        [[unroll]] for (uint n = 0; n < weight_fills; ++n)
            put_weight(n * workgroup_size + lane, next_weight[n]);
        barrier();
        if (octet + block_octets < octets) {
            [[unroll]] for (uint n = 0; n < x_fills; ++n)
                next_x[n] = fetch_x(n * workgroup_size + lane, first_row, octet + block_octets);
            [[unroll]] for (uint n = 0; n < weight_fills; ++n)
                next_weight[n] = fetch_weight(n * workgroup_size + lane, first_col, octet + block_octets);
        }
        [[unroll]] for (uint s = 0; s < steps; ++s) {
            coopmat<factor, scope, matrix_m, matrix_k, gl_MatrixUseA> a[tiles_m];
            [[unroll]] for (uint i = 0; i < tiles_m; ++i)
                coopMatLoad(a[i], x_block, (own_row + i * matrix_m) * x_pitch + s * matrix_k / 4, x_pitch,
                            gl_CooperativeMatrixLayoutRowMajor);
            [[unroll]] for (uint j = 0; j < tiles_n; ++j) {
                coopmat<factor, scope, matrix_k, matrix_n, gl_MatrixUseB> b;
                uint col = own_col + j * matrix_n;
                if (over_outputs == 0)
                    coopMatLoad(b, weight_block, col * weight_pitch + s * matrix_k / 4, weight_pitch,
                                gl_CooperativeMatrixLayoutColumnMajor);
                else
                    coopMatLoad(b, weight_block, s * matrix_k * weight_pitch + col / 4, weight_pitch,
                                gl_CooperativeMatrixLayoutRowMajor);
                [[unroll]] for (uint i = 0; i < tiles_m; ++i)
                    tiles[i * tiles_n + j] = coopMatMulAdd(a[i], b, tiles[i * tiles_n + j]);
            }
        }
    }
    [[unroll]] for (uint i = 0; i < tiles_m; ++i)
        [[unroll]] for (uint j = 0; j < tiles_n; ++j) {
            barrier();
            coopMatStore(tiles[i * tiles_n + j], sums, team * matrix_m * matrix_n / 4, matrix_n / 4,
                         gl_CooperativeMatrixLayoutRowMajor);
            barrier();
            finish_tile(first_row + own_row + i * matrix_m, first_col + own_col + j * matrix_n);
        }
}
#endif
