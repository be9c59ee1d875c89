/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters that lie in no file: new heads and adapters. */
#ifndef TUFF_MODEL_FRESH_H
#define TUFF_MODEL_FRESH_H

#include "model/parameters.h"

/* Appends a copy of `wanted` (its name too) with a source of its own, which `parameters` keeps. *out_values has room for its
 * elements, zeros at first. */
tuff_status tuff_parameters_add_fresh(struct tuff_parameters *parameters, const struct tuff_parameter *wanted,
                                      float **out_values);

#endif
