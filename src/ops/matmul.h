/* SPDX-License-Identifier: Apache-2.0 */
/* Matrix multiplications, run with the kernel and tile that ops/matmul_tile.h chooses. */
#ifndef TUFF_OPS_MATMUL_H
#define TUFF_OPS_MATMUL_H

#include "ops/matmul_tile.h"
#include "ops/op.h"

/* y = residual + dropout(activation(x weight^T + bias)); over_outputs: y = residual + x weight. */
struct tuff_matmul {
    /* (M, K); F32 in a graph of F16 only over_outputs; I8 as the weight; or, with a weight in BLOCKS, x^T in BLOCKS (K, M) */
    const struct tuff_tensor *x;
    /* PANELS (N', K), N' >= first_output + N; or BLOCKS (N, K), not over_outputs */
    const struct tuff_tensor *weight;
    const struct tuff_tensor *bias;     /* F32 (1, N'); NULL: none */
    const struct tuff_tensor *residual; /* (M, N), may be y; NULL: none */
    const struct tuff_tensor *seed;     /* I32 (1, 4), read where there is dropout */
    const struct tuff_tensor *y;        /* (M, N) of x's type, or F32; F16 or F32 where x is I8 */
    const struct tuff_tensor *sum;      /* (M, N), what activation is applied to; NULL: not kept */
    const struct tuff_tensor *scratch;  /* of tuff_matmul_scratch; NULL: the product is not split */
    enum tuff_activation activation;
    struct tuff_dropout dropout;
    uint32_t first_output;          /* of the weight: the first column of y, or of x over_outputs */
    int32_t x_exponent, y_exponent; /* x and y hold their values divided by 2^exponent; 0 where y is F32 */
    bool f16_arithmetic; /* products in F16 where a plain kernel multiplies F16; not over_outputs */
    bool over_outputs;   /* the sum goes over the weight's outputs, y has its inputs' columns */
};

/* d_weight = z^T x, or adds it; d_weight's outputs from first_output on are z's columns. z may be F32 in a
 * graph of F16. Outputs outside are left alone. */
struct tuff_outer_product {
    const struct tuff_tensor *z;        /* (M, N); z^T in BLOCKS (N, M) where d_weight lies in BLOCKS */
    const struct tuff_tensor *x;        /* (M, K) */
    const struct tuff_tensor *d_weight; /* PANELS (N', K), F32; or BLOCKS (N, K), all F32 */
    const struct tuff_tensor
        *scratch; /* of tuff_outer_scratch; NULL: the product is not split; BLOCKS need it */
    uint32_t first_output;
    bool accumulates;
};

tuff_status tuff_matmul_run(struct tuff_device *device, struct tuff_recording *recording,
                            const struct tuff_matmul *matmul);
/* With a tile other than the device's own. */
tuff_status tuff_matmul_run_with(struct tuff_recording *recording, const struct tuff_matmul *matmul,
                                 const struct tuff_matmul_tile *tile);
/* The memory that the product is quicker with, for the sums of its parts (ops/matmul_split.h); rows 0: none. */
struct tuff_shape tuff_matmul_scratch(const struct tuff_device *device, const struct tuff_matmul *matmul);

/* ops/outer_product.c */
tuff_status tuff_outer_product_run(struct tuff_device *device, struct tuff_recording *recording,
                                   const struct tuff_outer_product *product);
tuff_status tuff_outer_product_run_with(struct tuff_recording *recording,
                                        const struct tuff_outer_product *product,
                                        const struct tuff_outer_tile *tile);
struct tuff_shape tuff_outer_scratch(const struct tuff_device *device,
                                     const struct tuff_outer_product *product);

/* For the files of the kernels. */
uint32_t tuff_matmul_flags(const struct tuff_matmul *matmul); /* HAS_BIAS, HAS_RESIDUAL of the shaders */
uint64_t tuff_matmul_cost(const struct tuff_matmul *matmul);
uint32_t tuff_matmul_groups(const struct tuff_matmul *matmul); /* of four along K, padding included */
/* Of kernels whose lanes own groups of four columns; the sum in so many parts. */
struct tuff_grid tuff_matmul_grid(const struct tuff_matmul *matmul, const struct tuff_matmul_tile *tile,
                                  uint32_t parts);
/* Outputs that are written: padding too where z reaches the end of d_weight, so that it becomes zero. */
uint32_t tuff_outer_outputs(const struct tuff_outer_product *product);
/* What was measured since the memory was planned may want more of it than there is. */
bool tuff_has_room(const struct tuff_tensor *scratch, const struct tuff_shape *wanted);

/* What the structs of all these kernels have alike: bindings, push constants, the scales of f16, constants. */
#define TUFF_MATMUL_SLICES(matmul)                                                                           \
    .x = (matmul)->x->slice, .weight = (matmul)->weight->slice,                                              \
    .bias = tuff_slice_or((matmul)->bias, (matmul)->x->slice),                                               \
    .residual = tuff_slice_or((matmul)->residual, (matmul)->x->slice),                                       \
    .seed = tuff_slice_or((matmul)->seed, (matmul)->x->slice), .y = (matmul)->y->slice,                      \
    .pre = tuff_slice_or((matmul)->sum, (matmul)->y->slice)

#define TUFF_MATMUL_EPILOGUE(matmul) .flags = tuff_matmul_flags(matmul), TUFF_DROPOUT_PUSH(&(matmul)->dropout)

#define TUFF_MATMUL_PUSH(matmul)                                                                             \
    .rows = (matmul)->y->shape.rows, .cols = (matmul)->y->shape.cols,                                        \
    .first_output = (matmul)->first_output, .y_stride = tuff_shape_stride(&(matmul)->y->shape) / 4,          \
    TUFF_MATMUL_EPILOGUE(matmul)

#define TUFF_MATMUL_FACTORS(matmul)                                                                          \
    .x_factor = ldexpf(1, (matmul)->x_exponent), .y_factor = ldexpf(1, -(matmul)->y_exponent)

#define TUFF_MATMUL_SPEC(matmul)                                                                             \
    .activation = (matmul)->activation, .keeps_sum = (matmul)->sum != NULL,                                  \
    .has_dropout = (matmul)->dropout.probability > 0

#endif
