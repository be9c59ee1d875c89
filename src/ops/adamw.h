/* SPDX-License-Identifier: Apache-2.0 */
/* The optimizer: AdamW over flat ranges of parameters, with clipping by the norm of all gradients, on the
 * device and without a read-back. Weights, gradients and moments are F32 arrays of the same arrangement; one
 * dispatch updates one range.
 *
 * What changes from step to step lies in a buffer that the host writes, so that a recording can be replayed:
 *   step    F32 (1, 4): learning rate, 1 - beta1^t, sqrt(1 - beta2^t), loss scale (tuff_adamw_step_values)
 * and what the device found out in another, which the host may read when it likes:
 *   result  F32 (1, 4): norm of the gradients before clipping, what they were multiplied with, 1 if the
 * update was made or 0 if the norm was not finite, 0 */
#ifndef TUFF_OPS_ADAMW_H
#define TUFF_OPS_ADAMW_H

#include "vk/commands.h"
#include "vk/device.h"

enum tuff_adamw_form {
    TUFF_ADAMW_TORCH,    /* PyTorch's AdamW; gradients scaled by min(1, clip / (norm + 1e-6)) */
    TUFF_ADAMW_ORIGINAL, /* the original BERT's: no bias correction; gradients scaled by clip / max(norm,
                            clip) */
};

/* Numbers of a range are counted in groups of four; slices hold at least that many. */
struct tuff_adamw_range {
    struct tuff_slice weights;
    struct tuff_slice gradients; /* cleared by the update */
    struct tuff_slice first_moments;
    struct tuff_slice second_moments;
    uint32_t groups;
    uint32_t decayed_groups; /* the first ones; those behind do not decay */
    float rate_scale;        /* of the learning rate, for decay by layers; else 1 */
};

struct tuff_adamw {
    enum tuff_adamw_form form;
    double beta1;
    double beta2;
    double epsilon;
    double weight_decay;
    double clip; /* 0: none */
    const struct tuff_adamw_range *ranges;
    uint32_t range_count;
    struct tuff_slice partials; /* room for tuff_adamw_partials_size bytes */
    struct tuff_slice step;
    struct tuff_slice result;
};

/* The numbers of the step buffer; `step` counts the updates made, from 1. */
void tuff_adamw_step_values(const struct tuff_adamw *adamw, uint64_t step, double learning_rate,
                            double loss_scale, float out_values[4]);
uint64_t tuff_adamw_partials_size(const struct tuff_adamw *adamw);
/* Appends the norm over all ranges and the update of each. */
tuff_status tuff_adamw_record(struct tuff_device *device, struct tuff_recording *recording,
                              const struct tuff_adamw *adamw);
/* Appends the f16 copy of `groups` groups of f32 numbers. */
tuff_status tuff_cast_record(struct tuff_recording *recording, struct tuff_slice halves,
                             struct tuff_slice floats, uint32_t groups);

/* The same update of `count` numbers in double, for tests; `norm` is that of all gradients. */
void tuff_adamw_reference(const struct tuff_adamw *adamw, uint64_t step, double learning_rate, double norm,
                          bool decays, size_t count, double *weights, const double *gradients,
                          double *first_moments, double *second_moments);

#endif
