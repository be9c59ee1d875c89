// SPDX-License-Identifier: Apache-2.0
// variants: f32 f16
// d_gamma = sum over rows of d_y * (x - mean) * rstd,  d_beta = sum over rows of d_y.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "lib/storage.glsl"
#include "lib/columns.glsl"
#include "lib/random.glsl"

layout(binding = 0) readonly buffer X { elem4 x[]; };        // (rows, cols)
layout(binding = 1) readonly buffer Stats { vec4 stats[]; }; // (rows, 2) mean, rstd
layout(binding = 2) readonly buffer DY { elem4 d_y[]; };     // (rows, cols)
layout(binding = 3) readonly buffer Seed { uvec4 seed[]; };  // (1, 4), read where dropout_threshold > 0
layout(binding = 4) buffer DGamma { vec4 d_gamma[]; };       // (1, cols)
layout(binding = 5) buffer DBeta { vec4 d_beta[]; };         // (1, cols)
layout(push_constant) uniform Push
{
    uint rows;
    uint groups;
    uint gamma_mode; // 0: not wanted, 1: stored, 2: added to
    uint beta_mode;
    uint dropout_stream;
    uint dropout_threshold;
    float dropout_scale;
};

void main()
{
    uint group = column_group();
    vec4 gamma_sum = vec4(0.0);
    vec4 beta_sum = vec4(0.0);
    for (uint row = row_lane(); row < rows && group < groups; row += row_lanes) {
        vec2 mean_rstd = stats[2 * row].xy;
        vec4 g = load4(d_y[row * groups + group]);
        if (dropout_threshold > 0)
            g *= dropout4(seed[0], dropout_stream, 0, row, group, dropout_threshold, dropout_scale);
        beta_sum += g;
        gamma_sum += g * (load4(x[row * groups + group]) - mean_rstd.x) * mean_rstd.y;
    }
    gamma_sum = column_total(gamma_sum);
    beta_sum = column_total(beta_sum);
    if (row_lane() != 0 || group >= groups)
        return;
    if (gamma_mode != 0)
        d_gamma[group] = gamma_sum + (gamma_mode == 2 ? d_gamma[group] : vec4(0.0));
    if (beta_mode != 0)
        d_beta[group] = beta_sum + (beta_mode == 2 ? d_beta[group] : vec4(0.0));
}
