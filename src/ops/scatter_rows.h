/* SPDX-License-Identifier: Apache-2.0 */
/* Gradients of looked-up rows: rows that were looked up many times are summed in a fixed order, without
 * atomics. The host sorts the look-ups of a batch into a list: I32 (count, 4), entry i:
 *     { row of the table, first, length, source }
 * Sources stand sorted by their table row and, within one, in rising order. Entry i is also the i-th segment:
 * its table row gets the sum of the sources of entries [first, first + length); length 0: no segment. */
#ifndef TUFF_OPS_SCATTER_ROWS_H
#define TUFF_OPS_SCATTER_ROWS_H

#include "ops/tensor.h"
#include "vk/commands.h"

/* The list of look-ups ids[0], ids[stride], ...; out_list has room for 4 * count. Look-ups of `skipped` and
 * of negative ids get no gradient. */
tuff_status tuff_scatter_list(const int32_t *ids, size_t stride, uint32_t count, int32_t skipped,
                              int32_t *out_list);

struct tuff_scatter {
    const struct tuff_tensor *x;    /* (count, cols): gradients of the looked-up rows */
    const struct tuff_tensor *list; /* I32 (.., 4) */
    uint32_t list_first;            /* the first of `count` entries of the list that speak of this table */
    const struct tuff_tensor *y;    /* gradient of the table, or of the part that starts at row `first` */
    uint32_t first;
    bool has_long_segments; /* few rows of the table get most of the look-ups */
};

/* Adds to y. */
tuff_status tuff_scatter_record(struct tuff_device *device, struct tuff_recording *recording,
                                const struct tuff_scatter *scatter);
void tuff_scatter_reference(const struct tuff_scatter *scatter);

#endif
