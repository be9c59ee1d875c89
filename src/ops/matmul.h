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

/* y = residual + dropout(activation(x weight^T + bias)); over_outputs: y = residual + x weight. */
struct tuff_matmul {
    const struct tuff_tensor *x;        /* (M, K); F32 in a graph of F16 only over_outputs */
    const struct tuff_tensor *weight;   /* PANELS (N', K), N' >= first_output + N */
    const struct tuff_tensor *bias;     /* F32 (1, N'); NULL: none */
    const struct tuff_tensor *residual; /* (M, N), may be y; NULL: none */
    const struct tuff_tensor *seed;     /* I32 (1, 4), read where there is dropout */
    const struct tuff_tensor *y;        /* (M, N) of x's type, or F32 */
    const struct tuff_tensor *sum;      /* (M, N), what activation is applied to; NULL: not kept */
    enum tuff_activation activation;
    struct tuff_dropout dropout;
    uint32_t first_output; /* of the weight: the first column of y, or of x over_outputs */
    bool over_outputs;     /* the sum goes over the weight's outputs, y has its inputs' columns */
};

/* The tile for a product of (rows, 4 * groups) with (4 * groups, cols). */
struct tuff_matmul_tile tuff_matmul_tile_for(const struct tuff_device *device, enum tuff_type type,
                                             uint32_t rows, uint32_t cols, uint32_t groups);

/* d_weight = z^T x, or adds it; d_weight's outputs from first_output on are z's columns. z may be F32 in a
 * graph of F16. Outputs outside are left alone. */
struct tuff_outer_product {
    const struct tuff_tensor *z;        /* (M, N) */
    const struct tuff_tensor *x;        /* (M, K) */
    const struct tuff_tensor *d_weight; /* PANELS (N', K) */
    uint32_t first_output;
    bool accumulates;
};

tuff_status tuff_matmul_run(struct tuff_device *device, struct tuff_recording *recording,
                            const struct tuff_matmul *matmul);
tuff_status tuff_outer_product_run(struct tuff_device *device, struct tuff_recording *recording,
                                   const struct tuff_outer_product *product);

#endif
