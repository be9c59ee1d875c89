/* SPDX-License-Identifier: Apache-2.0 */
/* Products of F16 whose arithmetic is F16 too, for inference that asks for it. Of x that is held divided the kernel takes
 * what is meant: small products of what is held would be subnormal halves, which devices may take for zero. */
#ifndef TUFF_OPS_MATMUL_PACKED_H
#define TUFF_OPS_MATMUL_PACKED_H

#include "ops/matmul.h"

/* Whether the product asks for it, and the kernel computes it. */
bool tuff_packed_serves(const struct tuff_matmul *matmul);
tuff_status tuff_packed_run(struct tuff_recording *recording, const struct tuff_matmul *matmul,
                            const struct tuff_matmul_tile *tile);

#endif
