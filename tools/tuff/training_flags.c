/* SPDX-License-Identifier: Apache-2.0 */
#include "training_flags.h"

void training_flags_take(const struct training_flags *flags, tuff_trainer_options *options) {
    options->dtype = flags->dtype == 1 ? TUFF_F16 : TUFF_F32;
    options->layer_decay = flags->layer_decay;
    options->checkpoints_activations = flags->checkpoints_activations;
    options->accumulate = (uint32_t)flags->accumulate;
}
