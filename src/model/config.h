/* SPDX-License-Identifier: Apache-2.0 */
/* config.json: what a model is. Fields have the file's names. The sizes must be there; what else is missing
 * has the value that transformers' BertConfig gives it. Everything is held within limits that keep sizes far
 * from overflow. */
#ifndef TUFF_MODEL_CONFIG_H
#define TUFF_MODEL_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "ops/op.h"

/* What stands on the encoder; flags, since a model may have several. */
enum tuff_head {
    TUFF_HEAD_MASKED_LM = 1,
    TUFF_HEAD_NEXT_SENTENCE = 2,
    TUFF_HEAD_SEQUENCE_CLASSIFICATION = 4,
    TUFF_HEAD_TOKEN_CLASSIFICATION = 8,
    TUFF_HEAD_MULTIPLE_CHOICE = 16,
    TUFF_HEAD_QUESTION_ANSWERING = 32
};

enum tuff_problem_type {
    TUFF_PROBLEM_UNSET, /* follows from num_labels and the labels' type, as in transformers */
    TUFF_PROBLEM_REGRESSION,
    TUFF_PROBLEM_SINGLE_LABEL,
    TUFF_PROBLEM_MULTI_LABEL
};

struct tuff_config {
    uint32_t hidden_size;
    uint32_t num_hidden_layers;
    uint32_t num_attention_heads; /* divides hidden_size */
    uint32_t intermediate_size;
    uint32_t vocab_size;
    uint32_t max_position_embeddings;
    uint32_t type_vocab_size;
    float layer_norm_eps;
    enum tuff_activation hidden_act;
    float hidden_dropout_prob;
    float attention_probs_dropout_prob;
    float classifier_dropout; /* hidden_dropout_prob where it is null */
    int32_t pad_token_id;     /* -1: none */
    bool tie_word_embeddings;
    enum tuff_problem_type problem_type;
    uint32_t num_labels;
    char **labels;       /* id2label, else LABEL_0, ...: num_labels texts */
    char *label_problem; /* why the labels cannot be trusted, NULL if they can */
    char *rank_function; /* torch's class that sentence-transformers' CrossEncoder puts on its output, or NULL
                          */
    uint32_t heads;      /* flags of the heads that `architectures` names */
    char *architecture;  /* the first of them, NULL where there is none */
};

/* TUFF_FORMAT names the key that is wrong; TUFF_UNSUPPORTED says what the model is instead of a BERT encoder.
 * Free with tuff_config_free, which a zeroed config may meet too. */
tuff_status tuff_config_load(const char *path, struct tuff_config *out_config);
void tuff_config_free(struct tuff_config *config);

enum { TUFF_HEADS_TEXT_SIZE = 256 };
/* "masked_lm, next_sentence"; empty for none. Returns `text`. */
const char *tuff_heads_text(uint32_t heads, char text[TUFF_HEADS_TEXT_SIZE]);
/* "gelu"; as config.json writes it. */
const char *tuff_activation_name(enum tuff_activation activation);

#endif
