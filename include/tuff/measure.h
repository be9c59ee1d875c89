/* SPDX-License-Identifier: Apache-2.0 */
/* Speed, tuning, and what a device can be trusted with. Part of tuff.h. */
#ifndef TUFF_MEASURE_H
#define TUFF_MEASURE_H

#include "context.h"
#include "model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------- measuring */

/* One measurement. A number that does not apply is 0; pointers are valid during the callback alone. */
typedef struct tuff_bench_row {
    const char *name; /* of the model, the shape, the op or the limit */
    /* "forward", "ragged", "equal", "training", "loss" (its forward pass), "op", "limit" */
    const char *workload;
    const char *shape;   /* "8x128": sentences and their tokens; of an op its own sizes */
    const char *dtype;   /* "f32", "f16", "int8" */
    const char *variant; /* of the largest multiplication, or of the kernel */
    uint32_t repeats;    /* timed runs, after one that is not counted */
    double ms_median, ms_p95;
    double cpu_ms; /* median of the processor time of the process: on a CPU driver steadier than ms_median */
    double gflops; /* 10^9 of 2 M N K of all multiplications, those of attention included, a second */
    double gbytes_per_s; /* 10^9 bytes of inputs and outputs a second, each counted once */
    double tokens_per_second, sentences_per_second;
    /* largest difference from the plain C reference, relative to the largest value; below 0: not compared */
    double error;
} tuff_bench_row;

typedef enum tuff_bench_workload {
    TUFF_BENCH_FORWARD = 0, /* sentence vectors of `batch` sentences of `length` tokens */
    /* 256 sentences of 8 to 128 tokens, then as many of equal lengths with the same tokens */
    TUFF_BENCH_RAGGED = 1,
    /* a step of AdamW on two classes with dropout and clipping, then its forward pass alone */
    TUFF_BENCH_TRAINING = 2
} tuff_bench_workload;

typedef struct tuff_bench_options {
    size_t size;
    const char *model; /* as for tuff_model_open; NULL: `shape` */
    const char *shape; /* "base", "large" or "minilm": the sizes of the known models with random weights */
    tuff_dtype dtype;
    tuff_bench_workload workload;
    const uint32_t *batches, *lengths; /* each batch is run with each length; not read by RAGGED */
    size_t batch_count, length_count;
    uint32_t repeats;                /* 0: 5 */
    bool skips_check;                /* of the error, which takes some seconds */
    tuff_progress_callback progress; /* in runs */
    void *progress_user;
    tuff_dtype arithmetic; /* as in tuff_model_options; not read by TRAINING */
} tuff_bench_options;
#define TUFF_BENCH_OPTIONS                                                                                   \
    {                                                                                                        \
        sizeof(tuff_bench_options), NULL, NULL, TUFF_DTYPE_AUTO, TUFF_BENCH_FORWARD, NULL, NULL, 0, 0, 0,    \
            false, NULL, NULL, TUFF_DTYPE_AUTO                                                               \
    }

/* Times a model on tokens that are the same in each call, without tokenization: a row for each batch and length. One run
 * goes from the tokens in the host's memory to the results in the host's memory. The operations counted, for each sentence
 * of L tokens: layers * (2 L (4 h^2 + 2 h i) + 4 L^2 h), h the hidden and i the intermediate size; training counts three
 * times as many. TUFF_ARGUMENT for a shape that is not known or a length that the model has no positions for. */
TUFF_API tuff_status tuff_bench(tuff_context *context, const tuff_bench_options *options,
                                void (*row)(void *user, const tuff_bench_row *row), void *user);

typedef struct tuff_bench_op_options {
    size_t size;
    const char *op; /* "matmul", "attention", "layer_norm", "embedding", "pool", "cross_entropy"; NULL: all */
    tuff_dtype dtype; /* F16, else F32 */
    uint32_t repeats; /* 0: 5 */
    bool skips_check;
} tuff_bench_op_options;
#define TUFF_BENCH_OP_OPTIONS                                                                                \
    { sizeof(tuff_bench_op_options), NULL, TUFF_DTYPE_AUTO, 0, false }

/* Times single ops at BERT's sizes: matmul as MxKxN, attention as heads x head size x tokens, else rows x columns. The time
 * is that of one pass among as many in a submit as take some milliseconds. */
TUFF_API tuff_status tuff_bench_ops(tuff_context *context, const tuff_bench_op_options *options,
                                    void (*row)(void *user, const tuff_bench_row *row), void *user);

/* What a device does at most. */
typedef struct tuff_peak {
    double gflops;       /* multiply-adds of F32 in registers, two operations each */
    double gbytes_per_s; /* of a copy, reads and writes counted */
    double dispatch_us;  /* of a smallest kernel that waits for the one before */
} tuff_peak;

TUFF_API tuff_status tuff_bench_peak(tuff_context *context, tuff_peak *out_peak);

/* ---------------------------------------------------------------- tuning */

/* A kernel that was measured for one product. Pointers are valid during the callback alone. */
typedef struct tuff_tune_row {
    const char *op;    /* "matmul" */
    const char *shape; /* "128x768x3072": rows, inner size, columns */
    const char *dtype;
    const char *variant; /* "tiled 8x2 of 16x8 lanes, step 4" */
    double ms;           /* the best run; on a CPU driver of processor time */
    double error;  /* from the plain C reference, relative to the largest value; below 0: it did not run */
    bool is_right; /* others are never chosen */
    bool is_chosen;
    const char *remark; /* why it is not right; may be empty */
} tuff_tune_row;

typedef struct tuff_tune_options {
    size_t size;
    const char *model; /* as for tuff_model_open; NULL: `shape`, as for tuff_bench */
    const char *shape;
    tuff_dtype dtype;
    tuff_progress_callback progress; /* in products */
    void *progress_user;
} tuff_tune_options;
#define TUFF_TUNE_OPTIONS                                                                                    \
    { sizeof(tuff_tune_options), NULL, NULL, TUFF_DTYPE_AUTO, NULL, NULL }

/* Measures the kernels that the device may be given for the multiplications of a model, and keeps the choice in the cache
 * folder per device, driver and driver version: every later context uses it unasked, and so does this one for models that
 * are opened afterwards. Kernels that give wrong results are told and never chosen: *out_wrong counts them. A choice
 * that was measured stays unless another kernel takes a quarter less time, the first one unless it takes a tenth less. */
TUFF_API tuff_status tuff_tune(tuff_context *context, const tuff_tune_options *options,
                               void (*row)(void *user, const tuff_tune_row *row), void *user,
                               size_t *out_wrong);

/* All choices as JSON, to give to machines with the same device. */
TUFF_API tuff_status tuff_tuning_export(tuff_context *context, const char *path);
/* From such a file, in the place of all that was measured here, also in the cache folder. TUFF_FORMAT where it is malformed,
 * TUFF_ARGUMENT where it is of another device; what this device may not be given is never used. */
TUFF_API tuff_status tuff_tuning_import(tuff_context *context, const char *path);

/* ---------------------------------------------------------------- trust in a device */

/* One kernel variant held against the plain C reference in double. */
typedef struct tuff_check_row {
    const char *kernel;
    const char *variant;
    const char *shape;
    double error; /* largest difference, relative to the largest value */
    double tolerance;
    bool is_right;
    const char *remark; /* why it was not run or what to switch off; may be empty */
} tuff_check_row;

/* Runs every kernel variant that the device can use; calls `row` for each. TUFF_OK even where a row is wrong:
 * *out_wrong counts those. Matrices of a whole workgroup (VK_NV_cooperative_matrix2) are multiplied on the device
 * after this found them right; that is kept with the tuning. */
TUFF_API tuff_status tuff_check(tuff_context *context, void (*row)(void *user, const tuff_check_row *row),
                                void *user, size_t *out_wrong);

/* One number that the driver tells of a compiled pipeline, under the driver's own name for it. */
typedef struct tuff_statistic {
    const char *name;
    double value;
} tuff_statistic;

/* A kernel as it is compiled for a device. All pointers are valid during the callback alone. */
typedef struct tuff_pipeline_row {
    const char *kernel;
    const char *variant;
    const char *constants; /* "name=value name=value" */
    bool is_default;       /* what the device is given unasked */
    const char *failure;   /* why it does not compile; "" if it does */
    const tuff_statistic *statistics;
    size_t statistic_count; /* 0 where the driver tells nothing */
    const char *assembly;   /* the driver's own text, or "" */
} tuff_pipeline_row;

typedef struct tuff_pipelines_options {
    size_t size;
    bool all;       /* those too that the device is not given unasked */
    bool assembly;  /* fill in `assembly` */
    bool inference; /* none that training alone uses */
} tuff_pipelines_options;
#define TUFF_PIPELINES_OPTIONS                                                                               \
    { sizeof(tuff_pipelines_options), false, false, false }

/* Compiles the kernels of all operations at BERT's shapes, for inference and training, f32 and f16; calls `row` for each
 * pipeline, ordered by kernel, variant and constants. TUFF_OK even where one does not compile: *out_failed counts those. */
TUFF_API tuff_status tuff_pipelines_list(tuff_context *context, const tuff_pipelines_options *options,
                                         void (*row)(void *user, const tuff_pipeline_row *row), void *user,
                                         size_t *out_failed);

#ifdef __cplusplus
}
#endif

#endif
