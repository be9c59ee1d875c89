/* SPDX-License-Identifier: Apache-2.0 */
#include "support/sha256.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* The first 32 bits of the fraction of a root of a prime: the standard's constants. */
static uint32_t fraction(long double root) {
    return (uint32_t)((root - floorl(root)) * 4294967296.0L);
}

static void make_constants(uint32_t state[8], uint32_t round[64]) {
    unsigned count = 0;
    for (unsigned candidate = 2; count < 64; candidate++) {
        unsigned divisor = 2;
        while (divisor < candidate && candidate % divisor != 0)
            divisor++;
        if (divisor < candidate)
            continue;
        if (count < 8)
            state[count] = fraction(sqrtl(candidate));
        round[count++] = fraction(cbrtl(candidate));
    }
}

static uint32_t rotate(uint32_t x, unsigned n) {
    return x >> n | x << (32 - n);
}

static void add_block(uint32_t state[8], const uint32_t round[64], const unsigned char *block) {
    uint32_t w[64];
    for (size_t i = 0; i < 16; i++)
        w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
               (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
    for (size_t i = 16; i < 64; i++) {
        const uint32_t a = w[i - 15];
        const uint32_t b = w[i - 2];
        w[i] = w[i - 16] + (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) + w[i - 7] +
               (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
    }
    uint32_t s[8];
    memcpy(s, state, sizeof s);
    for (size_t i = 0; i < 64; i++) {
        const uint32_t t1 = s[7] + (rotate(s[4], 6) ^ rotate(s[4], 11) ^ rotate(s[4], 25)) +
                            ((s[4] & s[5]) ^ (~s[4] & s[6])) + round[i] + w[i];
        const uint32_t t2 = (rotate(s[0], 2) ^ rotate(s[0], 13) ^ rotate(s[0], 22)) +
                            ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
        memmove(s + 1, s, 7 * sizeof *s);
        s[4] += t1;
        s[0] = t1 + t2;
    }
    for (size_t i = 0; i < 8; i++)
        state[i] += s[i];
}

void test_sha256(const void *data, size_t size, char out_digits[65]) {
    uint32_t state[8];
    uint32_t round[64];
    make_constants(state, round);
    const unsigned char *bytes = data;
    size_t at = 0;
    for (; at + 64 <= size; at += 64)
        add_block(state, round, bytes + at);
    unsigned char last[128] = { 0 };
    const size_t rest = size - at;
    const size_t length = rest < 56 ? 64 : 128;
    if (rest > 0)
        memcpy(last, bytes + at, rest);
    last[rest] = 0x80;
    for (size_t i = 0; i < 8; i++)
        last[length - 1 - i] = (unsigned char)((uint64_t)size * 8 >> 8 * i);
    for (size_t i = 0; i < length; i += 64)
        add_block(state, round, last + i);
    for (size_t i = 0; i < 8; i++)
        snprintf(out_digits + 8 * i, 9, "%08x", state[i]);
}
