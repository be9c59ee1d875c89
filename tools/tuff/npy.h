/* SPDX-License-Identifier: Apache-2.0 */
/* A matrix of floats as NumPy's .npy, version 1.0, whose row count is known at the end only: the header is
 * written with room and filled in when the last row is there. */
#ifndef TUFF_NPY_H
#define TUFF_NPY_H

#include "output.h"

/* Writes the header for no rows. */
void npy_begin(struct output *output, size_t column_count);

/* Puts the number of rows into the header. The rows themselves are output_bytes of floats. */
void npy_finish(struct output *output, size_t row_count, size_t column_count);

#endif
