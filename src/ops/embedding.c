/* SPDX-License-Identifier: Apache-2.0 */
/* Embedding: y = dropout(layer_norm(word[id] + position[p] + type[t])) for each token, in one kernel for
 * inference.
 *
 *   inputs   0 word (V, H), rows or panels
 *            1 position (P, H)   2 type (T, H)   3 gamma F32 (1, H)   4 beta F32 (1, H)
 *            5 tokens I32 (M, 4): word id, position, token type, 0
 *            6 lists I32 (3 * M, 4) of ops/scatter_rows.h, by word, by position and by type, for backward alone
 *            7 seed I32 (1, 4) where there is dropout
 *   outputs  0 y (M, H) of the tables' type
 *            in training: 1 stats F32 (M, 2), mean and rstd   2 the sum before the norm (M, H)
 *            3 room for its gradient (M, H), which forward fills with zeros
 *
 * With params.embedding.word_is_row, word is (M, H): the words' rows, gathered before. The host has refused
 * ids and positions beyond the tables. The list by word leaves the padding id out, which gets no gradient
 * from the look-up. */
#include "kernels/embedding_forward.h"
#include "kernels/embedding_sum.h"
#include "ops/check.h"
#include "ops/expect.h"
#include "ops/scatter_rows.h"
#include "ops/teams.h"

enum { WORD, POSITION, TYPE, GAMMA, BETA, TOKENS, LISTS, SEED };
enum { Y, STATS, SUM, D_SUM };

static tuff_status shape(const struct tuff_device *device, const struct tuff_node *node,
                         struct tuff_shape outputs[TUFF_MAX_OUTPUTS]) {
    (void)device;
    TUFF_TRY(tuff_expect_float(node, WORD, "the word table", 0, 0));
    enum tuff_type type = node->inputs[WORD]->shape.type;
    uint32_t cols = node->inputs[WORD]->shape.cols;
    TUFF_TRY(tuff_expect(node, TOKENS, "tokens", TUFF_TYPE_I32, 0, 4));
    uint32_t rows = node->inputs[TOKENS]->shape.rows;
    if (node->params.embedding.word_is_row)
        TUFF_TRY(tuff_expect_float(node, WORD, "the gathered words", rows, 0));
    TUFF_TRY(tuff_expect(node, POSITION, "the position table", type, 0, cols));
    TUFF_TRY(tuff_expect(node, TYPE, "the type table", type, 0, cols));
    TUFF_TRY(tuff_expect(node, GAMMA, "gamma", TUFF_TYPE_F32, 1, cols));
    TUFF_TRY(tuff_expect(node, BETA, "beta", TUFF_TYPE_F32, 1, cols));
    if (node->inputs[LISTS])
        TUFF_TRY(tuff_expect(node, LISTS, "lists", TUFF_TYPE_I32, 3 * rows, 4));
    TUFF_TRY(tuff_expect_seed(node, SEED, &node->params.embedding.dropout));
    outputs[Y] = (struct tuff_shape){ .type = type, .rows = rows, .cols = cols };
    if (!node->is_training)
        return TUFF_OK;
    outputs[STATS] = (struct tuff_shape){ .type = TUFF_TYPE_F32, .rows = rows, .cols = 2 };
    outputs[SUM] = outputs[D_SUM] = outputs[Y];
    return TUFF_OK;
}

/* The layer norm inside: from x to this node's y. */
static struct tuff_node norm_of(const struct tuff_node *node, struct tuff_tensor *x) {
    struct tuff_node norm = { .op = &tuff_op_layer_norm, .is_training = node->is_training };
    norm.params.layer_norm.epsilon = node->params.embedding.epsilon;
    norm.params.layer_norm.dropout = node->params.embedding.dropout;
    norm.inputs[0] = x;
    norm.inputs[1] = node->inputs[GAMMA];
    norm.inputs[2] = node->inputs[BETA];
    norm.inputs[3] = node->inputs[SEED];
    norm.outputs[0] = node->outputs[Y];
    norm.outputs[1] = node->outputs[STATS];
    return norm;
}

static struct tuff_node norm_with_gradients(const struct tuff_node *node) {
    struct tuff_node norm = norm_of(node, node->outputs[SUM]);
    norm.d_outputs[0] = node->d_outputs[Y];
    norm.d_inputs[0] = node->outputs[D_SUM];
    for (uint32_t i = 0; i < 2; i++) {
        norm.d_inputs[1 + i] = node->d_inputs[GAMMA + i];
        norm.accumulates[1 + i] = node->accumulates[GAMMA + i];
    }
    return norm;
}

static tuff_status record_sum(struct tuff_recording *recording, const struct tuff_node *node) {
    const struct tuff_tensor *word = node->inputs[WORD];
    const struct tuff_tensor *sum = node->outputs[SUM];
    uint32_t groups = tuff_padded(sum->shape.cols) / 4;
    return tuff_run_embedding_sum(recording, tuff_is_f16(word), tuff_grid_elements(sum->shape.rows, groups),
                                  &(struct tuff_embedding_sum){
                                      .word = word->slice,
                                      .position = node->inputs[POSITION]->slice,
                                      .type = node->inputs[TYPE]->slice,
                                      .tokens = node->inputs[TOKENS]->slice,
                                      .y = sum->slice,
                                      .push = { .rows = sum->shape.rows,
                                                .groups = groups,
                                                .word_row_step = tuff_shape_row_step(&word->shape),
                                                .word_group_step = tuff_shape_group_step(&word->shape),
                                                .word_is_row = node->params.embedding.word_is_row },
                                  });
}

static tuff_status forward_training(struct tuff_device *device, struct tuff_recording *recording,
                                    const struct tuff_node *node) {
    const struct tuff_node norm = norm_of(node, node->outputs[SUM]);
    TUFF_TRY(record_sum(recording, node));
    TUFF_TRY(tuff_record_fill(recording, node->outputs[D_SUM]->slice, 0));
    return tuff_op_layer_norm.forward(device, recording, &norm);
}

static tuff_status forward(struct tuff_device *device, struct tuff_recording *recording,
                           const struct tuff_node *node) {
    if (node->is_training)
        return forward_training(device, recording, node);
    const struct tuff_tensor *word = node->inputs[WORD];
    const struct tuff_tensor *y = node->outputs[Y];
    const struct tuff_teams teams = tuff_teams_for(device, y->shape.rows, y->shape.cols);
    return tuff_run_embedding_forward(recording, tuff_is_f16(word) + 2 * teams.uses_subgroups, teams.grid,
                                      &(struct tuff_embedding_forward){
                                          .word = word->slice,
                                          .position = node->inputs[POSITION]->slice,
                                          .type = node->inputs[TYPE]->slice,
                                          .gamma = node->inputs[GAMMA]->slice,
                                          .beta = node->inputs[BETA]->slice,
                                          .tokens = node->inputs[TOKENS]->slice,
                                          .y = y->slice,
                                          .push = { .rows = y->shape.rows,
                                                    .cols = y->shape.cols,
                                                    .groups = tuff_padded(y->shape.cols) / 4,
                                                    .word_row_step = tuff_shape_row_step(&word->shape),
                                                    .word_group_step = tuff_shape_group_step(&word->shape),
                                                    .word_is_row = node->params.embedding.word_is_row,
                                                    .epsilon = node->params.embedding.epsilon },
                                          .spec = { .workgroup_size = teams.workgroup_size,
                                                    .team_size = teams.team_size,
                                                    .rows_per_workgroup = teams.rows_per_workgroup },
                                      });
}

static struct tuff_scatter scatter_to(const struct tuff_node *node, uint32_t table) {
    return (struct tuff_scatter){
        .x = node->outputs[D_SUM],
        .list = node->inputs[LISTS],
        .list_first = table * node->outputs[Y]->shape.rows,
        .y = node->d_inputs[table],
        .has_long_segments = table == TYPE,
    };
}

static tuff_status backward(struct tuff_device *device, struct tuff_recording *recording,
                            const struct tuff_node *node) {
    if (!node->inputs[LISTS])
        return tuff_fail(TUFF_ARGUMENT, "embedding: backward needs the sorted lists of look-ups");
    const struct tuff_node norm = norm_with_gradients(node);
    TUFF_TRY(tuff_op_layer_norm.backward(device, recording, &norm));
    for (uint32_t table = WORD; table <= TYPE; table++) {
        const struct tuff_tensor *gradient = node->d_inputs[table];
        const struct tuff_scatter scatter = scatter_to(node, table);
        if (gradient && !node->accumulates[table])
            TUFF_TRY(tuff_record_fill(recording, gradient->slice, 0));
        if (gradient)
            TUFF_TRY(tuff_scatter_record(device, recording, &scatter));
    }
    return TUFF_OK;
}

/* ---------------------------------------------------------------- reference */

static void reference_sum(const struct tuff_node *node, double *sum) {
    const struct tuff_shape *y = &node->outputs[Y]->shape;
    uint32_t cols = y->cols;
    for (uint32_t row = 0; row < y->rows; row++) {
        const double *token = node->inputs[TOKENS]->reference + 4 * (size_t)row;
        size_t word = node->params.embedding.word_is_row ? row : (size_t)token[0];
        for (uint32_t col = 0; col < cols; col++)
            sum[(size_t)row * cols + col] = node->inputs[WORD]->reference[word * cols + col] +
                                            node->inputs[POSITION]->reference[(size_t)token[1] * cols + col] +
                                            node->inputs[TYPE]->reference[(size_t)token[2] * cols + col];
    }
}

/* In inference y holds the sum first; the norm works in place. */
static void reference_forward(const struct tuff_node *node) {
    struct tuff_tensor *sum = node->is_training ? node->outputs[SUM] : node->outputs[Y];
    const struct tuff_node norm = norm_of(node, sum);
    reference_sum(node, sum->reference);
    tuff_op_layer_norm.reference_forward(&norm);
}

static void reference_backward(const struct tuff_node *node) {
    const struct tuff_node norm = norm_with_gradients(node);
    const struct tuff_tensor *d_sum = node->outputs[D_SUM];
    for (size_t i = 0; i < (size_t)d_sum->shape.rows * d_sum->shape.cols; i++)
        d_sum->reference[i] = 0;
    tuff_op_layer_norm.reference_backward(&norm);
    for (uint32_t table = WORD; table <= TYPE; table++) {
        const struct tuff_scatter scatter = scatter_to(node, table);
        if (scatter.y)
            tuff_scatter_reference(&scatter);
    }
}

/* ---------------------------------------------------------------- checks */

enum { MAX_CHECKED = 256, TABLE_ROWS = 17, TYPES = 2 };

static tuff_status make_tokens(struct tuff_case *check_case, struct tuff_node *node, uint32_t rows) {
    int32_t tokens[4 * MAX_CHECKED], lists[3 * 4 * MAX_CHECKED];
    bool word_is_row = node->params.embedding.word_is_row;
    for (uint32_t i = 0; i < rows; i++) {
        tokens[4 * i] = word_is_row ? (int32_t)i : (int32_t)tuff_case_draw(check_case, TABLE_ROWS);
        tokens[4 * i + 1] = (int32_t)tuff_case_draw(check_case, TABLE_ROWS);
        tokens[4 * i + 2] = (int32_t)tuff_case_draw(check_case, TYPES);
        tokens[4 * i + 3] = 0;
    }
    for (uint32_t table = WORD; table <= TYPE; table++)
        TUFF_TRY(tuff_scatter_list(tokens + table, 4, rows, table == WORD && !word_is_row ? 0 : -1,
                                   lists + (size_t)table * 4 * rows));
    TUFF_TRY(tuff_case_ints(check_case, rows, 4, tokens, &node->inputs[TOKENS]));
    return tuff_case_ints(check_case, 3 * rows, 4, lists, &node->inputs[LISTS]);
}

/* numbers: tokens (at most 256), cols, whether the words lie in panels, whether they are gathered, dropout in
 * percent (in training alone). */
static tuff_status make(struct tuff_case *check_case, struct tuff_node *node, const uint32_t *numbers) {
    uint32_t rows = numbers[0] < MAX_CHECKED ? numbers[0] : MAX_CHECKED;
    uint32_t cols = numbers[1];
    enum tuff_type type = check_case->type;
    enum tuff_layout layout = numbers[2] ? TUFF_LAYOUT_PANELS : TUFF_LAYOUT_ROWS;
    node->params.embedding.epsilon = 1e-12f;
    node->params.embedding.word_is_row = numbers[3];
    node->params.embedding.dropout = (struct tuff_dropout){ (float)numbers[4] / 100, 1 };
    TUFF_TRY(tuff_case_random(check_case, type, layout, numbers[3] ? rows : TABLE_ROWS, cols, 1,
                              &node->inputs[WORD]));
    TUFF_TRY(
        tuff_case_random(check_case, type, TUFF_LAYOUT_ROWS, TABLE_ROWS, cols, 1, &node->inputs[POSITION]));
    TUFF_TRY(tuff_case_random(check_case, type, TUFF_LAYOUT_ROWS, TYPES, cols, 1, &node->inputs[TYPE]));
    TUFF_TRY(tuff_case_random(check_case, TUFF_TYPE_F32, TUFF_LAYOUT_ROWS, 1, cols, 1, &node->inputs[GAMMA]));
    TUFF_TRY(tuff_case_random(check_case, TUFF_TYPE_F32, TUFF_LAYOUT_ROWS, 1, cols, 1, &node->inputs[BETA]));
    TUFF_TRY(tuff_case_ints(check_case, 1, 4, (const int32_t[]){ 5, 77, 1, 0 }, &node->inputs[SEED]));
    return make_tokens(check_case, node, rows);
}

static const uint32_t check_shapes[][8] = { { 40, 96 }, { 33, 384, 1 }, { 21, 31, 0, 1 }, { 0 } };

static const uint32_t large_shapes[][8] = { { 1024, 384 }, { 1024, 768 }, { 0 } };

const struct tuff_op tuff_op_embedding = {
    .name = "embedding",
    .shape = shape,
    .forward = forward,
    .backward = backward,
    .reference_forward = reference_forward,
    .reference_backward = reference_backward,
    .parameter_inputs = 1 << WORD | 1 << POSITION | 1 << TYPE,
    .make = make,
    .check_shapes = check_shapes,
    .large_shapes = large_shapes,
    .tolerance_f32 = 3e-6,
    .tolerance_f16 = 4e-3, /* training rounds the sum and its gradient to halves */
};
