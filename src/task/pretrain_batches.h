/* SPDX-License-Identifier: Apache-2.0 */
/* Ready sequences for pre-training from a safetensors file, with the fields of Google's BERT records:
 *
 *     input_ids, input_mask, segment_ids                            (rows, length)
 *     masked_lm_positions, masked_lm_ids, masked_lm_weights         (rows, predictions)
 *     next_sentence_labels                                          (rows) or (rows, 1)
 *
 * Integers are I32 or I64, the weights F32. A row's mask is ones, then zeros; a weight is 1, or 0 for a
 * prediction that is not there. */
#ifndef TUFF_TASK_PRETRAIN_BATCHES_H
#define TUFF_TASK_PRETRAIN_BATCHES_H

#include "base/blocks.h"
#include "model/config.h"
#include "model/loss.h"
#include "model/safetensors.h"

enum tuff_record_field {
    TUFF_RECORD_INPUT_IDS,
    TUFF_RECORD_INPUT_MASK,
    TUFF_RECORD_SEGMENT_IDS,
    TUFF_RECORD_POSITIONS,
    TUFF_RECORD_IDS,
    TUFF_RECORD_WEIGHTS,
    TUFF_RECORD_NEXT_SENTENCE,
    TUFF_RECORD_FIELD_COUNT
};

struct tuff_pretrain_batches {
    struct tuff_safetensors *file;
    const struct tuff_tensor_view *views[TUFF_RECORD_FIELD_COUNT];
    size_t count; /* rows */
    uint32_t length, prediction_count;
    uint32_t vocab_size, type_vocab_size;
    struct tuff_blocks blocks; /* what the sequences of a batch point to */
};

/* TUFF_FORMAT for a field that is missing or has another shape, and for rows longer than the model's
 * positions. Free with tuff_pretrain_batches_close, which a zeroed one may meet too. */
tuff_status tuff_pretrain_batches_open(const char *path, const struct tuff_config *config,
                                       struct tuff_pretrain_batches *out_batches);
void tuff_pretrain_batches_close(struct tuff_pretrain_batches *batches);

/* The rows [first, first + count), which must be there; valid until the next call. TUFF_FORMAT names the row
 * that is malformed. */
tuff_status tuff_pretrain_batches_read(struct tuff_pretrain_batches *batches, size_t first, size_t count,
                                       struct tuff_sequence *out_sequences);

#endif
