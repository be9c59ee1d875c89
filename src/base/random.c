/* SPDX-License-Identifier: Apache-2.0 */
#include "base/random.h"

#include <math.h>

/* No op has so many planes: the host's numbers are never a kernel's. */
#define HOST_PLANE 0xFFFFu

enum { ROUNDS = 13 };

static uint32_t rotated(uint32_t x, uint32_t turn) {
    return x << turn | x >> (32 - turn);
}

static void threefry(const uint32_t key[2], uint32_t x[2]) {
    static const uint8_t turns[8] = { 13, 15, 26, 6, 17, 29, 16, 24 };
    const uint32_t keys[3] = { key[0], key[1], key[0] ^ key[1] ^ 0x1BD11BDAu };
    for (uint32_t round = 0; round < ROUNDS; round++) {
        if (round % 4 == 0) {
            x[0] += keys[round / 4 % 3];
            x[1] += keys[(round / 4 + 1) % 3] + round / 4;
        }
        x[0] += x[1];
        x[1] = rotated(x[1], turns[round % 8]) ^ x[0];
    }
}

/* As lib/random.glsl's random_key. */
static void make_key(uint32_t key[2], const struct tuff_seed *seed, uint32_t place) {
    key[0] = seed->words[0] ^ (place * 0x9E3779B9u);
    key[1] = seed->words[1] ^ (seed->words[2] * 0xBB67AE85u);
}

struct tuff_seed tuff_seed_make(uint64_t seed, uint32_t pass) {
    return (struct tuff_seed){ { (uint32_t)seed, (uint32_t)(seed >> 32), pass, 0 } };
}

void tuff_random2(const struct tuff_seed *seed, uint32_t stream, uint32_t plane, uint32_t row, uint32_t pair,
                  uint32_t out_bits[2]) {
    uint32_t key[2];
    make_key(key, seed, stream << 16 | plane);
    out_bits[0] = pair;
    out_bits[1] = row;
    threefry(key, out_bits);
}

uint32_t tuff_dropout_threshold(float probability) {
    const double threshold = (double)probability * 4294967296.0;
    return threshold >= 4294967295.0 ? UINT32_MAX : threshold > 0 ? (uint32_t)threshold : 0;
}

float tuff_dropout_scale(float probability) {
    return probability < 1.0f ? 1.0f / (1.0f - probability) : 0.0f;
}

double tuff_dropout_factor(const struct tuff_seed *seed, float probability, uint32_t stream, uint32_t plane,
                           uint32_t row, uint32_t col) {
    uint32_t bits[2];
    tuff_random2(seed, stream, plane, row, col / 2, bits);
    return bits[col % 2] >= tuff_dropout_threshold(probability) ? (double)tuff_dropout_scale(probability)
                                                                : 0.0;
}

uint32_t tuff_random_bits(struct tuff_random *random) {
    const struct tuff_seed seed = tuff_seed_make(random->seed, random->stream);
    const uint64_t pair = random->position / 2;
    uint32_t bits[2] = { (uint32_t)pair, (uint32_t)(pair >> 32) };
    uint32_t key[2];
    make_key(key, &seed, HOST_PLANE);
    threefry(key, bits);
    return bits[random->position++ % 2];
}

uint32_t tuff_random_below(struct tuff_random *random, uint32_t bound) {
    if (bound == 0)
        return 0;
    /* The lowest 2^32 mod bound values are drawn again: the rest divides evenly. */
    const uint32_t reject = (0u - bound) % bound;
    uint32_t bits = tuff_random_bits(random);
    while (bits < reject)
        bits = tuff_random_bits(random);
    return bits % bound;
}

double tuff_random_uniform(struct tuff_random *random) {
    const uint64_t high = tuff_random_bits(random);
    const uint64_t low = tuff_random_bits(random);
    return (double)((high << 32 | low) >> 11) * 0x1p-53;
}

double tuff_random_normal(struct tuff_random *random) {
    /* Box and Muller; 1 - uniform lies in (0, 1], where the logarithm is finite. */
    const double radius = sqrt(-2.0 * log(1.0 - tuff_random_uniform(random)));
    return radius * cos(6.283185307179586 * tuff_random_uniform(random));
}

void tuff_random_shuffle(struct tuff_random *random, uint32_t *indices, size_t count) {
    for (size_t i = count; i > 1; i--) {
        const size_t other = tuff_random_below(random, (uint32_t)i);
        const uint32_t kept = indices[i - 1];
        indices[i - 1] = indices[other];
        indices[other] = kept;
    }
}
