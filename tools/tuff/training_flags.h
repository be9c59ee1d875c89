/* SPDX-License-Identifier: Apache-2.0 */
/* How a step is computed: what `finetune`, `pretrain` and `step` take alike. */
#ifndef TUFF_TRAINING_FLAGS_H
#define TUFF_TRAINING_FLAGS_H

#include "tasks.h"

/* Values as the parser stores them, until they are taken over. */
struct training_flags {
    uint64_t accumulate;
    double layer_decay;
    int dtype;
    bool checkpoints_activations;
};
#define TRAINING_FLAGS_DEFAULTS                                                                              \
    { .accumulate = 1, .layer_decay = 1 }

void training_flags_take(const struct training_flags *flags, tuff_trainer_options *options);

/* `accumulate_help`: what a batch is to the command. */
#define TRAINING_FLAGS(flags, accumulate_help)                                                               \
    COUNT_FLAG("accumulate", (flags).accumulate, 1, 1 << 20, accumulate_help),                               \
        { .name = "dtype",                                                                                   \
          .type = OPTION_CHOICE,                                                                             \
          .target = &(flags).dtype,                                                                          \
          .choices = "f32|f16",                                                                              \
          .help =                                                                                            \
              "f16: mixed precision, with weights and their gradients in f32 and a dynamic loss scale" },    \
        { .name = "layer-decay",                                                                             \
          .type = OPTION_FLOAT,                                                                              \
          .value_name = "X",                                                                                 \
          .target = &(flags).layer_decay,                                                                    \
          .least = 1e-6,                                                                                     \
          .most = 1,                                                                                         \
          .help = "learning rate of a layer as a share of the layer's above it (1)" },                       \
    {                                                                                                        \
        .name = "checkpoint-activations", .type = OPTION_BOOLEAN,                                            \
        .target = &(flags).checkpoints_activations,                                                          \
        .help = "compute each layer twice instead of keeping what it computed: the same step in less memory" \
    }

#define ACCUMULATES_BATCHES                                                                                  \
    "batches that make a step together: as one large batch, in the memory of a small one (1)"

#endif
