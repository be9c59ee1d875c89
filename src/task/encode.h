/* SPDX-License-Identifier: Apache-2.0 */
/* Texts and pairs of texts to sequences. */
#ifndef TUFF_TASK_ENCODE_H
#define TUFF_TASK_ENCODE_H

#include "model/batch.h"
#include "task/model.h"

struct tuff_encoded_texts {
    struct tuff_sequence *sequences;
    size_t count;
    struct tuff_row *tokens;
    size_t token_count, token_capacity;
    size_t truncated; /* texts that lost tokens */
};

/* The tokens that a text is cut to: `asked`, or the model's own where it is 0; TUFF_ARGUMENT beyond the
 * model's positions. */
tuff_status tuff_length_limit(const struct tuff_model *model, uint32_t asked, uint32_t *out_length);

/* TUFF_UNSUPPORTED where the folder has no tokenizer. */
tuff_status tuff_need_tokenizer(const struct tuff_model *model);

/* Adds the tokens of an encoding, which the model must have rows for. */
tuff_status tuff_encoded_append(const struct tuff_model *model, const tuff_encoding *encoding,
                                struct tuff_encoded_texts *encoded);

/* Encodes texts[i], with pairs[i] where `pairs` and its data are not NULL, with special tokens, cut to
 * max_length (0: the model's), the longer of a pair first. TUFF_UNSUPPORTED without a tokenizer. */
tuff_status tuff_encode_texts(const struct tuff_model *model, const tuff_text *texts, const tuff_text *pairs,
                              size_t count, uint32_t max_length, struct tuff_encoded_texts *out_encoded);
void tuff_encoded_texts_free(struct tuff_encoded_texts *encoded);

#endif
