/* SPDX-License-Identifier: Apache-2.0 */
/* Counter-based random numbers: Threefry2x32 with 13 rounds (Salmon et al., 2011). The kernels' shaders/lib/random.glsl computes the
 * same stream, so that dropout can be recomputed anywhere; the host draws from streams of its own (shuffles,
 * masks, weights). */
#ifndef TUFF_BASE_RANDOM_H
#define TUFF_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* The words of the `random` buffer: seed low, seed high, pass (a number for each forward pass of a run), 0.
 */
struct tuff_seed {
    uint32_t words[4];
};

struct tuff_seed tuff_seed_make(uint64_t seed, uint32_t pass);

/* Bits of the elements (row, 2 * pair) and (row, 2 * pair + 1) of one plane of a stream; see lib/random.glsl. */
void tuff_random2(const struct tuff_seed *seed, uint32_t stream, uint32_t plane, uint32_t row, uint32_t pair,
                  uint32_t out_bits[2]);

/* An element survives where its bits are at or above the threshold: probability * 2^32. */
uint32_t tuff_dropout_threshold(float probability);
/* What survivors are multiplied with: 1 / (1 - probability); 0 where nothing survives. */
float tuff_dropout_scale(float probability);
/* The factor of one element: 0 or the scale. */
double tuff_dropout_factor(const struct tuff_seed *seed, float probability, uint32_t stream, uint32_t plane,
                           uint32_t row, uint32_t col);

/* A sequence of numbers for the host. Its whole state is seed, stream and position: keep them to go on later.
 */
struct tuff_random {
    uint64_t seed;
    uint32_t stream;   /* sequences of one seed with different streams are independent */
    uint64_t position; /* numbers drawn */
};

uint32_t tuff_random_bits(struct tuff_random *random);
uint32_t tuff_random_below(struct tuff_random *random,
                           uint32_t bound);             /* [0, bound), unbiased; bound 0 gives 0 */
double tuff_random_uniform(struct tuff_random *random); /* [0, 1), 53 bits */
double tuff_random_normal(struct tuff_random *random);  /* mean 0, deviation 1 */
/* Puts count indices in random order. */
void tuff_random_shuffle(struct tuff_random *random, uint32_t *indices, size_t count);

#endif
