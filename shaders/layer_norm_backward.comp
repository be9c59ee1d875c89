// SPDX-License-Identifier: Apache-2.0
// variants: f32 f16 f32_subgroup f16_subgroup
// With g = d_y * gamma and n = (x - mean) * rstd, per row:
//     d_x = rstd * (g - mean(g) - n * mean(g * n))
// One row a team.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "lib/storage.glsl"
#include "lib/reduce.glsl"
#include "lib/random.glsl"

layout(binding = 0) readonly buffer X { elem4 x[]; };        // (rows, cols)
layout(binding = 1) readonly buffer Gamma { vec4 gamma[]; }; // (1, cols)
layout(binding = 2) readonly buffer Stats { vec4 stats[]; }; // (rows, 2) mean, rstd
layout(binding = 3) readonly buffer DY { elem4 d_y[]; };     // (rows, cols)
layout(binding = 4) readonly buffer Seed { uvec4 seed[]; };  // (1, 4), read where dropout_threshold > 0
layout(binding = 5) buffer DX { elem4 d_x[]; };              // (rows, cols)
layout(push_constant) uniform Push
{
    uint rows;
    uint cols;
    uint groups;
    uint accumulates;
    uint dropout_stream;
    uint dropout_threshold;
    float dropout_scale;
};

vec4 scaled_gradient4(uint row, uint group)
{
    vec4 g = load4(d_y[row * groups + group]) * gamma[group];
    if (dropout_threshold > 0)
        g *= dropout4(seed[0], dropout_stream, 0, row, group, dropout_threshold, dropout_scale);
    return g;
}

void backward_row(uint row)
{
    uint first = row == NO_ROW ? groups : lane;
    vec2 mean_rstd = row == NO_ROW ? vec2(0.0) : stats[2 * row].xy;
    vec4 sums = vec4(0.0);
    vec4 products = vec4(0.0);
    for (uint i = first; i < groups; i += lane_count) {
        vec4 g = scaled_gradient4(row, i); // padding of gamma is zero
        sums += g;
        products += g * (load4(x[row * groups + i]) - mean_rstd.x);
    }
    float mean_g = team_sum(sum4(sums)) / float(cols);
    float mean_gn = team_sum(sum4(products)) * mean_rstd.y / float(cols);
    for (uint i = first; i < groups; i += lane_count) {
        vec4 n = (load4(x[row * groups + i]) - mean_rstd.x) * mean_rstd.y;
        vec4 v = mean_rstd.y * (scaled_gradient4(row, i) - mean_g - n * mean_gn);
        v = inside(v, 0.0, i, cols);
        if (accumulates != 0)
            v += load4(d_x[row * groups + i]);
        d_x[row * groups + i] = store_gradient4(v);
    }
}

void main()
{
    teams_begin();
    for (uint turn = 0; turn < rows_per_workgroup; turn += team_count)
        backward_row(team_row(turn, rows));
}
