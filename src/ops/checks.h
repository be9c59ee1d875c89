/* SPDX-License-Identifier: Apache-2.0 */
/* `tuff check`: every op, in every variant that the device can run, held against its reference. */
#ifndef TUFF_OPS_CHECKS_H
#define TUFF_OPS_CHECKS_H

#include "ops/check.h"

tuff_status tuff_check_device(struct tuff_device *device, void (*row)(void *user, const tuff_check_row *row),
                              void *user, size_t *out_wrong);

#endif
