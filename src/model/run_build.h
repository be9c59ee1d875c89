/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TUFF_MODEL_RUN_BUILD_H
#define TUFF_MODEL_RUN_BUILD_H

#include "model/run.h"

/* Builds the graph of run->key: inputs, encoder, what is wanted of it, losses, and the backward pass in
 * training. */
tuff_status tuff_run_build(const struct tuff_runner *runner, struct tuff_run *run);

#endif
