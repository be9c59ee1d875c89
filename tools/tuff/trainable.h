/* SPDX-License-Identifier: Apache-2.0 */
/* What `finetune` trains of a model: --trainable and the flags of low-rank adapters. */
#ifndef TUFF_TRAINABLE_H
#define TUFF_TRAINABLE_H

#include "tasks.h"

/* Values as the parser stores them, until they are taken over. */
struct trainable_flags {
    const char *trainable, *targets;
    double alpha;
    int export;
};

/* Returns OPTIONS_GO_ON, or EXIT_USAGE after a sentence on stderr. */
int trainable_take(const struct command *command, const struct trainable_flags *flags,
                   tuff_finetune_options *options, tuff_trainer_options *trainer);

#define TRAINABLE_FLAGS(flags)                                                                               \
    { .name = "trainable",                                                                                   \
      .type = OPTION_STRING,                                                                                 \
      .value_name = "WHAT",                                                                                  \
      .target = &(flags).trainable,                                                                          \
      .help = "all, head (what stands behind the encoder: pooler and classifier), last:N (the head and the " \
              "last N layers), bias (the head and the encoder's biases: BitFit) or lora:R (the head and "    \
              "low-rank adapters of rank R); the rest stays as it is (all)" },                               \
        { .name = "lora-alpha",                                                                              \
          .type = OPTION_FLOAT,                                                                              \
          .value_name = "X",                                                                                 \
          .target = &(flags).alpha,                                                                          \
          .least = 1e-6,                                                                                     \
          .most = 1e6,                                                                                       \
          .help = "adapters are added times X / R (twice R)" },                                              \
        { .name = "lora-targets",                                                                            \
          .type = OPTION_STRING,                                                                             \
          .value_name = "LIST",                                                                              \
          .target = &(flags).targets,                                                                        \
          .help = "which matrices get adapters: query, key, value, attention-output, intermediate and "      \
                  "output, with commas between them (all)" },                                                \
    {                                                                                                        \
        .name = "export", .type = OPTION_CHOICE, .target = &(flags).export, .choices = "merged|adapter",     \
        .help =                                                                                              \
            "merged: a whole model, with its adapters in its matrices; adapter: adapters and head alone, "   \
            "in the files of PEFT"                                                                           \
    }

#endif
