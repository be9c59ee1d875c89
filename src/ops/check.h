/* SPDX-License-Identifier: Apache-2.0 */
/* Holds an op on the device against its reference. `tuff check` and the tests of ops both run this. */
#ifndef TUFF_OPS_CHECK_H
#define TUFF_OPS_CHECK_H

#include "base/timing.h"
#include "ops/op.h"
#include "vk/pipeline.h"

enum { TUFF_CASE_TENSORS = TUFF_MAX_INPUTS * 2 + TUFF_MAX_OUTPUTS * 2 + 2 };

struct tuff_case {
    struct tuff_device *device;
    struct tuff_arena *arena;
    enum tuff_type type; /* storage type under test: F32 or F16 */
    bool is_survey;      /* values do not matter */
    uint64_t seed;
    double tolerance; /* in the place of the op's; 0: the op's */
    uint32_t tensor_count;
    struct tuff_tensor tensors[TUFF_CASE_TENSORS];
};

/* Makes a tensor on device and reference filled with seeded normal numbers times `scale`, rounded to the
 * storage type so that both sides start from the same values. For floats of either type, and I8. */
tuff_status tuff_case_random(struct tuff_case *check_case, enum tuff_type type, enum tuff_layout layout,
                             uint32_t rows, uint32_t cols, double scale, struct tuff_tensor **out_tensor);
/* Among the options of linear's checks: x and the weight are I8; products in F16 where it may be. */
enum { TUFF_LINEAR_INT8 = 16, TUFF_LINEAR_F16_ARITHMETIC = 64 };

/* Makes a tensor from given integers (I32) or numbers. */
tuff_status tuff_case_ints(struct tuff_case *check_case, uint32_t rows, uint32_t cols, const int32_t *values,
                           struct tuff_tensor **out_tensor);
/* Gives a weight in BLOCKS its transposed copy, made on the device. */
tuff_status tuff_case_transpose(struct tuff_case *check_case, struct tuff_tensor *weight);
/* Frees a case that was allocated, with its arena and tensors. */
void tuff_case_free(struct tuff_case *check_case);
/* A uniform integer in [0, bound) from the case's seed, for ids. */
uint32_t tuff_case_draw(struct tuff_case *check_case, uint32_t bound);

struct tuff_check_result {
    double error; /* largest difference over all outputs, relative to the largest value of its output */
    double tolerance;
    bool padding_is_zero;
    const char *worst; /* name of the output with that error */
};

/* Runs forward on device and reference. TUFF_OK if it could be run, whatever the error is. */
tuff_status tuff_op_check_forward(struct tuff_device *device, const struct tuff_op *op,
                                  const uint32_t *numbers, enum tuff_type type, bool is_training,
                                  struct tuff_check_result *out_result);
/* Runs forward and backward with random output gradients; compares the gradients of all float inputs, once
 * stored and once accumulated. */
tuff_status tuff_op_check_backward(struct tuff_device *device, const struct tuff_op *op,
                                   const uint32_t *numbers, enum tuff_type type,
                                   struct tuff_check_result *out_result);

struct tuff_pipeline_list {
    struct tuff_pipeline_key *keys;
    size_t count, capacity;
};

/* Appends the pipelines that forward would run, and backward in training; none is made. */
tuff_status tuff_op_survey(struct tuff_device *device, const struct tuff_op *op, const uint32_t *numbers,
                           enum tuff_type type, bool is_training, struct tuff_pipeline_list *list);

struct tuff_op_time_options {
    uint32_t repeats;
    bool is_checked; /* against the reference first, which takes its time */
};

struct tuff_op_time {
    struct tuff_timing timing;       /* of one pass */
    uint64_t bytes;                  /* of inputs and outputs */
    struct tuff_check_result result; /* where it is checked */
};

/* Times forward on the device. */
tuff_status tuff_op_time(struct tuff_device *device, const struct tuff_op *op, const uint32_t *numbers,
                         enum tuff_type type, const struct tuff_op_time_options *options,
                         struct tuff_op_time *out_time);

#endif
