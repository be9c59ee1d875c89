// SPDX-License-Identifier: Apache-2.0
// variants: f32 f16 f16_widen
// y[i] = x[indices[i]] for the rows of x that this part holds, [first, first + part_rows); with writes_zeros, zeros for
// all others. f16_widen reads f16 and writes f32.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "lib/storage.glsl"
#include "lib/elements.glsl"

#ifdef VARIANT_widen
#define y_elem4 vec4
#define y_store4(v) (v)
#else
#define y_elem4 elem4
#define y_store4 store4
#endif

layout(binding = 0) readonly buffer X { elem4 x[]; };           // (part_rows, cols), in rows or panels
layout(binding = 1) readonly buffer Indices { int indices[]; }; // (count, 1)
layout(binding = 2) writeonly buffer Y { y_elem4 y[]; };        // (count, cols)
layout(push_constant) uniform Push
{
    uint rows;
    uint groups;
    uint x_row_step; // in groups of four
    uint x_group_step;
    uint first;
    uint part_rows;
    uint writes_zeros;
};

void main()
{
    uint row = element_row();
    uint group = element_group();
    if (row >= rows || group >= groups)
        return;
    uint from = uint(indices[row]) - first; // an index before the part, or -1, becomes huge
    if (from < part_rows)
        y[row * groups + group] = y_store4(load4(x[from * x_row_step + group * x_group_step]));
    else if (writes_zeros != 0)
        y[row * groups + group] = y_store4(vec4(0.0));
}
