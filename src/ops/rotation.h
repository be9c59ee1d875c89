/* SPDX-License-Identifier: Apache-2.0 */
/* How the rows of I8 are turned before they are rounded.
 *
 * A row of BERT's has a few values many times larger than the others, and one scale for all leaves the others few steps.
 * A Hadamard matrix spreads a large value over its block of up to 16 columns. It is orthogonal, so that rows of x and of
 * a weight that are both turned have the product that they had. */
#ifndef TUFF_OPS_ROTATION_H
#define TUFF_OPS_ROTATION_H

#include <stdint.h>

/* Columns that are turned together: the largest of 16, 8 and 4 that divides cols, else 1. Larger blocks gain little: of
 * 1 - cosine to f32, 150 short sentences by all-MiniLM-L6-v2 keep 0.32 at 4, 0.19 at 8, 0.14 at 16, 0.11 at 32. */
uint32_t tuff_rotation_block(uint32_t cols);
/* Turns the blocks of a row. Columns of a block: four neighbours, and those that lie cols / 2, or multiples of cols / 4,
 * behind them. Twice makes the row that it was. */
void tuff_rotate(float *values, uint32_t cols);

#endif
