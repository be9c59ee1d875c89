// SPDX-License-Identifier: Apache-2.0
// variants: f32
// As layer_norm_backward, one row a subgroup, for drivers that run on a CPU: what lies side by side is loaded as vectors
// (lib/pairs.glsl), where rows for single lanes would be gathered number by number.
#version 450
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_buffer_reference_uvec2 : require
#extension GL_EXT_shader_explicit_arithmetic_types_int64 : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_arithmetic : require
#extension GL_GOOGLE_include_directive : require

layout(constant_id = 0) const uint workgroup_size = 8;
layout(constant_id = 1) const uint lanes = 8; // of a subgroup, which is the workgroup: 4, 8 or 16
layout(constant_id = 2) const uint tile_rows = 4;
layout(constant_id = 12) const uint has_dropout = 0;
layout(local_size_x = 8, local_size_x_id = 0) in;

#include "lib/grid.glsl"
#include "lib/pairs.glsl"
#include "lib/random.glsl"

layout(binding = 0) readonly buffer X { float x[]; };         // (rows, cols), read through x_address
layout(binding = 1) readonly buffer Gamma { float gamma[]; }; // (1, cols), read through gamma_address
layout(binding = 2) readonly buffer Stats { vec4 stats[]; };  // (rows, 2) mean, rstd
layout(binding = 3) readonly buffer DY { float d_y[]; };      // (rows, cols), read through d_y_address
layout(binding = 4) readonly buffer Seed { uvec4 seed[]; };   // (1, 4) where has_dropout
layout(binding = 5) buffer DX { uint64_t d_x[]; };            // (rows, cols), two neighbours of a row
layout(push_constant) uniform Push
{
    uint rows;
    uint cols;
    uint row_pairs; // padding included, at least `lanes`
    uint accumulates;
    uint dropout_stream;
    uint dropout_threshold;
    float dropout_scale;
    uint x_address_low;
    uint x_address_high;
    uint gamma_address_low;
    uint gamma_address_high;
    uint d_y_address_low;
    uint d_y_address_high;
};

// What a subgroup takes of a row at once: `lanes` pairs from `first` on.
struct Part {
    uint first;
    bool is_own; // of this lane: the last part begins early enough to be full, and leaves to the one before what is its own
};

Part part_at(uint next)
{
    uint first = min(next, row_pairs - lanes);
    return Part(first, first + gl_SubgroupInvocationID >= next);
}

vec2 scaled_gradient(uint64_t d_y_row, uint64_t gamma_row, uint row, uint first)
{
    vec2 g = unpack_pair(pairs_at(d_y_row + first * 8)) * unpack_pair(pairs_at(gamma_row + first * 8));
    if (has_dropout != 0)
        g *= dropout2(seed[0], dropout_stream, 0, row, first + gl_SubgroupInvocationID, dropout_threshold, dropout_scale);
    return g;
}

void backward_row(uint row)
{
    uint64_t offset = uint64_t(row) * row_pairs * 8;
    uint64_t x_row = packUint2x32(uvec2(x_address_low, x_address_high)) + offset;
    uint64_t d_y_row = packUint2x32(uvec2(d_y_address_low, d_y_address_high)) + offset;
    uint64_t gamma_row = packUint2x32(uvec2(gamma_address_low, gamma_address_high));
    vec2 mean_rstd = stats[2 * row].xy;
    vec2 sums = vec2(0.0);
    vec2 products = vec2(0.0);
    for (uint next = 0; next < row_pairs; next += lanes) {
        Part part = part_at(next);
        vec2 g = scaled_gradient(d_y_row, gamma_row, row, part.first); // padding of gamma is zero
        vec2 p = g * (unpack_pair(pairs_at(x_row + part.first * 8)) - mean_rstd.x);
        sums += part.is_own ? g : vec2(0.0);
        products += part.is_own ? p : vec2(0.0);
    }
    float mean_g = subgroupAdd(sums.x + sums.y) / float(cols);
    float mean_gn = subgroupAdd(products.x + products.y) * mean_rstd.y / float(cols);
    for (uint next = 0; next < row_pairs; next += lanes) {
        Part part = part_at(next);
        uint pair = part.first + gl_SubgroupInvocationID;
        vec2 n = (unpack_pair(pairs_at(x_row + part.first * 8)) - mean_rstd.x) * mean_rstd.y;
        vec2 v = mean_rstd.y * (scaled_gradient(d_y_row, gamma_row, row, part.first) - mean_g - n * mean_gn);
        v = mix(vec2(0.0), v, lessThan(uvec2(2 * pair, 2 * pair + 1), uvec2(cols)));
        uint at = row * row_pairs + pair;
        if (accumulates != 0)
            v += unpack_pair(d_x[at]);
        if (part.is_own)
            d_x[at] = pack_pair(v);
    }
}

void main()
{
    uint first = workgroup_in_line() * tile_rows;
    if (first >= rows)
        return;
    for (uint row = first; row < min(first + tile_rows, rows); ++row)
        backward_row(min(row, rows - 1)); // a CPU driver runs the body once more, with all lanes off
}
