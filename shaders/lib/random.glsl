// SPDX-License-Identifier: Apache-2.0
// Counter-based random bits: Philox4x32 with 7 rounds (Salmon et al., 2011), the same stream as src/base/random.c.
// Nothing is stored: a number is a function of where it is used, and backward computes it again.
//   seed    the four words of the `random` buffer: seed low, seed high, pass, 0
//   stream  of the op, below 65536;  plane  of the op's output (a head; else 0), below 65536
//   row, group  the four elements (row, 4 * group ... 4 * group + 3)
#ifndef TUFF_RANDOM_GLSL
#define TUFF_RANDOM_GLSL

uvec4 philox_round(uvec4 counter, uvec2 key)
{
    uint high0, low0, high1, low1;
    umulExtended(0xD2511F53u, counter.x, high0, low0);
    umulExtended(0xCD9E8D57u, counter.z, high1, low1);
    return uvec4(high1 ^ counter.y ^ key.x, low1, high0 ^ counter.w ^ key.y, low0);
}

uvec4 random4(uvec4 seed, uint stream, uint plane, uint row, uint group)
{
    const uvec2 weyl = uvec2(0x9E3779B9u, 0xBB67AE85u);
    uvec4 c = uvec4(group, row, stream << 16 | plane, seed.z);
    c = philox_round(c, seed.xy);
    c = philox_round(c, seed.xy + weyl);
    c = philox_round(c, seed.xy + weyl * 2u);
    c = philox_round(c, seed.xy + weyl * 3u);
    c = philox_round(c, seed.xy + weyl * 4u);
    c = philox_round(c, seed.xy + weyl * 5u);
    return philox_round(c, seed.xy + weyl * 6u);
}

// What dropout multiplies four elements with: 0, or `scale` = 1 / (1 - probability). `threshold` is probability * 2^32
// (tuff_dropout_threshold): an element survives where its bits are at or above it.
vec4 dropout4(uvec4 seed, uint stream, uint plane, uint row, uint group, uint threshold, float scale)
{
    uvec4 bits = random4(seed, stream, plane, row, group);
    return mix(vec4(0.0), vec4(scale), greaterThanEqual(bits, uvec4(threshold)));
}

#endif
