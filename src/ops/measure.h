/* SPDX-License-Identifier: Apache-2.0 */
/* The speed of single ops, and the device's own limits that they stand beside. */
#ifndef TUFF_OPS_MEASURE_H
#define TUFF_OPS_MEASURE_H

#include "ops/op.h"

/* See tuff_bench_ops. */
tuff_status tuff_measure_ops(struct tuff_device *device, const tuff_bench_op_options *options,
                             void (*row)(void *user, const tuff_bench_row *row), void *user);
/* See tuff_bench_peak. */
tuff_status tuff_measure_peak(struct tuff_device *device, tuff_peak *out_peak);

#endif
