/* SPDX-License-Identifier: Apache-2.0 */
/* Linear: y = residual + dropout(activation(x weight^T + bias)).
 *
 *   inputs   0 x (M, K)   1 weight (N', K) in panels, or (N, K) in blocks   2 bias F32 (1, N') or none   3 residual (M, N) or none
 *            4 seed I32 (1, 4) where there is dropout
 *   outputs  0 y (M, N) of x's type, F32 with params.linear.output_f32; x and weight I8: F16, or F32 so
 *            1 what activation is applied to (M, N), in training with an activation
 *
 * Backward uses x, the weight and output 1.
 *
 * Column n of y is output params.linear.first_output + n of the weight, so that a vocabulary can be taken in
 * pieces. */
#include "ops/linear.h"

#include <math.h>

#include "base/random.h"
#include "ops/check.h"
#include "ops/expect.h"
#include "ops/matmul.h"

enum {
    X = TUFF_LINEAR_X,
    WEIGHT = TUFF_LINEAR_WEIGHT,
    BIAS = TUFF_LINEAR_BIAS,
    RESIDUAL = TUFF_LINEAR_RESIDUAL,
    SEED = TUFF_LINEAR_SEED
};
enum { Y = TUFF_LINEAR_Y, SUM = TUFF_LINEAR_SUM };

static bool is_int8(const struct tuff_node *node) {
    return node->inputs[X] && node->inputs[X]->shape.type == TUFF_TYPE_I8;
}

/* Of what is not a factor. */
static enum tuff_type float_type(const struct tuff_node *node) {
    if (!is_int8(node))
        return node->inputs[X]->shape.type;
    return node->params.linear.output_f32 ? TUFF_TYPE_F32 : TUFF_TYPE_F16;
}

static tuff_status expect_weight(const struct tuff_node *node) {
    if (!is_int8(node))
        TUFF_TRY(tuff_expect_float(node, X, "x", 0, 0));
    else if (node->is_training)
        return tuff_fail(TUFF_UNSUPPORTED, "linear: weights of 8 bits are not trained");
    const struct tuff_shape *x = &node->inputs[X]->shape;
    TUFF_TRY(tuff_expect(node, WEIGHT, "the weight", x->type, 0, x->cols));
    const struct tuff_shape *weight = &node->inputs[WEIGHT]->shape;
    const uint32_t count = node->params.linear.output_count;
    bool takes_blocks = (!node->is_training || node->inputs[WEIGHT]->transposed) &&
                        weight->rows % TUFF_BLOCK_ROWS == 0 && node->params.linear.first_output == 0 &&
                        (count == 0 || count == weight->rows);
    if (weight->layout != TUFF_LAYOUT_PANELS && !(weight->layout == TUFF_LAYOUT_BLOCKS && takes_blocks))
        return tuff_fail(TUFF_ARGUMENT, "linear: the weight does not lie in panels, nor in whole blocks");
    if (node->inputs[BIAS])
        TUFF_TRY(tuff_expect(node, BIAS, "the bias", TUFF_TYPE_F32, 1, weight->rows));
    return TUFF_OK;
}

static tuff_status shape(const struct tuff_device *device, const struct tuff_node *node,
                         struct tuff_shape outputs[TUFF_MAX_OUTPUTS]) {
    (void)device;
    TUFF_TRY(expect_weight(node));
    const struct tuff_shape *x = &node->inputs[X]->shape;
    uint32_t weight_rows = node->inputs[WEIGHT]->shape.rows;
    uint32_t first = node->params.linear.first_output;
    uint32_t count = node->params.linear.output_count;
    if (first >= weight_rows || count > weight_rows - first)
        return tuff_fail(TUFF_ARGUMENT, "linear: outputs %u to %u of a weight with %u", first, first + count,
                         weight_rows);
    if (first %
        TUFF_ROW_ALIGN) /* so that the padding of y's gradient meets outputs or padding of the weight */
        return tuff_fail(TUFF_ARGUMENT, "linear: the first output, %u, is no multiple of %d", first,
                         TUFF_ROW_ALIGN);
    count = count ? count : weight_rows - first;
    if (node->inputs[RESIDUAL])
        TUFF_TRY(tuff_expect(node, RESIDUAL, "the residual", float_type(node), x->rows, count));
    TUFF_TRY(tuff_expect_seed(node, SEED, &node->params.linear.dropout));
    bool has_exponents = node->params.linear.x_exponent != 0 || node->params.linear.y_exponent != 0;
    if (has_exponents && (node->is_training || float_type(node) != TUFF_TYPE_F16))
        return tuff_fail(TUFF_ARGUMENT, "linear: exponents are for f16, and not for training");
    if (node->params.linear.f16_arithmetic && (node->is_training || x->type != TUFF_TYPE_F16))
        return tuff_fail(TUFF_ARGUMENT, "linear: arithmetic in f16 is for f16, and not for training");
    outputs[Y] =
        (struct tuff_shape){ .type = node->params.linear.output_f32 ? TUFF_TYPE_F32 : float_type(node),
                             .rows = x->rows,
                             .cols = count };
    if (node->is_training && node->params.linear.activation != TUFF_ACTIVATION_NONE)
        outputs[SUM] = (struct tuff_shape){ .type = x->type, .rows = x->rows, .cols = count };
    return TUFF_OK;
}

static struct tuff_matmul forward_product(const struct tuff_node *node) {
    return (struct tuff_matmul){
        .x = node->inputs[X],
        .weight = node->inputs[WEIGHT],
        .bias = node->inputs[BIAS],
        .residual = node->inputs[RESIDUAL],
        .seed = node->inputs[SEED],
        .y = node->outputs[Y],
        .sum = node->outputs[SUM],
        .scratch = node->scratch,
        .activation = node->params.linear.activation,
        .dropout = node->params.linear.dropout,
        .first_output = node->params.linear.first_output,
        .x_exponent = node->params.linear.x_exponent,
        .y_exponent = node->params.linear.y_exponent,
        .f16_arithmetic = node->params.linear.f16_arithmetic,
    };
}

static tuff_status forward(struct tuff_device *device, struct tuff_recording *recording,
                           const struct tuff_node *node) {
    const struct tuff_matmul product = forward_product(node);
    return tuff_matmul_run(device, recording, &product);
}

static struct tuff_shape scratch(const struct tuff_device *device, const struct tuff_node *node,
                                 bool is_backward) {
    const struct tuff_matmul product = forward_product(node);
    return is_backward ? tuff_linear_backward_scratch(device, node) : tuff_matmul_scratch(device, &product);
}

/* ---------------------------------------------------------------- reference */

static const double SQRT_HALF = 0.70710678118654752440;
static const double SQRT_2_OVER_PI = 0.79788456080286535588;
static const double INVERSE_SQRT_2_PI = 0.39894228040143267794;

static double activate(enum tuff_activation activation, double x) {
    switch (activation) {
    case TUFF_ACTIVATION_GELU:
        return x * (1 + erf(x * SQRT_HALF)) / 2;
    case TUFF_ACTIVATION_GELU_NEW:
        return x * (1 + tanh(SQRT_2_OVER_PI * (x + 0.044715 * x * x * x))) / 2;
    case TUFF_ACTIVATION_RELU:
        return fmax(x, 0);
    case TUFF_ACTIVATION_SILU:
        return x / (1 + exp(-x));
    case TUFF_ACTIVATION_TANH:
        return tanh(x);
    default:
        return x;
    }
}

static double slope(enum tuff_activation activation, double x) {
    double t = tanh(SQRT_2_OVER_PI * (x + 0.044715 * x * x * x));
    double sigmoid = 1 / (1 + exp(-x));
    switch (activation) {
    case TUFF_ACTIVATION_GELU:
        return (1 + erf(x * SQRT_HALF)) / 2 + x * exp(-x * x / 2) * INVERSE_SQRT_2_PI;
    case TUFF_ACTIVATION_GELU_NEW:
        return (1 + t) / 2 + x / 2 * (1 - t * t) * SQRT_2_OVER_PI * (1 + 3 * 0.044715 * x * x);
    case TUFF_ACTIVATION_RELU:
        return x > 0;
    case TUFF_ACTIVATION_SILU:
        return sigmoid * (1 + x * (1 - sigmoid));
    case TUFF_ACTIVATION_TANH:
        return 1 - tanh(x) * tanh(x);
    default:
        return 1;
    }
}

static struct tuff_seed seed_of(const struct tuff_node *node) {
    struct tuff_seed seed = { { 0 } };
    for (uint32_t i = 0; node->inputs[SEED] && i < 4; i++)
        seed.words[i] = (uint32_t)(int32_t)node->inputs[SEED]->reference[i];
    return seed;
}

static double survival(const struct tuff_node *node, const struct tuff_seed *seed, uint32_t row,
                       uint32_t col) {
    const struct tuff_dropout *dropout = &node->params.linear.dropout;
    if (!(dropout->probability > 0))
        return 1;
    return tuff_dropout_factor(seed, dropout->probability, dropout->stream, 0, row, col);
}

static double sum_at(const struct tuff_node *node, uint32_t row, uint32_t col) {
    uint32_t inner = node->inputs[X]->shape.cols;
    uint32_t output = node->params.linear.first_output + col;
    const double *x = node->inputs[X]->reference + (size_t)row * inner;
    const double *weight = node->inputs[WEIGHT]->reference + (size_t)output * inner;
    double sum = node->inputs[BIAS] ? node->inputs[BIAS]->reference[output] : 0;
    const double factor = ldexp(1, node->params.linear.x_exponent);
    for (uint32_t k = 0; k < inner; k++)
        sum += x[k] * factor * weight[k];
    return sum;
}

static void reference_forward(const struct tuff_node *node) {
    const struct tuff_shape *y = &node->outputs[Y]->shape;
    struct tuff_seed seed = seed_of(node);
    for (uint32_t row = 0; row < y->rows; row++)
        for (uint32_t col = 0; col < y->cols; col++) {
            size_t at = (size_t)row * y->cols + col;
            double sum = sum_at(node, row, col);
            double residual = node->inputs[RESIDUAL] ? node->inputs[RESIDUAL]->reference[at] : 0;
            double value =
                residual + activate(node->params.linear.activation, sum) * survival(node, &seed, row, col);
            node->outputs[Y]->reference[at] = ldexp(value, -node->params.linear.y_exponent);
            if (node->outputs[SUM])
                node->outputs[SUM]->reference[at] = sum;
        }
}

static void add(const struct tuff_tensor *tensor, size_t at, double value) {
    if (tensor)
        tensor->reference[at] += value;
}

static void reference_backward(const struct tuff_node *node) {
    const struct tuff_shape *y = &node->outputs[Y]->shape;
    uint32_t inner = node->inputs[X]->shape.cols;
    struct tuff_seed seed = seed_of(node);
    for (uint32_t row = 0; row < y->rows; row++)
        for (uint32_t col = 0; col < y->cols; col++) {
            uint32_t output = node->params.linear.first_output + col;
            double d_y = node->d_outputs[Y]->reference[(size_t)row * y->cols + col];
            double d_sum = d_y * survival(node, &seed, row, col) *
                           slope(node->params.linear.activation, sum_at(node, row, col));
            add(node->d_inputs[RESIDUAL], (size_t)row * y->cols + col, d_y);
            add(node->d_inputs[BIAS], output, d_sum);
            for (uint32_t k = 0; k < inner; k++) {
                add(node->d_inputs[X], (size_t)row * inner + k,
                    d_sum * node->inputs[WEIGHT]->reference[(size_t)output * inner + k]);
                add(node->d_inputs[WEIGHT], (size_t)output * inner + k,
                    d_sum * node->inputs[X]->reference[(size_t)row * inner + k]);
            }
        }
}

/* ---------------------------------------------------------------- checks */

enum { WITH_BIAS = 1, WITH_RESIDUAL = 2, WITH_F32 = 4, WITH_WINDOW = 8, WITH_ROOM = 32 };

/* numbers: M, K, N, activation, options (1 bias, 2 residual, 4 output_f32, 8 a weight with more outputs than
 * y, 16 TUFF_LINEAR_INT8, 32 in f16 values up to 2^24, held
 * divided by 2^8, 64 TUFF_LINEAR_F16_ARITHMETIC), dropout in percent. The weights' scale keeps y near 1. */
static tuff_status make(struct tuff_case *check_case, struct tuff_node *node, const uint32_t *numbers) {
    uint32_t rows = numbers[0], inner = numbers[1], cols = numbers[2], options = numbers[4];
    enum tuff_type type = check_case->type;
    uint32_t weight_rows = cols;
    node->params.linear.activation = (enum tuff_activation)numbers[3];
    node->params.linear.output_f32 = (options & WITH_F32) != 0;
    node->params.linear.dropout = (struct tuff_dropout){ (float)numbers[5] / 100, 5 };
    double x_scale = 1;
    if ((options & WITH_ROOM) && type == TUFF_TYPE_F16 && !node->is_training) {
        node->params.linear.x_exponent = node->params.linear.y_exponent = 8;
        x_scale = options & TUFF_LINEAR_F16_ARITHMETIC ? 0x1p-8 : 1e4; /* which would pass products in f16 */
    }
    if ((options & TUFF_LINEAR_F16_ARITHMETIC) && type == TUFF_TYPE_F16 && !node->is_training) {
        node->params.linear.f16_arithmetic = true;
        check_case->tolerance = 4e-3;
    }
    if (options & WITH_WINDOW) {
        node->params.linear.first_output = 8;
        node->params.linear.output_count = cols;
        weight_rows = cols + 13;
    }
    if (options & TUFF_LINEAR_INT8)
        node->params.linear.output_f32 = type == TUFF_TYPE_F32;
    enum tuff_type factors = options & TUFF_LINEAR_INT8 ? TUFF_TYPE_I8 : type;
    TUFF_TRY(tuff_case_random(check_case, factors, TUFF_LAYOUT_ROWS, rows, inner, x_scale, &node->inputs[X]));
    /* As a model has it, the windows of a vocabulary apart. */
    enum tuff_layout layout =
        options & WITH_WINDOW
            ? TUFF_LAYOUT_PANELS
            : tuff_matmul_layout(check_case->device, factors, weight_rows, inner, node->is_training);
    TUFF_TRY(tuff_case_random(check_case, factors, layout, weight_rows, inner, 1 / sqrt(inner),
                              &node->inputs[WEIGHT]));
    if (node->is_training && layout == TUFF_LAYOUT_BLOCKS)
        TUFF_TRY(tuff_case_transpose(check_case, node->inputs[WEIGHT]));
    if (options & WITH_BIAS)
        TUFF_TRY(tuff_case_random(check_case, TUFF_TYPE_F32, TUFF_LAYOUT_ROWS, 1, weight_rows, 1,
                                  &node->inputs[BIAS]));
    if (options & WITH_RESIDUAL)
        TUFF_TRY(
            tuff_case_random(check_case, type, TUFF_LAYOUT_ROWS, rows, cols, 1, &node->inputs[RESIDUAL]));
    return tuff_case_ints(check_case, 1, 4, (const int32_t[]){ 12345, -678, 9, 0 }, &node->inputs[SEED]);
}

static const uint32_t check_shapes[][8] = {
    { 1, 96, 96, TUFF_ACTIVATION_TANH, WITH_BIAS },
    { 130, 384, 100, TUFF_ACTIVATION_GELU, WITH_BIAS },
    { 65, 100, 130, TUFF_ACTIVATION_NONE, WITH_BIAS | WITH_RESIDUAL },
    { 43, 200, 48, TUFF_ACTIVATION_GELU, WITH_BIAS | WITH_RESIDUAL },
    { 37, 72, 64, TUFF_ACTIVATION_NONE, WITH_RESIDUAL },
    { 41, 48, 80, TUFF_ACTIVATION_GELU, WITH_BIAS | WITH_RESIDUAL, 10 },
    { 33, 64, 31, TUFF_ACTIVATION_NONE, WITH_BIAS | WITH_F32 | WITH_WINDOW },
    { 17, 768, 65, TUFF_ACTIVATION_GELU_NEW, WITH_BIAS | WITH_RESIDUAL, 10 },
    { 9, 40, 24, TUFF_ACTIVATION_SILU, 0 },
    { 9, 40, 24, TUFF_ACTIVATION_RELU, 0 },
    { 33, 40, 66, TUFF_ACTIVATION_GELU, WITH_BIAS | WITH_RESIDUAL | WITH_ROOM },
    { 0 },
};

/* Rows enough for the largest tile of any device, forward and backward, and columns for most of it; few products, since
 * the reference is slow. The inner size is whole turns, as matmul_subgroup asks. */
static const uint32_t large_shapes[][8] = {
    { 4100, 112, 104, TUFF_ACTIVATION_GELU, WITH_BIAS | WITH_RESIDUAL },
    { 0 },
};

const struct tuff_op tuff_op_linear = {
    .name = "linear",
    .shape = shape,
    .forward = forward,
    .backward = tuff_linear_backward,
    .scratch = scratch,
    .reference_forward = reference_forward,
    .reference_backward = reference_backward,
    .parameter_inputs = 1 << WEIGHT,
    .make = make,
    .check_shapes = check_shapes,
    .large_shapes = large_shapes,
    .tolerance_f32 = 3e-6, /* sums in single precision of up to some thousand products */
    .tolerance_f16 = 1e-3, /* half a unit of the last of 11 bits */
};
