/* SPDX-License-Identifier: Apache-2.0 */
/* Which kernel multiplies matrices of a shape on a device, and with which constants. */
#ifndef TUFF_OPS_MATMUL_TILE_H
#define TUFF_OPS_MATMUL_TILE_H

#include "ops/tensor.h"

enum tuff_matmul_kernel {
    TUFF_MATMUL_TILED,
    TUFF_MATMUL_LANES,
    TUFF_MATMUL_BROADCAST,
    TUFF_MATMUL_SUBGROUP,
    TUFF_MATMUL_BLOCKS,
    TUFF_MATMUL_PACKED, /* products in f16, where they are asked for */
};

/* The constants of a kernel; what they mean stands in the shaders. */
struct tuff_matmul_tile {
    enum tuff_matmul_kernel kernel;
    uint32_t lanes_x, lanes_y;
    uint32_t tile_rows, tile_groups;
    uint32_t step;
    bool uses_shared;
    bool rolls;
    uint32_t subgroup_size; /* of TUFF_MATMUL_SUBGROUP alone */
    uint32_t
        splits; /* parts of the sum at most that are computed side by side (ops/matmul_split.h); 0: it is whole */
};

/* Whether the kernels for CPU drivers that take addresses serve this type. */
bool tuff_matmul_uses_lanes(const struct tuff_device *device, enum tuff_type type);

/* How a weight lies of which nothing but whole products read, and whole gradients of trained ones. */
enum tuff_layout tuff_matmul_layout(const struct tuff_device *device, enum tuff_type type, uint32_t outputs,
                                    uint32_t inputs, bool is_trained);

/* A product of (rows, 4 * groups) with a weight (cols, 4 * groups). */
struct tuff_product {
    enum tuff_type type; /* of the weight, as its layout */
    enum tuff_layout layout;
    uint32_t rows, cols, groups;
    bool over_outputs; /* a gradient of inputs: the weight is (4 * groups, cols) */
};

/* The first number of a key of vk/decisions.h. */
enum { TUFF_CHOICE_OF_MATMUL = 1, TUFF_CHOICE_OF_MATRICES = 2 };

/* The tile for it: what was measured on the device for some number of rows near to it, else what stands in the tables.
 * Gradients of inputs are not measured. */
struct tuff_matmul_tile tuff_matmul_tile_for(const struct tuff_device *device,
                                             const struct tuff_product *product);

/* The tile of TUFF_MATMUL_PACKED, which is not measured, for a product in F16 that is no gradient of inputs. */
struct tuff_matmul_tile tuff_matmul_packed_tile(const struct tuff_device *device,
                                                const struct tuff_product *product);

enum { TUFF_TILE_CANDIDATES = 24, TUFF_TILE_TEXT_SIZE = 96 };
/* What the device may be given for the product, all within its limits; the tables' tile comes first. */
size_t tuff_matmul_tile_candidates(const struct tuff_device *device, const struct tuff_product *product,
                                   struct tuff_matmul_tile out_tiles[TUFF_TILE_CANDIDATES]);
/* Rows are measured at few numbers, which stand for those around them. */
uint32_t tuff_matmul_rows_like(uint32_t rows);
/* From now on the device is given this tile, which took `ms`, for products like this one. */
tuff_status tuff_matmul_tile_choose(struct tuff_device *device, const struct tuff_product *product,
                                    const struct tuff_matmul_tile *tile, double ms);
/* What was measured for products like this one. What a file says is taken only where the device may be given it. */
bool tuff_matmul_tile_measured(const struct tuff_device *device, const struct tuff_product *product,
                               struct tuff_matmul_tile *out_tile);
bool tuff_matmul_tile_equals(const struct tuff_matmul_tile *a, const struct tuff_matmul_tile *b);
/* "tiled 8x2 of 16x8 lanes, step 4". Returns `text`. */
const char *tuff_matmul_tile_text(const struct tuff_matmul_tile *tile, char text[TUFF_TILE_TEXT_SIZE]);

/* The constants of matmul_outer_tiled. */
struct tuff_outer_tile {
    uint32_t lanes_x, lanes_y;
    uint32_t tile_groups;
    uint32_t step;
    bool uses_shared;
    uint32_t splits;
};

/* Of a product of z (rows, outputs) and x (rows, 4 * groups). */
struct tuff_outer_tile tuff_outer_tile_for(const struct tuff_device *device, uint32_t rows, uint32_t outputs,
                                           uint32_t groups);

/* What any GPU may be given, for tests: every device runs these. */
extern const struct tuff_matmul_tile *const tuff_matmul_gpu_tiles[]; /* NULL at the end */
extern const struct tuff_outer_tile *const tuff_outer_gpu_tiles[];   /* NULL at the end */
/* The tile of TUFF_MATMUL_SUBGROUP for subgroups of the device's size. False where they are of another size than 4, 8 or
 * 16, or too many. Serves products whose padded inner size is a multiple of 16, but for gradients of inputs. */
bool tuff_matmul_subgroup_tile(const struct tuff_device *device, struct tuff_matmul_tile *out_tile);

#endif
