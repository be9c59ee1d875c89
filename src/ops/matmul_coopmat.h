/* SPDX-License-Identifier: Apache-2.0 */
/* Products by cooperative matrices: which shapes of those that a device lists tuff can use, on which devices they pay,
 * and the constants of shaders/matmul_coopmat.comp. */
#ifndef TUFF_OPS_MATMUL_COOPMAT_H
#define TUFF_OPS_MATMUL_COOPMAT_H

#include "ops/matmul.h"

/* What a shape's A and B hold; sums are 32 bits wide. */
enum tuff_matrix_elements {
    TUFF_MATRIX_F16,
    TUFF_MATRIX_I8,
    TUFF_MATRIX_F16_WORKGROUP, /* that a workgroup multiplies together */
};

/* The n-th of the device's shapes that multiply such elements; NULL: there are not so many, or the build or a switch
 * left the kernel out. */
const struct tuff_matrix_shape *tuff_coopmat_shape(const struct tuff_device *device,
                                                   enum tuff_matrix_elements elements, uint32_t n);
/* The shape that the device multiplies such elements with: the one that is forced, else the largest that is trusted; NULL
 * where the plain kernels are the quicker ones, or the safe choice. */
const struct tuff_matrix_shape *tuff_coopmat_choose(const struct tuff_device *device,
                                                    enum tuff_matrix_elements elements);

/* Whether results with the shape may be relied on. At workgroup scope only where they were seen to be right on this device
 * and driver: what a check found is kept beside the device's tuning. */
bool tuff_coopmat_is_trusted(const struct tuff_device *device, const struct tuff_matrix_shape *shape);
tuff_status tuff_coopmat_judge(struct tuff_device *device, const struct tuff_matrix_shape *shape,
                               bool is_right);

/* Invocations of a subgroup that multiplies matrices on this device. */
uint32_t tuff_coopmat_subgroup_size(const struct tuff_device *device);
enum { TUFF_COOPMAT_SUBGROUPS = 4 }; /* of a workgroup */

/* How a workgroup's subgroups share a block; at workgroup scope they count as one. */
struct tuff_coopmat_tile {
    uint32_t workgroup_size, subgroup_size;
    uint32_t subgroups_x, subgroups_y;
    uint32_t matrix_m, matrix_n, matrix_k;
    uint32_t tiles_m, tiles_n; /* matrices of a subgroup */
    uint32_t steps;            /* matrices along K in a turn */
};

/* The largest tile that fits the device and leaves enough workgroups for a product of that size. */
struct tuff_coopmat_tile tuff_coopmat_tile_for(const struct tuff_device *device,
                                               const struct tuff_matrix_shape *shape, uint32_t rows,
                                               uint32_t cols);

/* The shape for products of so many rows by a weight of that type; NULL: another kernel. x is of the weight's type. */
const struct tuff_matrix_shape *tuff_coopmat_for(const struct tuff_device *device, enum tuff_type type,
                                                 uint32_t rows);
/* "int8 matrices of 16x16x32", "f16 matrices of a workgroup of 256". Returns `text`. */
const char *tuff_coopmat_text(const struct tuff_matrix_shape *shape, char text[TUFF_TILE_TEXT_SIZE]);

tuff_status tuff_coopmat_run(struct tuff_device *device, struct tuff_recording *recording,
                             const struct tuff_matmul *matmul, const struct tuff_matrix_shape *shape);

#endif
