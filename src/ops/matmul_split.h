/* SPDX-License-Identifier: Apache-2.0 */
/* Split-K: a product with a small result and a long sum fills a GPU where parts of the sum are computed side by side.
 * Each part's sums go to scratch memory; a second kernel adds them up, always in the same order, and does the rest. */
#ifndef TUFF_OPS_MATMUL_SPLIT_H
#define TUFF_OPS_MATMUL_SPLIT_H

#include "ops/matmul.h"

struct tuff_split {
    uint32_t parts;
    uint32_t length; /* of a part, a multiple of the step where there are several; the last may be shorter */
};

/* A sum that is taken `step` at a time, in at most `splits` parts; 0 and 1: whole. */
struct tuff_split tuff_split_of(uint32_t length, uint32_t step, uint32_t splits);

/* What the parts are summed up in: rows 0 where the product is computed whole. */
struct tuff_shape tuff_matmul_split_shape(const struct tuff_matmul *matmul,
                                          const struct tuff_matmul_tile *tile);
struct tuff_shape tuff_outer_split_shape(const struct tuff_outer_product *product,
                                         const struct tuff_outer_tile *tile);

/* From the parts in the product's scratch memory to its result. */
tuff_status tuff_matmul_split_sum(struct tuff_recording *recording, const struct tuff_matmul *matmul,
                                  uint32_t parts);
tuff_status tuff_outer_split_sum(struct tuff_recording *recording, const struct tuff_outer_product *product,
                                 uint32_t parts);

#endif
