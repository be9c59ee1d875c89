/* SPDX-License-Identifier: Apache-2.0 */
/* Measures the kernels that a product may be given and keeps the fastest right one as the device's choice. */
#ifndef TUFF_OPS_TUNE_H
#define TUFF_OPS_TUNE_H

#include "ops/matmul_tile.h"

/* A wrong or failing candidate is told and left out. The choice so far stays unless another takes a quarter less time, one
 * of the tables unless another takes a tenth less. *inout_wrong
 * counts the wrong ones. */
tuff_status tuff_tune_matmul(struct tuff_device *device, const struct tuff_product *product,
                             void (*row)(void *user, const tuff_tune_row *row), void *user,
                             size_t *inout_wrong);

#endif
