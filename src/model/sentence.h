/* SPDX-License-Identifier: Apache-2.0 */
/* What a sentence-transformers folder says about embeddings: modules.json with its pooling and normalisation,
 * sentence_bert_config.json. A plain folder gets the mean of the visible tokens, unnormalised. */
#ifndef TUFF_MODEL_SENTENCE_H
#define TUFF_MODEL_SENTENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/log.h"

struct tuff_sentence {
    char *transformer;         /* folder inside the model's folder that has config.json; "" in most */
    enum tuff_pooling pooling; /* MEAN, CLS or MAX */
    bool normalize;
    bool lower_case;         /* texts are lower-cased before the tokenizer sees them */
    uint32_t max_length;     /* 0: not said */
    uint32_t embedding_size; /* what the pooling expects; 0: not said */
    /* why embeddings would be wrong (a module that tuff does not have); NULL: they are right */
    char *refusal;
};

/* TUFF_FORMAT where a file is malformed. Modules that are merely unknown end in `refusal`: the encoder itself
 * can still be used. Free with tuff_sentence_free, which a zeroed struct may meet too. */
tuff_status tuff_sentence_load(const char *folder, const struct tuff_log *log,
                               struct tuff_sentence *out_sentence);
void tuff_sentence_free(struct tuff_sentence *sentence);

#endif
