// SPDX-License-Identifier: Apache-2.0
// variants: f32
// As layer_norm_backward_params, for drivers that run on a CPU: a lane sums two neighbouring columns, and `lanes` such pairs
// of a row are loaded at once (lib/pairs.glsl).
#version 450
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_buffer_reference_uvec2 : require
#extension GL_EXT_shader_explicit_arithmetic_types_int64 : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_GOOGLE_include_directive : require

layout(constant_id = 0) const uint workgroup_size = 8;
layout(constant_id = 1) const uint lanes = 8; // of a subgroup, which is the workgroup: 4, 8 or 16
layout(constant_id = 12) const uint has_dropout = 0;
layout(local_size_x = 8, local_size_x_id = 0) in;

#include "lib/pairs.glsl"
#include "lib/random.glsl"

layout(binding = 0) readonly buffer X { float x[]; };        // (rows, cols), read through x_address
layout(binding = 1) readonly buffer Stats { vec4 stats[]; }; // (rows, 2) mean, rstd
layout(binding = 2) readonly buffer DY { float d_y[]; };     // (rows, cols), read through d_y_address
layout(binding = 3) readonly buffer Seed { uvec4 seed[]; };  // (1, 4) where has_dropout
layout(binding = 4) buffer DGamma { vec2 d_gamma[]; };       // (1, cols)
layout(binding = 5) buffer DBeta { vec2 d_beta[]; };         // (1, cols)
layout(push_constant) uniform Push
{
    uint rows;
    uint row_pairs;  // padding included, at least `lanes`
    uint gamma_mode; // 0: not wanted, 1: stored, 2: added to
    uint beta_mode;
    uint dropout_stream;
    uint dropout_threshold;
    float dropout_scale;
    uint x_address_low;
    uint x_address_high;
    uint d_y_address_low;
    uint d_y_address_high;
};

void main()
{
    // The last part begins early enough to be full, and leaves to the one before it what is that one's.
    uint first_own = gl_WorkGroupID.x * lanes;
    uint first = min(first_own, row_pairs - lanes);
    uint pair = first + gl_SubgroupInvocationID;
    uint64_t x_part = packUint2x32(uvec2(x_address_low, x_address_high)) + first * 8;
    uint64_t d_y_part = packUint2x32(uvec2(d_y_address_low, d_y_address_high)) + first * 8;
    vec2 gamma_sum = vec2(0.0);
    vec2 beta_sum = vec2(0.0);
    for (uint next = 0; next < rows; ++next) {
        uint row = min(next, rows - 1); // a CPU driver runs the body once more, with all lanes off
        uint64_t offset = uint64_t(row) * row_pairs * 8;
        vec2 mean_rstd = stats[2 * row].xy;
        vec2 g = unpack_pair(pairs_at(d_y_part + offset));
        if (has_dropout != 0)
            g *= dropout2(seed[0], dropout_stream, 0, row, pair, dropout_threshold, dropout_scale);
        beta_sum += g;
        gamma_sum += g * (unpack_pair(pairs_at(x_part + offset)) - mean_rstd.x) * mean_rstd.y;
    }
    if (pair < first_own)
        return;
    if (gamma_mode != 0)
        d_gamma[pair] = gamma_sum + (gamma_mode == 2 ? d_gamma[pair] : vec2(0.0));
    if (beta_mode != 0)
        d_beta[pair] = beta_sum + (beta_mode == 2 ? d_beta[pair] : vec2(0.0));
}
