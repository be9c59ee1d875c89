/* SPDX-License-Identifier: Apache-2.0 */
/* The parameters of a BERT model: which a config asks for, where a folder's tensors have them. Names are
 * found with and without "bert." and with LayerNorm's old gamma and beta; heads are found by their tensors.
 */
#ifndef TUFF_MODEL_PARAMETERS_H
#define TUFF_MODEL_PARAMETERS_H

#include "base/log.h"
#include "model/config.h"
#include "model/tensors.h"

/* In the order of the list. Weights of linear layers have the shape (outputs, inputs). */
enum tuff_role {
    TUFF_ROLE_WORD_EMBEDDINGS,       /* (vocab_size, hidden_size) */
    TUFF_ROLE_POSITION_EMBEDDINGS,   /* (max_position_embeddings, hidden_size) */
    TUFF_ROLE_TOKEN_TYPE_EMBEDDINGS, /* (type_vocab_size, hidden_size) */
    TUFF_ROLE_EMBEDDINGS_NORM_WEIGHT,
    TUFF_ROLE_EMBEDDINGS_NORM_BIAS,
    /* of each layer */
    TUFF_ROLE_QUERY_WEIGHT,
    TUFF_ROLE_QUERY_BIAS,
    TUFF_ROLE_KEY_WEIGHT,
    TUFF_ROLE_KEY_BIAS,
    TUFF_ROLE_VALUE_WEIGHT,
    TUFF_ROLE_VALUE_BIAS,
    TUFF_ROLE_ATTENTION_OUTPUT_WEIGHT,
    TUFF_ROLE_ATTENTION_OUTPUT_BIAS,
    TUFF_ROLE_ATTENTION_NORM_WEIGHT,
    TUFF_ROLE_ATTENTION_NORM_BIAS,
    TUFF_ROLE_INTERMEDIATE_WEIGHT, /* (intermediate_size, hidden_size) */
    TUFF_ROLE_INTERMEDIATE_BIAS,
    TUFF_ROLE_OUTPUT_WEIGHT, /* (hidden_size, intermediate_size) */
    TUFF_ROLE_OUTPUT_BIAS,
    TUFF_ROLE_OUTPUT_NORM_WEIGHT,
    TUFF_ROLE_OUTPUT_NORM_BIAS,
    /* after the layers, each where the folder has it */
    TUFF_ROLE_POOLER_WEIGHT,
    TUFF_ROLE_POOLER_BIAS,
    TUFF_ROLE_TRANSFORM_WEIGHT, /* the masked-language head before its decoder */
    TUFF_ROLE_TRANSFORM_BIAS,
    TUFF_ROLE_TRANSFORM_NORM_WEIGHT,
    TUFF_ROLE_TRANSFORM_NORM_BIAS,
    TUFF_ROLE_DECODER_BIAS,         /* (vocab_size) */
    TUFF_ROLE_DECODER_WEIGHT,       /* (vocab_size, hidden_size), only where it is not the word embeddings */
    TUFF_ROLE_NEXT_SENTENCE_WEIGHT, /* (2, hidden_size) */
    TUFF_ROLE_NEXT_SENTENCE_BIAS,
    TUFF_ROLE_CLASSIFIER_WEIGHT, /* (num_labels, hidden_size); of multiple choice (1, hidden_size) */
    TUFF_ROLE_CLASSIFIER_BIAS,
    TUFF_ROLE_ANSWER_WEIGHT, /* (2, hidden_size): start and end */
    TUFF_ROLE_ANSWER_BIAS,
    TUFF_ROLE_COUNT,
    /* of the matrix with the role `adapted`, in no model's folder; see model/lora.h */
    TUFF_ROLE_LORA_A = TUFF_ROLE_COUNT, /* (rank, inputs) */
    TUFF_ROLE_LORA_B                    /* (outputs, rank) */
};

/* Parameters that begin as ones. */
bool tuff_role_is_norm_weight(enum tuff_role role);

struct tuff_parameter {
    const char *name; /* as transformers calls it today, with "bert." where the folder has that */
    enum tuff_role role;
    uint32_t layer;         /* 0 for what is in no layer */
    enum tuff_role adapted; /* of LORA_A and LORA_B */
    size_t rank;            /* 1 or 2 */
    size_t shape[2];
    const struct tuff_tensor_view *source; /* of this shape; F32, F16, BF16 or F64 */
};

struct tuff_parameters {
    struct tuff_parameter *items;
    size_t count;
    uint32_t layer_count;
    char *names;
    uint32_t heads; /* flags of enum tuff_head: those whose parameters are all there */
    bool has_pooler;
    bool is_decoder_tied; /* the decoder's weight is the word embeddings */
    uint64_t element_count;
    struct tuff_fresh_view **fresh; /* sources that no file has; see model/fresh.h */
    size_t fresh_count, fresh_capacity;
};

/* TUFF_FORMAT names a tensor that is missing (and what else it may be called), or its shape and the one
 * expected. Tensors that no parameter is found in are said to the log. Points into `tensors`. */
tuff_status tuff_parameters_find(const struct tuff_config *config, const struct tuff_tensors *tensors,
                                 const struct tuff_log *log, struct tuff_parameters *out_parameters);
/* The parameters of a model that is pre-trained from scratch, with its two heads; no source yet. */
tuff_status tuff_parameters_plan(const struct tuff_config *config, struct tuff_parameters *out_parameters);
void tuff_parameters_free(struct tuff_parameters *parameters);

/* NULL where the model has none. */
const struct tuff_parameter *tuff_parameters_get(const struct tuff_parameters *parameters,
                                                 enum tuff_role role, uint32_t layer);

#endif
