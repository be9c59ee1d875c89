// SPDX-License-Identifier: Apache-2.0
// Counter-based random bits: Threefry2x32 with 13 rounds (Salmon et al., 2011), the same stream as src/base/random.c; sums,
// rotations and exclusive ors alone, which CPU drivers do sixteen at a time, where wide products are dear. Nothing is stored:
// a number is a function of where it is used, and backward computes it again.
//   seed    the four words of the `random` buffer: seed low, seed high, pass, 0
//   stream  of the op, below 65536;  plane  of the op's output (a head; else 0), below 65536
//   row, pair  the elements (row, 2 * pair) and (row, 2 * pair + 1)
#ifndef TUFF_RANDOM_GLSL
#define TUFF_RANDOM_GLSL

#define THREEFRY_ROUND(x, turn)                          \
    x.x += x.y;                                          \
    x.y = (x.y << (turn) | x.y >> (32 - (turn))) ^ x.x;

uvec2 threefry(uvec2 key, uvec2 counter)
{
    uint parity = key.x ^ key.y ^ 0x1BD11BDAu;
    uvec2 x = counter + key;
    THREEFRY_ROUND(x, 13) THREEFRY_ROUND(x, 15) THREEFRY_ROUND(x, 26) THREEFRY_ROUND(x, 6)
    x += uvec2(key.y, parity + 1u);
    THREEFRY_ROUND(x, 17) THREEFRY_ROUND(x, 29) THREEFRY_ROUND(x, 16) THREEFRY_ROUND(x, 24)
    x += uvec2(parity, key.x + 2u);
    THREEFRY_ROUND(x, 13) THREEFRY_ROUND(x, 15) THREEFRY_ROUND(x, 26) THREEFRY_ROUND(x, 6)
    x += uvec2(key.x, key.y + 3u);
    THREEFRY_ROUND(x, 17)
    return x;
}

// Odd factors keep the keys of one seed apart, and those of neighbouring seeds.
uvec2 random_key(uvec4 seed, uint stream, uint plane)
{
    return seed.xy ^ uvec2((stream << 16 | plane) * 0x9E3779B9u, seed.z * 0xBB67AE85u);
}

// Of the elements (row, 4 * group) to (row, 4 * group + 3).
uvec4 random4(uvec4 seed, uint stream, uint plane, uint row, uint group)
{
    uvec2 key = random_key(seed, stream, plane);
    return uvec4(threefry(key, uvec2(2 * group, row)), threefry(key, uvec2(2 * group + 1, row)));
}

// What dropout multiplies four elements with: 0, or `scale` = 1 / (1 - probability). `threshold` is probability * 2^32
// (tuff_dropout_threshold): an element survives where its bits are at or above it.
vec4 dropout4(uvec4 seed, uint stream, uint plane, uint row, uint group, uint threshold, float scale)
{
    uvec4 bits = random4(seed, stream, plane, row, group);
    return mix(vec4(0.0), vec4(scale), greaterThanEqual(bits, uvec4(threshold)));
}

// The same of two elements, and of one.
vec2 dropout2(uvec4 seed, uint stream, uint plane, uint row, uint pair, uint threshold, float scale)
{
    uvec2 bits = threefry(random_key(seed, stream, plane), uvec2(pair, row));
    return mix(vec2(0.0), vec2(scale), greaterThanEqual(bits, uvec2(threshold)));
}

float dropout1(uvec4 seed, uint stream, uint plane, uint row, uint col, uint threshold, float scale)
{
    uvec2 bits = threefry(random_key(seed, stream, plane), uvec2(col / 2, row));
    return ((col & 1u) != 0 ? bits.y : bits.x) >= threshold ? scale : 0.0;
}

// What of it does not change from one element to the next: loops that CPUs run read it before (see lib/attention.glsl).
struct Dropout {
    uvec4 seed;
    uint stream;
    uint threshold;
    float scale;
};

vec4 dropout4(Dropout by, uint plane, uint row, uint group)
{
    return dropout4(by.seed, by.stream, plane, row, group, by.threshold, by.scale);
}

float dropout1(Dropout by, uint plane, uint row, uint col)
{
    return dropout1(by.seed, by.stream, plane, row, col, by.threshold, by.scale);
}

#endif
