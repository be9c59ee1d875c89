/* SPDX-License-Identifier: Apache-2.0 */
/* What an op is. One file per op holds, in this order: shape, forward, backward, the plain reference of both, and
 * how to make a node of it for checks. The graph, the checks, the bench and the profiler walk TUFF_OPS.
 *
 * Gradient rule: d_inputs[i] is NULL where no gradient is wanted; accumulates[i] says that a writer came before and
 * this one adds. Gradients of parameters always add; the optimizer clears them. Those in stored_inputs never do. */
#ifndef TUFF_OPS_OP_H
#define TUFF_OPS_OP_H

#include "ops/tensor.h"
#include "vk/commands.h"

enum { TUFF_MAX_INPUTS = 8, TUFF_MAX_OUTPUTS = 4 };

enum tuff_activation {
    TUFF_ACTIVATION_NONE,
    TUFF_ACTIVATION_GELU,     /* x * (1 + erf(x / sqrt(2))) / 2 */
    TUFF_ACTIVATION_GELU_NEW, /* the tanh approximation */
    TUFF_ACTIVATION_RELU,
    TUFF_ACTIVATION_SILU,
    TUFF_ACTIVATION_TANH,
};

/* What fetch_tokens says of a token. */
enum tuff_token_fault { TUFF_TOKEN_IS_FINE, TUFF_TOKEN_ID_IS_WRONG, TUFF_TOKEN_TYPE_IS_WRONG };

enum tuff_pool_kind { TUFF_POOL_MEAN, TUFF_POOL_CLS, TUFF_POOL_MAX };

/* Dropout recomputes its bits from a counter, never stores them: element e of the op's output survives where
 * random(seed, stream, e) >= probability; survivors are divided by 1 - probability. The seed of a step lies in a device
 * buffer (graph input `random`, I32 (1, 4)), so that recordings can be replayed. probability 0: no dropout. */
struct tuff_dropout {
    float probability;
    uint32_t stream; /* different for each op of a graph */
};

/* What kernels are pushed of it, with base/random.h. */
#define TUFF_DROPOUT_PUSH(dropout)                                                                           \
    .dropout_stream = (dropout)->stream,                                                                     \
    .dropout_threshold = tuff_dropout_threshold((dropout)->probability),                                     \
    .dropout_scale = tuff_dropout_scale((dropout)->probability)

/* Parameters of a node, by op. Tensors' meaning and order stand at the head of each op's file. */
union tuff_params {
    struct {
        float epsilon;
        struct tuff_dropout dropout;
    } layer_norm;
    struct {
        float epsilon;
        struct tuff_dropout dropout;
        bool word_is_row; /* the words' rows have been gathered */
    } embedding;
    struct {
        enum tuff_activation activation;
        struct tuff_dropout dropout; /* after bias and activation, before the residual is added */
        bool output_f32;             /* y is F32 whatever the storage type */
        uint32_t first_output;       /* of the weight: the first one computed; a multiple of 8 */
        uint32_t output_count;       /* columns of y; 0: all from the first one on */
        int32_t x_exponent;          /* x holds its values divided by 2^x_exponent; not in training */
        int32_t y_exponent;          /* and so does y; the residual is as it is */
        bool f16_arithmetic;         /* where x and the weight are F16; not in training */
    } linear;
    struct {
        uint32_t head_count;
        uint32_t head_size;   /* true size: the scale is 1 / sqrt(head_size) */
        uint32_t head_stride; /* columns a head takes in q, k, v and the context: head_size padded */
        uint32_t longest;     /* rows that a sequence has at most, for the cost; 0: unknown */
        struct tuff_dropout dropout;
        int32_t exponent; /* q, k, v and the context are held divided by 2^exponent; not in training */
    } attention;
    struct {
        uint32_t vocab_size, type_count; /* rows of the tables */
    } fetch_tokens;
    struct {
        bool output_f32;
    } gather_rows;
    struct {
        enum tuff_pool_kind kind;
        bool normalize; /* to length 1 */
    } pool;
    struct {
        float scale;
    } pair_scores;
    struct {
        float label_smoothing;
    } cross_entropy;
    struct {
        uint32_t parts; /* adapters one below the other */
        float scale;
    } lora;
};

struct tuff_op;

struct tuff_node {
    const struct tuff_op *op;
    union tuff_params params;
    bool is_training; /* keep what backward needs */
    struct tuff_tensor *inputs[TUFF_MAX_INPUTS];
    struct tuff_tensor *outputs[TUFF_MAX_OUTPUTS];
    struct tuff_tensor *d_inputs[TUFF_MAX_INPUTS];
    bool accumulates[TUFF_MAX_INPUTS];
    struct tuff_tensor *d_outputs[TUFF_MAX_OUTPUTS];
    struct tuff_tensor *scratch, *d_scratch; /* of op->scratch, while forward and backward run; NULL: none */
};

struct tuff_case; /* ops/check.h */

struct tuff_op {
    const char *name;
    /* Checks the inputs and says which outputs the node has: rows 0 where an output is absent. */
    tuff_status (*shape)(const struct tuff_device *device, const struct tuff_node *node,
                         struct tuff_shape outputs[TUFF_MAX_OUTPUTS]);
    tuff_status (*forward)(struct tuff_device *device, struct tuff_recording *recording,
                           const struct tuff_node *node);
    /* NULL until the op can be trained through. */
    tuff_status (*backward)(struct tuff_device *device, struct tuff_recording *recording,
                            const struct tuff_node *node);
    /* The memory that a pass of the node uses beside its tensors, whose shapes are known: rows 0 where it is none. It may
     * be less when the pass is recorded. NULL: the op never uses any. */
    struct tuff_shape (*scratch)(const struct tuff_device *device, const struct tuff_node *node,
                                 bool is_backward);
    /* On tensor->reference arrays, sums in double, simple loops. Reads d_outputs' and adds into d_inputs'. */
    void (*reference_forward)(const struct tuff_node *node);
    void (*reference_backward)(const struct tuff_node *node);
    uint32_t constant_inputs;  /* bit i: input i never has a gradient; integers never have one anyway */
    uint32_t parameter_inputs; /* bit i: the gradient of input i is F32 whatever its own type */
    uint32_t stored_inputs;    /* bit i: the gradient of input i is stored, never added */
    /* Makes the inputs of a node for a check (op_check fills the rest); numbers mean what the op's file says. */
    tuff_status (*make)(struct tuff_case *check_case, struct tuff_node *node, const uint32_t *numbers);
    /* Shapes that `tuff check` runs: rows of up to 8 numbers ending with a row of zeros. */
    const uint32_t (*check_shapes)[8];
    /* Those of large batches, for which devices are given other kernels or tiles; NULL where they are given the same. */
    const uint32_t (*large_shapes)[8];
    double tolerance_f32, tolerance_f16; /* of the largest value */
};

/* What op->scratch says; rows 0 where there is none. */
struct tuff_shape tuff_op_scratch(const struct tuff_device *device, const struct tuff_node *node,
                                  bool is_backward);

#define TUFF_OPS(X)                                                                                          \
    X(fetch_tokens)                                                                                          \
    X(embedding)                                                                                             \
    X(linear)                                                                                                \
    X(quantize)                                                                                              \
    X(layer_norm)                                                                                            \
    X(attention)                                                                                             \
    X(gather_rows)                                                                                           \
    X(pool)                                                                                                  \
    X(pair_scores)                                                                                           \
    X(log_softmax)                                                                                           \
    X(cross_entropy)                                                                                         \
    X(span_cross_entropy)                                                                                    \
    X(squared_error)                                                                                         \
    X(binary_cross_entropy)                                                                                  \
    X(lora)

#define TUFF_OP_DECLARE(name) extern const struct tuff_op tuff_op_##name;
TUFF_OPS(TUFF_OP_DECLARE)
#undef TUFF_OP_DECLARE

extern const struct tuff_op *const tuff_ops[];        /* all of them, NULL at the end */
const struct tuff_op *tuff_op_find(const char *name); /* NULL where there is none */

#endif
