/* SPDX-License-Identifier: Apache-2.0 */
#include "base/random.h"

#include <math.h>

/* No op has so many planes: the host's numbers are never a kernel's. */
#define HOST_PLANE 0xFFFFu

static void philox_round(uint32_t c[4], uint32_t key0, uint32_t key1) {
    const uint64_t product0 = (uint64_t)0xD2511F53u * c[0];
    const uint64_t product1 = (uint64_t)0xCD9E8D57u * c[2];
    c[0] = (uint32_t)(product1 >> 32) ^ c[1] ^ key0;
    c[1] = (uint32_t)product1;
    c[2] = (uint32_t)(product0 >> 32) ^ c[3] ^ key1;
    c[3] = (uint32_t)product0;
}

static void philox(uint32_t counter[4], uint32_t key0, uint32_t key1) {
    for (int round = 0; round < 7; round++) {
        philox_round(counter, key0, key1);
        key0 += 0x9E3779B9u;
        key1 += 0xBB67AE85u;
    }
}

struct tuff_seed tuff_seed_make(uint64_t seed, uint32_t pass) {
    return (struct tuff_seed){ { (uint32_t)seed, (uint32_t)(seed >> 32), pass, 0 } };
}

void tuff_random4(const struct tuff_seed *seed, uint32_t stream, uint32_t plane, uint32_t row, uint32_t group,
                  uint32_t out_bits[4]) {
    out_bits[0] = group;
    out_bits[1] = row;
    out_bits[2] = stream << 16 | plane;
    out_bits[3] = seed->words[2];
    philox(out_bits, seed->words[0], seed->words[1]);
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
    uint32_t bits[4];
    tuff_random4(seed, stream, plane, row, col / 4, bits);
    return bits[col % 4] >= tuff_dropout_threshold(probability) ? (double)tuff_dropout_scale(probability)
                                                                : 0.0;
}

uint32_t tuff_random_bits(struct tuff_random *random) {
    const uint64_t group = random->position / 4;
    uint32_t counter[4] = { (uint32_t)group, (uint32_t)(group >> 32), HOST_PLANE, random->stream };
    philox(counter, (uint32_t)random->seed, (uint32_t)(random->seed >> 32));
    return counter[random->position++ % 4];
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
