/* SPDX-License-Identifier: Apache-2.0 */
/* IEEE binary16 and bfloat16, rounding to nearest even as torch and the GPU do. */
#ifndef TUFF_BASE_HALF_H
#define TUFF_BASE_HALF_H

#include <stddef.h>
#include <stdint.h>

float tuff_half_to_float(uint16_t half);
uint16_t tuff_half_from_float(float value); /* beyond 65504: infinity */
float tuff_bfloat16_to_float(uint16_t bfloat16);
uint16_t tuff_bfloat16_from_float(float value);

/* Whole arrays, many at a time; `from` needs no alignment. */
void tuff_halves_to_floats(const void *from, size_t count, float *out_values);
void tuff_bfloat16s_to_floats(const void *from, size_t count, float *out_values);

#endif
