/* SPDX-License-Identifier: Apache-2.0 */
/* Attention over packed sequences: context = dropout(softmax(q k^T * scale)) v for each head, scale being
 * 1 / sqrt(head_size).
 *
 *   inputs   0 qkv (M, 3 * heads * head_stride): queries of all heads, keys, values
 *            1 tiles I32 (T, 4): see ops/attention.h    2 key tiles I32 (U, 4), to train through
 *            3 seed I32 (1, 4), where there is dropout
 *   outputs  0 context (M, heads * head_stride) of qkv's type, for the rows that tiles name
 *            1 stats F32 (M, 2 * heads), in training: of each head the log-sum-exp of the scaled scores, and
 *            a place where backward keeps the row sum of context * d_context
 *
 * Scores are sums over head_stride columns: those beyond head_size hold zeros in q and k. Dropout's element
 * is (query row, key counted in its sequence) in the plane of the head. Backward uses qkv, context and stats.
 */
#include "ops/attention.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/random.h"
#include "ops/attention_kernels.h"
#include "ops/check.h"
#include "ops/expect.h"

static tuff_status shape(const struct tuff_device *device, const struct tuff_node *node,
                         struct tuff_shape outputs[TUFF_MAX_OUTPUTS]) {
    (void)device;
    if (node->params.attention.head_stride > TUFF_ATTENTION_COLUMNS)
        return tuff_fail(TUFF_UNSUPPORTED, "attention heads have %u columns; at most %d can be computed",
                         node->params.attention.head_stride, TUFF_ATTENTION_COLUMNS);
    const uint32_t width = node->params.attention.head_count * node->params.attention.head_stride;
    TUFF_TRY(tuff_expect_float(node, TUFF_ATTENTION_QKV, "qkv", 0, 3 * width));
    TUFF_TRY(tuff_expect(node, TUFF_ATTENTION_TILES, "tiles", TUFF_TYPE_I32, 0, 4));
    if (node->inputs[TUFF_ATTENTION_KEY_TILES])
        TUFF_TRY(tuff_expect(node, TUFF_ATTENTION_KEY_TILES, "key tiles", TUFF_TYPE_I32, 0, 4));
    TUFF_TRY(tuff_expect_seed(node, TUFF_ATTENTION_SEED, &node->params.attention.dropout));
    const struct tuff_shape *qkv = &node->inputs[TUFF_ATTENTION_QKV]->shape;
    outputs[TUFF_ATTENTION_CONTEXT] =
        (struct tuff_shape){ .type = qkv->type, .rows = qkv->rows, .cols = width };
    if (node->is_training)
        outputs[TUFF_ATTENTION_STATS] = (struct tuff_shape){ .type = TUFF_TYPE_F32,
                                                             .rows = qkv->rows,
                                                             .cols = 2 * node->params.attention.head_count };
    return TUFF_OK;
}

double tuff_attention_scale(const union tuff_params *params) {
    return ldexp(1 / sqrt(params->attention.head_size), 2 * params->attention.exponent);
}

/* ---------------------------------------------------------------- reference */

/* One tile of one head in plain arrays. */
struct view {
    const struct tuff_node *node;
    uint32_t head;
    uint32_t first_query, query_count, first_key, key_count;
    bool is_uniform;
    struct tuff_seed seed;
    double *p; /* (key_count) of the query at hand, before dropout */
};

static double *row_of(const struct tuff_node *node, double *qkv, uint32_t part, uint32_t head, uint32_t row) {
    const uint32_t heads = node->params.attention.head_count;
    return qkv + ((size_t)row * 3 * heads + part * heads + head) * node->params.attention.head_stride;
}

static double *context_row(const struct view *view, double *context, uint32_t row) {
    return context + ((size_t)row * view->node->params.attention.head_count + view->head) *
                         view->node->params.attention.head_stride;
}

static double dot(const double *a, const double *b, uint32_t count) {
    double sum = 0;
    for (uint32_t i = 0; i < count; i++)
        sum += a[i] * b[i];
    return sum;
}

/* What dropout multiplies the probability of a key with. */
static double survival(const struct view *view, uint32_t row, uint32_t key) {
    const struct tuff_dropout *dropout = &view->node->params.attention.dropout;
    if (dropout->probability <= 0)
        return 1;
    return tuff_dropout_factor(&view->seed, dropout->probability, dropout->stream, view->head, row, key);
}

/* Fills p for one query; returns the log-sum-exp. */
static double probabilities(const struct view *view, uint32_t row) {
    const struct tuff_node *node = view->node;
    const double scale = view->is_uniform ? 0 : tuff_attention_scale(&node->params);
    const double *query = row_of(node, node->inputs[TUFF_ATTENTION_QKV]->reference, 0, view->head, row);
    double top = -INFINITY;
    double total = 0;
    for (uint32_t k = 0; k < view->key_count; k++) {
        const double *key =
            row_of(node, node->inputs[TUFF_ATTENTION_QKV]->reference, 1, view->head, view->first_key + k);
        view->p[k] = dot(query, key, node->params.attention.head_stride) * scale;
        top = fmax(top, view->p[k]);
    }
    for (uint32_t k = 0; k < view->key_count; k++)
        total += exp(view->p[k] - top);
    for (uint32_t k = 0; k < view->key_count; k++)
        view->p[k] = exp(view->p[k] - top) / total;
    return view->key_count > 0 ? top + log(total) : 0;
}

static void forward_query(const struct view *view, uint32_t row) {
    const struct tuff_node *node = view->node;
    const uint32_t size = node->params.attention.head_stride;
    double *out = context_row(view, node->outputs[TUFF_ATTENTION_CONTEXT]->reference, row);
    double log_sum = probabilities(view, row);
    for (uint32_t d = 0; d < size; d++)
        out[d] = 0;
    for (uint32_t k = 0; k < view->key_count; k++) {
        const double *value =
            row_of(node, node->inputs[TUFF_ATTENTION_QKV]->reference, 2, view->head, view->first_key + k);
        for (uint32_t d = 0; d < size; d++)
            out[d] += view->p[k] * survival(view, row, k) * value[d];
    }
    if (node->outputs[TUFF_ATTENTION_STATS]) {
        double *stats = node->outputs[TUFF_ATTENTION_STATS]->reference;
        size_t at = ((size_t)row * node->params.attention.head_count + view->head) * 2;
        stats[at] = log_sum;
        stats[at + 1] = 0;
    }
}

static void backward_of_query(const struct view *view, uint32_t row) {
    const struct tuff_node *node = view->node;
    const uint32_t size = node->params.attention.head_stride;
    const double scale = tuff_attention_scale(&node->params);
    double *qkv = node->inputs[TUFF_ATTENTION_QKV]->reference;
    double *d_qkv = node->d_inputs[TUFF_ATTENTION_QKV]->reference;
    const double *d_out = context_row(view, node->d_outputs[TUFF_ATTENTION_CONTEXT]->reference, row);
    double delta = 0;
    probabilities(view, row);
    for (uint32_t k = 0; k < view->key_count; k++)
        delta += view->p[k] * survival(view, row, k) *
                 dot(d_out, row_of(node, qkv, 2, view->head, view->first_key + k), size);
    for (uint32_t k = 0; k < view->key_count; k++) {
        uint32_t key_row = view->first_key + k;
        double factor = survival(view, row, k);
        double d_p = factor * dot(d_out, row_of(node, qkv, 2, view->head, key_row), size);
        double d_score = scale * view->p[k] * (d_p - delta);
        for (uint32_t d = 0; d < size; d++) {
            row_of(node, d_qkv, 0, view->head, row)[d] +=
                d_score * row_of(node, qkv, 1, view->head, key_row)[d];
            row_of(node, d_qkv, 1, view->head, key_row)[d] +=
                d_score * row_of(node, qkv, 0, view->head, row)[d];
            row_of(node, d_qkv, 2, view->head, key_row)[d] += view->p[k] * factor * d_out[d];
        }
    }
}

static struct tuff_seed seed_of(const struct tuff_node *node) {
    struct tuff_seed seed = { { 0 } };
    for (size_t i = 0; i < 4 && node->inputs[TUFF_ATTENTION_SEED]; i++)
        seed.words[i] = (uint32_t)(int32_t)node->inputs[TUFF_ATTENTION_SEED]->reference[i];
    return seed;
}

/* Calls `body` for each query of each tile and head. */
static void for_each_query(const struct tuff_node *node,
                           void (*body)(const struct view *view, uint32_t row)) {
    struct view view = { .node = node, .seed = seed_of(node) };
    if (tuff_alloc(node->inputs[TUFF_ATTENTION_QKV]->shape.rows, sizeof *view.p, &view.p) != TUFF_OK)
        return;
    for (uint32_t t = 0; t < node->inputs[TUFF_ATTENTION_TILES]->shape.rows; t++) {
        const double *tile = node->inputs[TUFF_ATTENTION_TILES]->reference + (size_t)t * 4;
        view.first_key = (uint32_t)tile[2];
        view.key_count = (uint32_t)fabs(tile[3]);
        view.is_uniform = tile[3] < 0;
        for (view.head = 0; view.head < node->params.attention.head_count; view.head++)
            for (uint32_t q = 0; q < (uint32_t)tile[1]; q++)
                body(&view, (uint32_t)tile[0] + q);
    }
    tuff_free(view.p);
}

static void reference_forward(const struct tuff_node *node) {
    for_each_query(node, forward_query);
}

static void reference_backward(const struct tuff_node *node) {
    if (node->d_inputs[TUFF_ATTENTION_QKV])
        for_each_query(node, backward_of_query);
}

/* ---------------------------------------------------------------- checks */

enum { CHECK_SPANS = 5 };

/* A long sequence, one with hidden rows, a single token, one where nothing is visible, and padding. */
static void check_spans(const uint32_t *numbers, struct tuff_attention_span spans[CHECK_SPANS],
                        uint32_t *out_rows) {
    const uint32_t rows[CHECK_SPANS] = { numbers[2], numbers[3] + numbers[4], 1, numbers[5], numbers[6] };
    const int32_t keys[CHECK_SPANS] = { (int32_t)numbers[2], (int32_t)numbers[3], 1, -(int32_t)numbers[5],
                                        0 };
    *out_rows = 0;
    for (uint32_t i = 0; i < CHECK_SPANS; i++) {
        spans[i] = (struct tuff_attention_span){ *out_rows, rows[i], keys[i] };
        *out_rows += rows[i];
    }
}

typedef void build_function(const struct tuff_device *device, const struct tuff_attention_span *spans,
                            uint32_t span_count, int32_t *tiles, uint32_t capacity);

static tuff_status make_tiles(struct tuff_case *check_case, const struct tuff_attention_span *spans,
                              uint32_t capacity, build_function *build, struct tuff_tensor **out_tensor) {
    int32_t *tiles = NULL;
    TUFF_TRY(tuff_alloc((size_t)capacity * 4, sizeof *tiles, &tiles));
    build(check_case->device, spans, CHECK_SPANS, tiles, capacity);
    tuff_status status = tuff_case_ints(check_case, capacity, 4, tiles, out_tensor);
    tuff_free(tiles);
    return status;
}

/* numbers: heads, head size, length of the long sequence, visible and hidden rows of the second, rows where
 * nothing is visible, padding rows, dropout in percent. */
static tuff_status make(struct tuff_case *check_case, struct tuff_node *node, const uint32_t *numbers) {
    struct tuff_attention_span spans[CHECK_SPANS];
    uint32_t rows;
    check_spans(numbers, spans, &rows);
    const uint32_t stride = tuff_padded(numbers[1]);
    node->params.attention.head_count = numbers[0];
    node->params.attention.head_size = numbers[1];
    node->params.attention.head_stride = stride;
    node->params.attention.dropout = (struct tuff_dropout){ (float)numbers[7] / 100, 5 };
    TUFF_TRY(tuff_case_random(check_case, check_case->type, TUFF_LAYOUT_ROWS, rows, 3 * numbers[0] * stride,
                              1, &node->inputs[TUFF_ATTENTION_QKV]));
    /* Two more than there are: empty tiles are no work. */
    uint32_t count = tuff_attention_tile_count(check_case->device, spans, CHECK_SPANS) + 2;
    TUFF_TRY(make_tiles(check_case, spans, count, tuff_attention_build_tiles,
                        &node->inputs[TUFF_ATTENTION_TILES]));
    count = tuff_attention_key_tile_count(check_case->device, spans, CHECK_SPANS) + 2;
    TUFF_TRY(make_tiles(check_case, spans, count, tuff_attention_build_key_tiles,
                        &node->inputs[TUFF_ATTENTION_KEY_TILES]));
    return tuff_case_ints(check_case, 1, 4, (const int32_t[]){ 99, -7, 3, 0 },
                          &node->inputs[TUFF_ATTENTION_SEED]);
}

static const uint32_t check_shapes[][8] = {
    { 2, 64, 128, 31, 0, 0, 3 },   { 3, 32, 67, 17, 5, 3, 2 },     { 1, 128, 40, 65, 1, 0, 0 },
    { 2, 20, 33, 9, 2, 2, 1, 10 }, { 4, 64, 97, 16, 0, 0, 0, 50 }, { 0 },
};

const struct tuff_op tuff_op_attention = {
    .name = "attention",
    .shape = shape,
    .forward = tuff_attention_record_forward,
    .backward = tuff_attention_record_backward,
    .reference_forward = reference_forward,
    .reference_backward = reference_backward,
    .make = make,
    .check_shapes = check_shapes,
    .tolerance_f32 = 5e-6, /* sums of a few hundred products and an exponential */
    .tolerance_f16 =
        2e-3, /* half a unit of the last of 11 bits, and of the context that delta is made from */
};
