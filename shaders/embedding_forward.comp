// SPDX-License-Identifier: Apache-2.0
// variants: f32 f16 f32_subgroup f16_subgroup
// y = layer_norm(word[id] + position[p] + type[t]), one row a team. Inference alone: training keeps the sum
// (embedding_sum) and runs layer_norm on it.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "lib/storage.glsl"
#include "lib/normalize.glsl"

layout(binding = 0) readonly buffer Word { elem4 word[]; };         // (vocabulary, cols), in rows or panels
layout(binding = 1) readonly buffer Position { elem4 position[]; }; // (positions, cols)
layout(binding = 2) readonly buffer Type { elem4 type[]; };         // (types, cols)
layout(binding = 3) readonly buffer Gamma { vec4 gamma[]; };        // (1, cols)
layout(binding = 4) readonly buffer Beta { vec4 beta[]; };          // (1, cols)
layout(binding = 5) readonly buffer Tokens { ivec4 tokens[]; };     // (rows, 4): word, position, type, 0
layout(binding = 6) writeonly buffer Y { elem4 y[]; };              // (rows, cols)
layout(push_constant) uniform Push
{
    uint rows;
    uint cols;
    uint groups;
    uint word_row_step;   // from one row of `word` to the next, in groups of four
    uint word_group_step; // from one group of columns to the next
    uint word_is_row;     // `word` has been gathered: its row is the row of the token
    float epsilon;
};

uvec3 rows_of_tables; // of the row that the team works on

void look_up(uint row)
{
    if (row == NO_ROW)
        return;
    rows_of_tables = uvec3(tokens[row].xyz);
    if (word_is_row != 0)
        rows_of_tables.x = row;
}

vec4 source4(uint row, uint group)
{
    return load4(word[rows_of_tables.x * word_row_step + group * word_group_step]) +
           load4(position[rows_of_tables.y * groups + group]) + load4(type[rows_of_tables.z * groups + group]);
}

void main()
{
    teams_begin();
    for (uint turn = 0; turn < rows_per_workgroup; turn += team_count) {
        uint row = team_row(turn, rows);
        look_up(row);
        vec2 mean_rstd = row_statistics(row, cols, groups, epsilon);
        for (uint g = row == NO_ROW ? groups : lane; g < groups; g += lane_count) {
            vec4 v = (source4(row, g) - mean_rstd.x) * mean_rstd.y * gamma[g] + beta[g];
            y[row * groups + g] = store4(v);
        }
    }
}
