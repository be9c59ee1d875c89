// SPDX-License-Identifier: Apache-2.0
// variants: f32 f16 f32_subgroup f16_subgroup
// Adds to d_x: d_p / rows to each row of the span (mean), d_p to its first row (cls) or to the first row that holds the
// maximum of its column (max). d_p is d_y, or (d_y - y * sum(y * d_y)) / max(|p|, 1e-12) where y was normalised; below
// that bound y is p / 1e-12 and the second term drops out. One span a team; spans do not overlap.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "lib/storage.glsl"
#include "lib/reduce.glsl"

layout(binding = 0) readonly buffer X { elem4 x[]; };         // (rows, cols)
layout(binding = 1) readonly buffer Spans { ivec4 spans[]; }; // (count, 4): first row, rows, 0, 0
layout(binding = 2) readonly buffer Y { vec4 y[]; };          // (count, cols)
layout(binding = 3) readonly buffer Norms { vec4 norms[]; };  // (count, 1), read where `normalizes`
layout(binding = 4) readonly buffer DY { vec4 d_y[]; };       // (count, cols)
layout(binding = 5) buffer DX { elem4 d_x[]; };               // (rows, cols)
layout(push_constant) uniform Push
{
    uint count;
    uint cols;
    uint groups;
    uint kind; // enum tuff_pool_kind
    uint normalizes;
};

const uint MEAN = 0;
const uint CLS = 1;
const uint MAX = 2;

void add4(uint at, vec4 v) { d_x[at] = store_gradient4(load4(d_x[at]) + v); }

void add_to_maxima(ivec4 span, uint group, vec4 d)
{
    vec4 highest = load4(x[uint(span.x) * groups + group]);
    uvec4 where = uvec4(0);
    for (uint i = 1; i < uint(span.y); i++) {
        vec4 v = load4(x[(uint(span.x) + i) * groups + group]);
        where = mix(where, uvec4(i), greaterThan(v, highest));
        highest = max(highest, v);
    }
    for (uint c = 0; c < 4; c++) // one after the other: they may lie in one row
        add4((uint(span.x) + where[c]) * groups + group, mix(vec4(0.0), d, equal(uvec4(c), uvec4(0, 1, 2, 3))));
}

void backward_span(uint row)
{
    uint first = row == NO_ROW ? groups : lane;
    ivec4 span = row == NO_ROW ? ivec4(0) : spans[row];
    float product = 0.0;
    float norm = 1.0;
    if (normalizes != 0) {
        vec4 sums = vec4(0.0);
        for (uint g = first; g < groups; g += lane_count)
            sums += y[row * groups + g] * d_y[row * groups + g];
        product = team_sum(sum4(sums));
        norm = row == NO_ROW ? 1.0 : norms[2 * row].x;
    }
    for (uint g = first; g < groups && span.y > 0; g += lane_count) {
        vec4 d = d_y[row * groups + g];
        if (normalizes != 0)
            d = (d - (norm > 1e-12 ? y[row * groups + g] * product : vec4(0.0))) / max(norm, 1e-12);
        d = inside(d, 0.0, g, cols);
        if (kind == MAX)
            add_to_maxima(span, g, d);
        else
            for (uint i = 0; i < (kind == MEAN ? uint(span.y) : 1); i++)
                add4((uint(span.x) + i) * groups + g, kind == MEAN ? d / float(span.y) : d);
    }
}

void main()
{
    teams_begin();
    for (uint turn = 0; turn < rows_per_workgroup; turn += team_count)
        backward_span(team_row(turn, count));
}
