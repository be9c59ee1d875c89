/* SPDX-License-Identifier: Apache-2.0 */
#include "base/half.h"

#include <string.h>

static float from_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint32_t to_bits(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

float tuff_half_to_float(uint16_t half) {
    uint32_t sign = (uint32_t)(half & 0x8000u) << 16;
    uint32_t exponent = (half >> 10) & 0x1fu;
    uint32_t mantissa = half & 0x3ffu;
    if (exponent == 0x1f)
        return from_bits(sign | 0x7f800000u | mantissa << 13);
    if (exponent != 0)
        return from_bits(sign | (exponent + 112) << 23 | mantissa << 13);
    /* Subnormal: mantissa * 2^-24, exact in binary32. */
    float magnitude = (float)mantissa * 0x1p-24f;
    return sign ? -magnitude : magnitude;
}

/* v / 2^shift, to nearest, ties to even. */
static uint32_t round_shift(uint32_t v, uint32_t shift) {
    uint32_t half_way = 1u << (shift - 1);
    uint32_t rest = v & ((1u << shift) - 1);
    uint32_t result = v >> shift;
    return result + (rest > half_way || (rest == half_way && (result & 1u)) ? 1u : 0u);
}

uint16_t tuff_half_from_float(float value) {
    uint32_t bits = to_bits(value);
    uint16_t sign = (uint16_t)(bits >> 16 & 0x8000u);
    uint32_t magnitude = bits & 0x7fffffffu;
    if (magnitude > 0x7f800000u)
        return (uint16_t)(sign | 0x7e00u);
    if (magnitude >= 0x477ff000u) /* rounds to 65536 or more */
        return (uint16_t)(sign | 0x7c00u);
    if (magnitude >= 0x38800000u) /* normal: the carry of rounding may run into the exponent, as it must */
        return (uint16_t)(sign | round_shift(magnitude - 0x38000000u, 13));
    if (magnitude < 0x33000000u) /* below half of the smallest subnormal */
        return sign;
    uint32_t exponent = magnitude >> 23;
    return (uint16_t)(sign | round_shift((magnitude & 0x7fffffu) | 0x800000u, 126 - exponent));
}

float tuff_bfloat16_to_float(uint16_t bfloat16) {
    return from_bits((uint32_t)bfloat16 << 16);
}

uint16_t tuff_bfloat16_from_float(float value) {
    uint32_t bits = to_bits(value);
    if ((bits & 0x7fffffffu) > 0x7f800000u)
        return (uint16_t)(bits >> 16 | 0x40u);
    return (uint16_t)round_shift(bits, 16);
}

/* No branch, so that compilers use vectors: the product with 2^112 moves the exponent's bias and makes subnormal
 * halves normal, exactly. */
void tuff_halves_to_floats(const void *from, size_t count, float *out_values) {
    const unsigned char *bytes = from;
    for (size_t i = 0; i < count; i++) {
        uint16_t half;
        memcpy(&half, bytes + 2 * i, sizeof half);
        uint32_t magnitude = (uint32_t)(half & 0x7fffu) << 13;
        uint32_t not_finite = (half & 0x7c00u) == 0x7c00u ? 0x7f800000u : 0;
        uint32_t sign = (uint32_t)(half & 0x8000u) << 16;
        out_values[i] = from_bits(to_bits(from_bits(magnitude) * 0x1p112f) | not_finite | sign);
    }
}

void tuff_bfloat16s_to_floats(const void *from, size_t count, float *out_values) {
    const unsigned char *bytes = from;
    for (size_t i = 0; i < count; i++) {
        uint16_t bfloat16;
        memcpy(&bfloat16, bytes + 2 * i, sizeof bfloat16);
        out_values[i] = from_bits((uint32_t)bfloat16 << 16);
    }
}
