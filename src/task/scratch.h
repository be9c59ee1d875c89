/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TUFF_TASK_SCRATCH_H
#define TUFF_TASK_SCRATCH_H

#include "base/status.h"

/* Writes the folder of a BertForPreTraining that has learnt nothing yet: weights normal of deviation 0.02, biases
 * zeros, norms ones, as the seed has it; beside it the two files. */
tuff_status tuff_scratch_make(const char *config, const char *vocab, uint64_t seed,
                              const struct tuff_allocator *allocator, const char *folder);

#endif
