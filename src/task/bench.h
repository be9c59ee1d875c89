/* SPDX-License-Identifier: Apache-2.0 */
/* Times a model on batches of tokens. */
#ifndef TUFF_TASK_BENCH_H
#define TUFF_TASK_BENCH_H

#include "vk/device.h"

/* See tuff_bench. */
tuff_status tuff_task_bench(struct tuff_device *device, const struct tuff_allocator *allocator,
                            const tuff_bench_options *options,
                            void (*row)(void *user, const tuff_bench_row *row), void *user);

#endif
