/* SPDX-License-Identifier: Apache-2.0 */
/* Products of I8 by I8: by integer dot products where the device and the build have them. */
#ifndef TUFF_OPS_MATMUL_INT8_H
#define TUFF_OPS_MATMUL_INT8_H

#include "ops/matmul.h"
#include "ops/matmul_tile.h"

/* x and the weight are I8; y, the residual and the kept sum are of one float type. */
tuff_status tuff_int8_run(struct tuff_device *device, struct tuff_recording *recording,
                          const struct tuff_matmul *matmul);

/* How products of so many rows are computed, with results of that type. */
const char *tuff_int8_text(const struct tuff_device *device, enum tuff_type type, uint32_t rows,
                           char text[TUFF_TILE_TEXT_SIZE]);

#endif
