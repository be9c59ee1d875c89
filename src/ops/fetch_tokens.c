/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens whose ids lie on the device already, made fit for the look-up of embeddings, which takes what it is given.
 *
 *   inputs   0 places I32 (M, 4): whether there is an id, position, whether there is a type, 0
 *            1 ids I32 (2 * M, 1): the word ids of all rows, then the types; where there is none, anything
 *   outputs  0 tokens I32 (M, 4): word id, position, token type, fault of enum tuff_token_fault
 *            1 words I32 (M, 1): the word ids alone
 *
 * What is not below params.fetch_tokens.vocab_size or type_count becomes 0 and is a fault; what is not there is 0. */
#include "kernels/fetch_tokens.h"
#include "ops/check.h"
#include "ops/expect.h"
#include "ops/teams.h"

enum { PLACES, IDS };
enum { Y, WORDS };
enum { WORKGROUP = 64 /* the default in fetch_tokens.comp */ };

static tuff_status shape(const struct tuff_device *device, const struct tuff_node *node,
                         struct tuff_shape outputs[TUFF_MAX_OUTPUTS]) {
    (void)device;
    TUFF_TRY(tuff_expect(node, PLACES, "places", TUFF_TYPE_I32, 0, 4));
    const uint32_t rows = node->inputs[PLACES]->shape.rows;
    TUFF_TRY(tuff_expect(node, IDS, "ids", TUFF_TYPE_I32, 2 * rows, 1));
    outputs[Y] = node->inputs[PLACES]->shape;
    outputs[WORDS] = (struct tuff_shape){ .type = TUFF_TYPE_I32, .rows = rows, .cols = 1 };
    return TUFF_OK;
}

static tuff_status forward(struct tuff_device *device, struct tuff_recording *recording,
                           const struct tuff_node *node) {
    const uint32_t rows = node->outputs[Y]->shape.rows;
    (void)device;
    return tuff_run_fetch_tokens(recording, TUFF_FETCH_TOKENS_F32,
                                 tuff_grid_line((rows + WORKGROUP - 1) / WORKGROUP, (uint64_t)rows * 8),
                                 &(struct tuff_fetch_tokens){
                                     .places = node->inputs[PLACES]->slice,
                                     .ids = node->inputs[IDS]->slice,
                                     .y = node->outputs[Y]->slice,
                                     .words = node->outputs[WORDS]->slice,
                                     .push = { .rows = rows,
                                               .vocab_size = node->params.fetch_tokens.vocab_size,
                                               .type_count = node->params.fetch_tokens.type_count },
                                 });
}

static void reference_forward(const struct tuff_node *node) {
    const uint32_t rows = node->outputs[Y]->shape.rows;
    for (uint32_t row = 0; row < rows; row++) {
        const double *place = node->inputs[PLACES]->reference + 4 * (size_t)row;
        double *y = node->outputs[Y]->reference + 4 * (size_t)row;
        double id = place[0] != 0 ? node->inputs[IDS]->reference[row] : 0;
        double type = place[2] != 0 ? node->inputs[IDS]->reference[rows + row] : 0;
        y[3] = TUFF_TOKEN_IS_FINE;
        if (type < 0 || type >= node->params.fetch_tokens.type_count) {
            y[3] = TUFF_TOKEN_TYPE_IS_WRONG;
            type = 0;
        }
        if (id < 0 || id >= node->params.fetch_tokens.vocab_size) {
            y[3] = TUFF_TOKEN_ID_IS_WRONG;
            id = 0;
        }
        y[0] = node->outputs[WORDS]->reference[row] = id;
        y[1] = place[1];
        y[2] = type;
    }
}

enum { MAX_CHECKED = 256 };

/* numbers: rows (at most 256), vocab_size, type_count. A tenth of the ids and types is below 0 or too large, and every
 * seventh row has none. */
static tuff_status make(struct tuff_case *check_case, struct tuff_node *node, const uint32_t *numbers) {
    const uint32_t rows = numbers[0] < MAX_CHECKED ? numbers[0] : MAX_CHECKED;
    int32_t places[4 * MAX_CHECKED], ids[2 * MAX_CHECKED];
    node->params.fetch_tokens.vocab_size = numbers[1];
    node->params.fetch_tokens.type_count = numbers[2];
    for (uint32_t i = 0; i < rows; i++) {
        places[4 * i] = i % 7 != 3;
        places[4 * i + 1] = (int32_t)i;
        places[4 * i + 2] = i % 7 != 3 && i % 2 == 0;
        places[4 * i + 3] = 0;
        ids[i] = (int32_t)tuff_case_draw(check_case, numbers[1] + numbers[1] / 10 + 2) - 1;
        ids[rows + i] = (int32_t)tuff_case_draw(check_case, numbers[2] + 2) - 1;
    }
    TUFF_TRY(tuff_case_ints(check_case, rows, 4, places, &node->inputs[PLACES]));
    return tuff_case_ints(check_case, 2 * rows, 1, ids, &node->inputs[IDS]);
}

static const uint32_t check_shapes[][8] = { { 1, 3, 1 }, { 129, 30522, 2 }, { 0 } };

const struct tuff_op tuff_op_fetch_tokens = {
    .name = "fetch_tokens",
    .shape = shape,
    .forward = forward,
    .reference_forward = reference_forward,
    .make = make,
    .check_shapes = check_shapes, /* integers: equal */
};
