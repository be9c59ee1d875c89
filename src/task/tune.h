/* SPDX-License-Identifier: Apache-2.0 */
/* Measures the kernels for the products of a model. */
#ifndef TUFF_TASK_TUNE_H
#define TUFF_TASK_TUNE_H

#include "vk/device.h"

/* See tuff_tune. */
tuff_status tuff_task_tune(struct tuff_device *device, const tuff_tune_options *options,
                           void (*row)(void *user, const tuff_tune_row *row), void *user, size_t *out_wrong);

#endif
