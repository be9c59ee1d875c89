// SPDX-License-Identifier: Apache-2.0
// variants: f32 f16 f32_subgroup f16_subgroup
// y = dropout((x - mean) * rstd * gamma + beta), one row a team; keeps mean and rstd for backward where asked to.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "lib/storage.glsl"
#include "lib/normalize.glsl"
#include "lib/random.glsl"

layout(binding = 0) readonly buffer X { elem4 x[]; };         // (rows, cols)
layout(binding = 1) readonly buffer Gamma { vec4 gamma[]; };  // (1, cols)
layout(binding = 2) readonly buffer Beta { vec4 beta[]; };    // (1, cols)
layout(binding = 3) readonly buffer Seed { uvec4 seed[]; };   // (1, 4), read where dropout_threshold > 0
layout(binding = 4) writeonly buffer Y { elem4 y[]; };        // (rows, cols)
layout(binding = 5) writeonly buffer Stats { vec4 stats[]; }; // (rows, 2) mean, rstd; written where keeps_stats
layout(push_constant) uniform Push
{
    uint rows;
    uint cols;
    uint groups; // of four columns, padding included
    uint keeps_stats;
    float epsilon;
    uint dropout_stream;
    uint dropout_threshold;
    float dropout_scale;
};

vec4 source4(uint row, uint group) { return load4(x[row * groups + group]); }

void normalize_row(uint row)
{
    vec2 mean_rstd = row_statistics(row, cols, groups, epsilon);
    if (row == NO_ROW)
        return;
    for (uint g = lane; g < groups; g += lane_count) {
        vec4 v = (source4(row, g) - mean_rstd.x) * mean_rstd.y * gamma[g] + beta[g];
        if (dropout_threshold > 0)
            v *= dropout4(seed[0], dropout_stream, 0, row, g, dropout_threshold, dropout_scale);
        y[row * groups + g] = store4(v);
    }
    if (keeps_stats != 0 && lane == 0) {
        stats[2 * row] = vec4(mean_rstd, 0.0, 0.0);
        stats[2 * row + 1] = vec4(0.0);
    }
}

void main()
{
    teams_begin();
    for (uint turn = 0; turn < rows_per_workgroup; turn += team_count)
        normalize_row(team_row(turn, rows));
}
