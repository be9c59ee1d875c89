// SPDX-License-Identifier: Apache-2.0
// What the attention kernels share. qkv is (rows, 3 * head_count * head_stride): queries of all heads, keys, values.
// Scores are in units of log2, so that exp2 takes them as they are.
//
// Rows whose address is the same in all invocations are read through ROW_AT (where it begins) and ROW4 (its element
// group d). A CPU driver makes scalar loads of them; there the variant `address` goes through buffer references, which
// spares the driver a branch for the bound of each component and is three times as fast.
#ifndef TUFF_ATTENTION_GLSL
#define TUFF_ATTENTION_GLSL

#include "lib/storage.glsl"

#ifdef VARIANT_f16
#define ELEM4_SIZE 8u
#else
#define ELEM4_SIZE 16u
#endif

#define LOG2_E 1.4426950408889634
#define LN_2 0.6931471805599453
// Below every score, and finite: differences of two never make NaN.
#define LOWEST -1e30

#ifdef VARIANT_address
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_buffer_reference_uvec2 : require
layout(buffer_reference, std430, buffer_reference_align = 8) readonly buffer Elements { elem4 at[]; };
#define Row Elements
#define ROW_AT(buffer_name, index) row_at(uvec2(buffer_name##_low, buffer_name##_high), index)
#define ROW4(buffer_name, row, d) load4(row.at[d])
Elements row_at(uvec2 base, uint index)
{
    uint carry;
    uint low = uaddCarry(base.x, index * ELEM4_SIZE, carry);
    return Elements(uvec2(low, base.y + carry));
}
#else
#define Row uint
#define ROW_AT(buffer_name, index) (index)
#define ROW4(buffer_name, row, d) load4(buffer_name[row + d])
#endif

#endif
