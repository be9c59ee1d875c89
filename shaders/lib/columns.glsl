// SPDX-License-Identifier: Apache-2.0
// Sums down the columns. A workgroup takes column_lanes groups of four columns; its row_lanes share the rows, each adding
// every row_lanes-th one, and column_total adds up theirs in a fixed order: the same bits in every run. One row lane
// needs no barrier, which suits CPU drivers.
#ifndef TUFF_COLUMNS_GLSL
#define TUFF_COLUMNS_GLSL

layout(constant_id = 0) const uint workgroup_size = 64;
layout(constant_id = 1) const uint row_lanes = 1;
layout(local_size_x_id = 0, local_size_y = 1, local_size_z = 1) in;

const uint column_lanes = workgroup_size / row_lanes;

shared vec4 column_values[workgroup_size];

uint row_lane() { return gl_LocalInvocationIndex / column_lanes; }
uint column_group() { return gl_WorkGroupID.x * column_lanes + gl_LocalInvocationIndex % column_lanes; }

// The sum over the row lanes, right in row lane 0; called by every invocation.
vec4 column_total(vec4 v)
{
    if (row_lanes == 1)
        return v;
    uint at = gl_LocalInvocationIndex;
    barrier(); // the values of the call before have been read
    column_values[at] = v;
    barrier();
    if (row_lane() == 0)
        for (uint i = 1; i < row_lanes; i++)
            v += column_values[at + i * column_lanes];
    return v;
}

#endif
