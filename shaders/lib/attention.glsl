// SPDX-License-Identifier: Apache-2.0
// What the attention kernels share. qkv is (rows, 3 * head_count * head_stride): queries of all heads, keys, values.
// Scores are in units of log2, so that exp2 takes them as they are.
//
// Rows whose address is the same in all invocations are read through ROW_AT (where it begins) and ROW4 (its element
// group d), pairs of floats through PAIR, after FIND of their buffer. A CPU driver makes scalar loads of them; there the
// variant `address` goes through buffer references, which spares the driver a branch for the bound of each component and
// is three times as fast. Such a branch, also that of a push constant, ends what the driver's compiler sees at once:
// products before it wait in memory for the sums behind it. Loops therefore read push constants before, or at their top.
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

// Of an element that is read for nothing but to have its line in the cache.
uint some_bits(vec4 v) { return floatBitsToUint(v.x); }
uint some_bits(uvec2 v) { return v.x; }

#ifdef VARIANT_address
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_buffer_reference_uvec2 : require
layout(buffer_reference, std430, buffer_reference_align = 8) readonly buffer Elements { elem4 at[]; };
layout(buffer_reference, std430, buffer_reference_align = 8) readonly buffer Pair { vec2 of; };
#define Row Elements
#define FIND(buffer_name) const uvec2 buffer_name##_base = uvec2(buffer_name##_low, buffer_name##_high)
#define ROW_AT(buffer_name, index) Elements(address_at(buffer_name##_base, (index) * ELEM4_SIZE))
#define ROW4(buffer_name, row, d) load4(row.at[d])
#define PAIR(buffer_name, index) Pair(address_at(buffer_name##_base, (index) * 8)).of
// By halves: of a sum of 64 bits the driver's compiler makes a base and an index in each product's operand, which
// processors split into two operations.
uvec2 address_at(uvec2 base, uint offset)
{
    uint carry;
    uint low = uaddCarry(base.x, offset, carry);
    return uvec2(low, base.y + carry);
}
#else
#define Row uint
#define FIND(buffer_name)
#define ROW_AT(buffer_name, index) (index)
#define ROW4(buffer_name, row, d) load4(buffer_name[row + d])
#define PAIR(buffer_name, index) buffer_name[index]
#endif

#endif
