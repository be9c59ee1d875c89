/* SPDX-License-Identifier: Apache-2.0 */
/* Which kernels a device computes attention with, and recording them. */
#ifndef TUFF_OPS_ATTENTION_KERNELS_H
#define TUFF_OPS_ATTENTION_KERNELS_H

#include "ops/op.h"

/* Inputs and outputs of the node; see ops/attention.c. */
enum { TUFF_ATTENTION_QKV, TUFF_ATTENTION_TILES, TUFF_ATTENTION_KEY_TILES, TUFF_ATTENTION_SEED };
enum { TUFF_ATTENTION_CONTEXT, TUFF_ATTENTION_STATS };

enum { TUFF_ATTENTION_COLUMNS = 256 }; /* of a head, at most */

tuff_status tuff_attention_record_forward(struct tuff_device *device, struct tuff_recording *recording,
                                          const struct tuff_node *node);
tuff_status tuff_attention_record_backward(struct tuff_device *device, struct tuff_recording *recording,
                                           const struct tuff_node *node);

#endif
