/* SPDX-License-Identifier: Apache-2.0 */
/* Every pipeline that a device is given at BERT's shapes, with what its driver tells of it. */
#ifndef TUFF_OPS_INVENTORY_H
#define TUFF_OPS_INVENTORY_H

#include "ops/op.h"

/* See tuff_pipelines_list. */
tuff_status tuff_inventory(struct tuff_device *device, const tuff_pipelines_options *options,
                           void (*row)(void *user, const tuff_pipeline_row *row), void *user,
                           size_t *out_failed);

#endif
