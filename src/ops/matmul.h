/* SPDX-License-Identifier: Apache-2.0 */
/* Matrix multiplication: which kernel, tile and variant for a device and a shape, and running it. */
#ifndef TUFF_OPS_MATMUL_H
#define TUFF_OPS_MATMUL_H

#include "ops/op.h"

enum tuff_matmul_kernel { TUFF_MATMUL_TILED, TUFF_MATMUL_LANES };

/* The constants of a kernel; what they mean stands in the shaders. */
struct tuff_matmul_tile {
    enum tuff_matmul_kernel kernel;
    uint32_t lanes_x, lanes_y;
    uint32_t tile_rows, tile_groups;
    uint32_t step;
    bool uses_shared;
};

/* y = residual + dropout(activation(x weight^T + bias)). */
struct tuff_matmul {
    const struct tuff_tensor *x;        /* (M, K) */
    const struct tuff_tensor *weight;   /* PANELS (N', K), N' >= first_output + N */
    const struct tuff_tensor *bias;     /* F32 (1, N'); NULL: none */
    const struct tuff_tensor *residual; /* (M, N), may be y; NULL: none */
    const struct tuff_tensor *seed;     /* I32 (1, 4), read where there is dropout */
    const struct tuff_tensor *y;        /* (M, N) of x's type, or F32 */
    const struct tuff_tensor *sum;      /* (M, N), what activation is applied to; NULL: not kept */
    enum tuff_activation activation;
    struct tuff_dropout dropout;
    uint32_t first_output;
};

/* The tile for a product of (rows, 4 * groups) with (4 * groups, cols). */
struct tuff_matmul_tile tuff_matmul_tile_for(const struct tuff_device *device, enum tuff_type type,
                                             uint32_t rows, uint32_t cols, uint32_t groups);

tuff_status tuff_matmul_run(struct tuff_device *device, struct tuff_recording *recording,
                            const struct tuff_matmul *matmul);

#endif
