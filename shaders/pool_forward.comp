// SPDX-License-Identifier: Apache-2.0
// variants: f32 f16 f32_subgroup f16_subgroup
// y[s] = mean, first or maximum of the span's rows of x, zeros for an empty span; with `normalizes` y / max(|y|, 1e-12).
// One span a team; each lane takes columns of its own.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "lib/storage.glsl"
#include "lib/reduce.glsl"

layout(binding = 0) readonly buffer X { elem4 x[]; };         // (rows, cols)
layout(binding = 1) readonly buffer Spans { ivec4 spans[]; }; // (count, 4): first row, rows, 0, 0
layout(binding = 2) buffer Y { vec4 y[]; };                   // (count, cols)
layout(binding = 3) writeonly buffer Norms { vec4 norms[]; }; // (count, 1): |y|; written where keeps_norms
layout(push_constant) uniform Push
{
    uint count;
    uint cols;
    uint groups;
    uint kind; // enum tuff_pool_kind
    uint normalizes;
    uint keeps_norms;
};

const uint MEAN = 0;
const uint CLS = 1;
const uint MAX = 2;

vec4 pooled4(ivec4 span, uint group)
{
    uint first = uint(span.x) * groups + group;
    if (span.y == 0)
        return vec4(0.0);
    vec4 v = load4(x[first]);
    if (kind == CLS)
        return v;
    for (uint i = 1; i < uint(span.y); i++) {
        vec4 next = load4(x[first + i * groups]);
        v = kind == MEAN ? v + next : max(v, next);
    }
    return kind == MEAN ? v / float(span.y) : v;
}

void pool_span(uint row)
{
    uint first = row == NO_ROW ? groups : lane;
    ivec4 span = row == NO_ROW ? ivec4(0) : spans[row];
    vec4 squares = vec4(0.0);
    for (uint g = first; g < groups; g += lane_count) {
        vec4 v = pooled4(span, g);
        squares += v * v;
        y[row * groups + g] = v;
    }
    if (normalizes == 0)
        return;
    float norm = sqrt(team_sum(sum4(squares)));
    for (uint g = first; g < groups; g += lane_count)
        y[row * groups + g] /= max(norm, 1e-12); // each lane reads what it wrote
    if (keeps_norms != 0 && row != NO_ROW && lane == 0) {
        norms[2 * row] = vec4(norm, 0.0, 0.0, 0.0);
        norms[2 * row + 1] = vec4(0.0);
    }
}

void main()
{
    teams_begin();
    for (uint turn = 0; turn < rows_per_workgroup; turn += team_count)
        pool_span(team_row(turn, count));
}
