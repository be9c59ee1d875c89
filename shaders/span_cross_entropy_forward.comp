// SPDX-License-Identifier: Apache-2.0
// variants: f32 f32_subgroup
// For each span of rows two cross entropies over its rows: of the start logits (column 0) with the start label and of
// the end logits (column 1) with the end label; a label outside the span does not count. One span a team.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "lib/reduce.glsl"

layout(binding = 0) readonly buffer X { vec4 x[]; };            // (rows, 2)
layout(binding = 1) readonly buffer Spans { ivec4 spans[]; };   // (count, 4): first row, rows, start label, end label
layout(binding = 2) writeonly buffer Losses { vec4 losses[]; }; // (count, 8): loss, weight of start and of end; then
                                                                // maximum, lse - maximum of start and of end
layout(push_constant) uniform Push
{
    uint count;
};

vec2 logits(uint row) { return x[2 * row].xy; }

void main()
{
    teams_begin();
    for (uint turn = 0; turn < rows_per_workgroup; turn += team_count) {
        uint at = team_row(turn, count);
        ivec4 span = at == NO_ROW ? ivec4(0) : spans[at];
        uint first = uint(span.x);
        uint rows = uint(span.y);
        vec2 maximum = vec2(LOWEST);
        for (uint i = lane; i < rows; i += lane_count)
            maximum = max(maximum, logits(first + i));
        maximum = vec2(team_max(maximum.x), team_max(maximum.y));
        vec2 sum = vec2(0.0);
        for (uint i = lane; i < rows; i += lane_count)
            sum += exp(logits(first + i) - maximum);
        vec2 lse = log(vec2(team_sum(sum.x), team_sum(sum.y)));
        if (at == NO_ROW || lane != 0)
            continue;
        bvec2 counts = lessThan(uvec2(span.zw), uvec2(rows));
        vec2 at_label = vec2(counts.x ? logits(first + uint(span.z)).x : 0.0, counts.y ? logits(first + uint(span.w)).y : 0.0);
        vec2 loss = mix(vec2(0.0), lse - (at_label - maximum), counts);
        losses[2 * at] = vec4(loss.x, float(counts.x), loss.y, float(counts.y));
        losses[2 * at + 1] = vec4(maximum.x, lse.x, maximum.y, lse.y);
    }
}
