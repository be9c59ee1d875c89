/* SPDX-License-Identifier: Apache-2.0 */
/* The public set of named arrays: what raw-tensor functions take and give. */
#ifndef TUFF_MODEL_ARRAYS_H
#define TUFF_MODEL_ARRAYS_H

#include "base/status.h"

/* Adds an array of zeros, to be filled in place; *out_data may be NULL where there are no elements.
 * TUFF_ARGUMENT for a name that is there already. */
tuff_status tuff_arrays_make(struct tuff_arrays *arrays, const char *name, tuff_dtype dtype, size_t rank,
                             const size_t *shape, void *out_data);

#endif
