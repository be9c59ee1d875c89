// SPDX-License-Identifier: Apache-2.0
// Activations to BLOCKS, for CPU drivers: sixteen columns of a row side by side, the next row's behind them. A lane moves two
// neighbouring columns at once, since the driver stores element by element; so a block's row is eight pairs, and a subgroup of
// sixteen takes two rows. The kernel has the constant `lanes`, the size of a subgroup: 4, 8 or 16.
#ifndef TUFF_PAIRS_GLSL
#define TUFF_PAIRS_GLSL

layout(buffer_reference, std430, buffer_reference_align = 16) readonly buffer Pairs { uint64_t of[8]; };

const uint pairs = 8; // of a block's row
const uint step_rows = lanes > pairs ? lanes / pairs : 1;  // that a subgroup takes at once
const uint step_parts = lanes < pairs ? pairs / lanes : 1; // in which it takes a row

// Of the rows from `row` on, at most `last`: pair first + lane % pairs of the sixteen columns at `from` in row 0.
uint64_t pair_at(uint64_t from, uint64_t pitch, uint row, uint last, uint first)
{
    uint64_t pair = 0;
    [[unroll]] for (uint i = 0; i < lanes; ++i) {
        uint64_t v = Pairs(from + min(row + i / pairs, last) * pitch).of[first + i % pairs];
        pair = gl_SubgroupInvocationID == i ? v : pair;
    }
    return pair;
}

// `lanes` pairs that lie side by side, as of rows of eight without a gap.
uint64_t pairs_at(uint64_t from) { return pair_at(from, pairs * 8, 0, 1, 0); }

// By shifts: from unpackUint2x32 of sixteen lanes Mesa's llvmpipe writes beyond an array of its own.
vec2 unpack_pair(uint64_t pair) { return uintBitsToFloat(uvec2(uint(pair & 0xFFFFFFFFul), uint(pair >> 32))); }
uint64_t pack_pair(vec2 v) { return uint64_t(floatBitsToUint(v.x)) | uint64_t(floatBitsToUint(v.y)) << 32; }

#endif
