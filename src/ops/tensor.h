/* SPDX-License-Identifier: Apache-2.0 */
/* A tensor is a view: type, shape and place; it owns nothing on the device.
 *
 * On the device every row is padded to a multiple of TUFF_ROW_ALIGN elements and the padding holds zeros.
 * That is an invariant which every kernel keeps (zero weights and zero biases keep it by themselves), and the
 * reason why no kernel asks for a column bound. Kernels address elements in groups of four.
 *
 * Layouts of a (rows, cols) tensor:
 *   ROWS    element (r, c) at r * stride + c: activations, and tables that are only looked up.
 *   PANELS  element (r, c) at ((c / 4) * row_stride + r) * 4 + c % 4, row_stride being rows padded: matrices
 * that are multiplied with. Lanes on neighbouring outputs r read neighbouring groups of four, on every
 * device.
 *   BLOCKS  element (r, c) at ((r / 16) * col_stride + c) * 16 + r % 16, col_stride being cols padded; rows are a
 * multiple of 16: matrices that a CPU driver multiplies with, as one stream of vectors. */
#ifndef TUFF_OPS_TENSOR_H
#define TUFF_OPS_TENSOR_H

#include "vk/device.h"
#include "vk/memory.h"

enum { TUFF_ROW_ALIGN = 8 };

enum tuff_type {
    TUFF_TYPE_F32,
    TUFF_TYPE_F16, /* two in a uint */
    TUFF_TYPE_I32, /* rows are not padded: stride is cols */
    TUFF_TYPE_I8,  /* of each row, turned (ops/rotation.h), value / scale, rounded; the rows' scales, F32, lie
                    * behind all values */
};

enum tuff_layout { TUFF_LAYOUT_ROWS, TUFF_LAYOUT_PANELS, TUFF_LAYOUT_BLOCKS };
enum { TUFF_BLOCK_ROWS = 16 }; /* outputs of a block */

struct tuff_shape {
    enum tuff_type type;
    enum tuff_layout layout;
    uint32_t rows;
    uint32_t cols;
};

struct tuff_tensor {
    const char *name;
    struct tuff_shape shape;
    struct tuff_slice slice;   /* empty until the memory plan has placed it */
    struct tuff_slice staging; /* of graph inputs and results, where the host cannot map slice; else empty */
    struct tuff_tensor *gradient; /* of the same shape; NULL where none is wanted */
    struct tuff_tensor
        *transposed;      /* of a weight in BLOCKS that training reads: see ops/transpose.h; else NULL */
    bool wants_gradient;  /* something trained stands before it */
    bool is_fed;          /* a graph input that the device writes: see tuff_graph_feed */
    bool is_in_workspace; /* placed by the memory plan: the slice goes stale with it */
    double *reference;    /* (rows, cols) without padding, for the CPU reference; integers too */
    int32_t first_use, last_use; /* nodes, for the memory plan */
};

/* a / b, rounded up. */
static inline uint32_t tuff_divide_up(uint32_t a, uint32_t b) {
    return a / b + (a % b != 0);
}

/* Elements from one row (or group column) to the next: cols padded; for PANELS, rows padded. Of BLOCKS, the columns of
 * a block. */
uint32_t tuff_padded(uint32_t count);
uint32_t tuff_shape_stride(const struct tuff_shape *shape);
uint64_t tuff_shape_size(const struct tuff_shape *shape); /* bytes on the device */
/* Bytes from the beginning of an I8 tensor to its scales, of which it has one for each padded row. */
uint64_t tuff_shape_scales(const struct tuff_shape *shape);
/* Index of an element on the device, in elements. */
uint64_t tuff_shape_index(const struct tuff_shape *shape, uint32_t row, uint32_t col);
/* The same in groups of four, as kernels that look rows up in either layout add: from a row to the next, and
 * from four columns to the next four. */
uint32_t tuff_shape_row_step(const struct tuff_shape *shape);
uint32_t tuff_shape_group_step(const struct tuff_shape *shape);

/* 0 without a tensor. */
static inline uint64_t tuff_tensor_address(const struct tuff_tensor *tensor) {
    return tensor ? tuff_slice_address(&tensor->slice) : 0;
}

/* Of what a kernel may not touch in this run: its binding needs a buffer all the same. */
static inline struct tuff_slice tuff_slice_or(const struct tuff_tensor *tensor, struct tuff_slice other) {
    return tensor ? tensor->slice : other;
}

/* An address as two push constants. */
#define TUFF_ADDRESS_PUSH(name, address)                                                                     \
    .name##_address_low = (uint32_t)(address), .name##_address_high = (uint32_t)((address) >> 32)

/* The variant of a kernel for the tensor's storage type: kernels list f32 first, f16 second. */
static inline uint32_t tuff_is_f16(const struct tuff_tensor *tensor) {
    return tensor->shape.type == TUFF_TYPE_F16;
}

/* Gives the `cols` numbers of one row. */
typedef tuff_status (*tuff_row_reader)(void *user, uint32_t row, float *out_values);

/* Writes every row in the device's layout and type, and zeros into the padding. */
tuff_status tuff_tensor_fill(struct tuff_device *device, const struct tuff_tensor *tensor,
                             tuff_row_reader reader, void *user);
/* Between (rows, cols) floats of the host and the device's layout and type. */
tuff_status tuff_tensor_upload(struct tuff_device *device, const struct tuff_tensor *tensor,
                               const float *values);
tuff_status tuff_tensor_download(struct tuff_device *device, const struct tuff_tensor *tensor, float *values);
/* The same for I32. */
tuff_status tuff_tensor_upload_ints(struct tuff_device *device, const struct tuff_tensor *tensor,
                                    const int32_t *values);
/* Reads the values out of `bytes`, which hold the tensor as it lies on the device. *out_padding_is_zero may
 * be NULL. */
void tuff_tensor_decode(const struct tuff_tensor *tensor, const void *bytes, float *values,
                        bool *out_padding_is_zero);

#endif
