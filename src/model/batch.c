/* SPDX-License-Identifier: Apache-2.0 */
#include "model/batch.h"

#include <string.h>

#include "base/memory.h"
#include "ops/attention.h"
#include "ops/scatter_rows.h"

/* Rounded up by a sixteenth at most, and to 16. */
static uint32_t row_bucket(uint32_t rows) {
    uint32_t step = 16;
    while (step * 32 < rows)
        step *= 2;
    return (rows + step - 1) / step * step;
}

static uint32_t power_of_two(uint32_t count) {
    uint32_t bucket = 1;
    while (bucket < count)
        bucket *= 2;
    return bucket;
}

static uint32_t row_count_of(const struct tuff_sequence *sequences, uint32_t count) {
    uint32_t rows = 0;
    for (uint32_t i = 0; i < count; i++)
        rows += sequences[i].visible_count + sequences[i].hidden_count;
    return rows;
}

struct tuff_bucket tuff_bucket_for(const struct tuff_device *device, const struct tuff_sequence *sequences,
                                   uint32_t sequence_count) {
    struct tuff_bucket bucket = { .rows = row_bucket(row_count_of(sequences, sequence_count)),
                                  .sequences = power_of_two(sequence_count) };
    uint32_t asked = 0;
    for (uint32_t i = 0; i < sequence_count; i++)
        asked += sequences[i].asked_count;
    bucket.indices = asked ? row_bucket(asked) : 0;
    /* Each sequence ends in one tile that is not full; the padding rows are one more sequence. */
    bucket.tiles = bucket.rows / tuff_attention_query_block(device) + bucket.sequences + 1;
    bucket.key_tiles = bucket.tiles + bucket.sequences + 1; /* hidden rows begin a tile of their own */
    return bucket;
}

static int32_t *ints_of(const struct tuff_tensor *tensor) {
    return tensor ? tuff_graph_input_bytes(tensor) : NULL;
}

static void fill_tokens(const struct tuff_bucket *bucket, const struct tuff_sequence *sequences,
                        uint32_t sequence_count, const struct tuff_bert_inputs *inputs) {
    int32_t *tokens = ints_of(inputs->tokens);
    int32_t *words = ints_of(inputs->words);
    uint32_t row = 0;
    for (uint32_t i = 0; i < sequence_count; i++)
        for (uint32_t j = 0; j < sequences[i].visible_count + sequences[i].hidden_count; j++, row++) {
            const struct tuff_row *token = &sequences[i].tokens[j];
            memcpy(tokens + (size_t)row * 4, (int32_t[4]){ token->id, token->position, token->type, 0 }, 16);
        }
    memset(tokens + (size_t)row * 4, 0, (size_t)(bucket->rows - row) * 16);
    for (row = 0; words && row < bucket->rows; row++)
        words[row] = tokens[(size_t)row * 4];
}

/* What is per sequence: where it begins and what of it is asked for. */
static void fill_sequences(const struct tuff_bucket *bucket, const struct tuff_sequence *sequences,
                           uint32_t sequence_count, const struct tuff_bert_inputs *inputs) {
    int32_t *spans = ints_of(inputs->spans);
    int32_t *firsts = ints_of(inputs->firsts);
    int32_t *indices = ints_of(inputs->indices);
    uint32_t row = 0;
    uint32_t asked = 0;
    if (spans)
        memset(spans, 0, (size_t)bucket->sequences * 16);
    if (firsts)
        memset(firsts, 0xff, (size_t)bucket->sequences * 4);
    if (indices)
        memset(indices, 0xff, (size_t)bucket->indices * 4);
    for (uint32_t i = 0; i < sequence_count; i++) {
        const struct tuff_sequence *sequence = &sequences[i];
        if (spans) {
            spans[4 * i] = (int32_t)row;
            spans[4 * i + 1] = (int32_t)sequence->visible_count;
        }
        if (firsts)
            firsts[i] = (int32_t)(row + sequence->first);
        for (uint32_t j = 0; j < sequence->asked_count && indices; j++)
            indices[asked++] = (int32_t)(row + sequence->asked[j]);
        row += sequence->visible_count + sequence->hidden_count;
    }
}

/* Sorted look-ups, for the gradients of what was looked up. Padding rows are left out. */
static tuff_status fill_lists(const struct tuff_bucket *bucket, uint32_t row_count, int32_t pad_id,
                              const struct tuff_bert_inputs *inputs) {
    const int32_t *tokens = ints_of(inputs->tokens);
    int32_t *lists = ints_of(inputs->lists);
    if (!lists)
        return TUFF_OK;
    memset(lists, 0, (size_t)bucket->rows * 3 * 16);
    for (uint32_t table = 0; table < 3; table++)
        TUFF_TRY(tuff_scatter_list(tokens + table, 4, row_count, table == 0 ? pad_id : -1,
                                   lists + (size_t)table * bucket->rows * 4));
    if (inputs->first_list)
        TUFF_TRY(tuff_scatter_list(ints_of(inputs->firsts), 1, bucket->sequences, -1,
                                   ints_of(inputs->first_list)));
    if (inputs->indices_list)
        TUFF_TRY(tuff_scatter_list(ints_of(inputs->indices), 1, bucket->indices, -1,
                                   ints_of(inputs->indices_list)));
    return TUFF_OK;
}

static int32_t key_count(const struct tuff_sequence *sequence) {
    return sequence->is_blind ? -(int32_t)sequence->hidden_count : (int32_t)sequence->visible_count;
}

static tuff_status fill_tiles(const struct tuff_device *device, const struct tuff_bucket *bucket,
                              const struct tuff_sequence *sequences, uint32_t sequence_count,
                              const struct tuff_bert_inputs *inputs) {
    struct tuff_attention_span *spans = NULL;
    uint32_t row = 0;
    TUFF_TRY(tuff_alloc(sequence_count + 1, sizeof *spans, &spans));
    for (uint32_t i = 0; i < sequence_count; i++) {
        uint32_t rows = sequences[i].visible_count + sequences[i].hidden_count;
        spans[i] = (struct tuff_attention_span){ .first_row = row,
                                                 .row_count = rows,
                                                 .key_count = key_count(&sequences[i]) };
        row += rows;
    }
    /* Padding rows see nothing: their context is zeros. */
    spans[sequence_count] = (struct tuff_attention_span){ .first_row = row, .row_count = bucket->rows - row };
    tuff_attention_build_tiles(device, spans, sequence_count + 1, ints_of(inputs->tiles), bucket->tiles);
    if (inputs->key_tiles)
        tuff_attention_build_key_tiles(device, spans, sequence_count + 1, ints_of(inputs->key_tiles),
                                       bucket->key_tiles);
    tuff_free(spans);
    return TUFF_OK;
}

tuff_status tuff_batch_fill(const struct tuff_device *device, const struct tuff_bucket *bucket,
                            const struct tuff_sequence *sequences, uint32_t sequence_count, int32_t pad_id,
                            const struct tuff_bert_inputs *inputs) {
    fill_tokens(bucket, sequences, sequence_count, inputs);
    fill_sequences(bucket, sequences, sequence_count, inputs);
    TUFF_TRY(fill_lists(bucket, row_count_of(sequences, sequence_count), pad_id, inputs));
    return fill_tiles(device, bucket, sequences, sequence_count, inputs);
}
