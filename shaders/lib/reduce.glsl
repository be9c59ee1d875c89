// SPDX-License-Identifier: Apache-2.0
// Teams: the invocations of a workgroup that work on one row together, and their sums and maxima.
//   variant `subgroup`   a team is a subgroup, whatever its size and however many of its lanes are there; no barrier
//   else                 team_size (a power of two) consecutive invocations, through shared memory; a team of one needs
//                        no barrier, which suits CPU drivers
// A workgroup holds team_count teams and takes rows_per_workgroup rows. A kernel loops
//     for (uint turn = 0; turn < rows_per_workgroup; turn += team_count) { uint row = team_row(turn); ... }
// and calls team_sum and team_max from every invocation, rows past the end included: barriers need all of them.
#ifndef TUFF_REDUCE_GLSL
#define TUFF_REDUCE_GLSL

#include "lib/grid.glsl"

#ifdef VARIANT_subgroup
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_arithmetic : require
#endif

layout(constant_id = 0) const uint workgroup_size = 64;
layout(constant_id = 1) const uint team_size = 1;
layout(constant_id = 2) const uint rows_per_workgroup = 64;
layout(local_size_x_id = 0, local_size_y = 1, local_size_z = 1) in;

const uint NO_ROW = 0xffffffffu;
const float LOWEST = -3.402823466e38;

uint team;       // of this invocation, below team_count
uint team_count; // in the workgroup
uint lane;       // in the team, below lane_count
uint lane_count;

// The row of this team in this turn; NO_ROW past the end.
uint team_row(uint turn, uint rows)
{
    uint row = workgroup_in_line() * rows_per_workgroup + turn + team;
    return turn + team < rows_per_workgroup && row < rows ? row : NO_ROW;
}

#ifdef VARIANT_subgroup

void teams_begin()
{
    team = gl_SubgroupID;
    team_count = gl_NumSubgroups;
    // Counted rather than taken from gl_SubgroupSize: the last subgroup of a workgroup may lack lanes.
    lane = subgroupExclusiveAdd(1u);
    lane_count = subgroupAdd(1u);
}

float team_sum(float v) { return subgroupAdd(v); }
float team_max(float v) { return subgroupMax(v); }

#else

shared float team_values[workgroup_size];

void teams_begin()
{
    team = gl_LocalInvocationIndex / team_size;
    team_count = workgroup_size / team_size;
    lane = gl_LocalInvocationIndex % team_size;
    lane_count = team_size;
}

float team_sum(float v)
{
    if (team_size == 1)
        return v;
    uint at = gl_LocalInvocationIndex;
    barrier(); // the values of the call before have been read
    team_values[at] = v;
    barrier();
    for (uint reach = team_size / 2; reach > 0; reach /= 2) {
        if (lane < reach)
            team_values[at] += team_values[at + reach];
        barrier();
    }
    return team_values[at - lane];
}

float team_max(float v)
{
    if (team_size == 1)
        return v;
    uint at = gl_LocalInvocationIndex;
    barrier();
    team_values[at] = v;
    barrier();
    for (uint reach = team_size / 2; reach > 0; reach /= 2) {
        if (lane < reach)
            team_values[at] = max(team_values[at], team_values[at + reach]);
        barrier();
    }
    return team_values[at - lane];
}

#endif

float sum4(vec4 v) { return (v.x + v.y) + (v.z + v.w); }
float max4(vec4 v) { return max(max(v.x, v.y), max(v.z, v.w)); }

// v with `outside` in place of the columns of this group of four that only pad the row.
vec4 inside(vec4 v, float outside, uint group, uint cols)
{
    uvec4 col = uvec4(0, 1, 2, 3) + 4 * group;
    return mix(vec4(outside), v, lessThan(col, uvec4(cols)));
}

#endif
