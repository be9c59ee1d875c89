/* SPDX-License-Identifier: Apache-2.0 */
/* Which feature a device lies about. */
#ifndef TUFF_OPS_SUSPECT_H
#define TUFF_OPS_SUSPECT_H

#include "ops/op.h"

/* For an op that was wrong: the name of the one feature without which it is right, or NULL. The device's features are as
 * before afterwards; nobody else uses it meanwhile. */
const char *tuff_find_suspect(struct tuff_device *device, const struct tuff_op *op, const uint32_t *numbers,
                              enum tuff_type type, bool backward);

#endif
