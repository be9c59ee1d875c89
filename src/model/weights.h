/* SPDX-License-Identifier: Apache-2.0 */
/* The parameters of a model on the device. Query, key and value of a layer are one matrix there; heads are
 * padded to rows of 16 bytes. A piece says where in a device tensor one Hugging Face parameter lies, so that
 * loading, saving and the names of gradients all read one table. */
#ifndef TUFF_MODEL_WEIGHTS_H
#define TUFF_MODEL_WEIGHTS_H

#include "model/config.h"
#include "model/parameters.h"
#include "ops/tensor.h"

/* Element first_element + r * cols + c of the parameter lies at row
 * first_row + r / row_group * row_stride + r % row_group, and at a column found the same way. A vector is one
 * row. */
struct tuff_piece {
    const struct tuff_parameter *parameter;
    struct tuff_tensor *tensor;
    size_t first_element; /* not 0 where a parameter lies in several tensors */
    uint32_t rows, cols;  /* of the parameter, in this tensor */
    uint32_t first_row, row_group, row_stride;
    uint32_t first_col, col_group, col_stride;
};

struct tuff_layer_weights {
    struct tuff_tensor *qkv, *qkv_bias;                           /* (3 * heads * head_stride, hidden) */
    struct tuff_tensor *attention_output, *attention_output_bias; /* (hidden, heads * head_stride) */
    struct tuff_tensor *attention_norm_gamma, *attention_norm_beta;
    struct tuff_tensor *intermediate, *intermediate_bias; /* (intermediate, hidden) */
    struct tuff_tensor *output, *output_bias;             /* (hidden, intermediate) */
    struct tuff_tensor *output_norm_gamma, *output_norm_beta;
};

/* Heads that the folder lacks are NULL. */
struct tuff_weights {
    struct tuff_device *device;
    enum tuff_type type; /* of matrices and tables; vectors are F32 */
    uint32_t head_stride;
    uint32_t word_part_count; /* a table beyond the storage range is cut by rows */
    uint32_t word_part_rows;  /* rows of each part but the last */
    struct tuff_tensor *
        *word; /* parts of (vocab, hidden); PANELS where a head multiplies with it, else ROWS */
    struct tuff_tensor *position, *token_type;
    struct tuff_tensor *embedding_norm_gamma, *embedding_norm_beta;
    struct tuff_layer_weights *layers;
    struct tuff_tensor *pooler, *pooler_bias;
    struct tuff_tensor *transform, *transform_bias, *transform_norm_gamma, *transform_norm_beta;
    struct tuff_tensor **decoder;      /* the word table's parts where the two are tied */
    struct tuff_tensor **decoder_bias; /* parts, as the decoder's */
    struct tuff_tensor *next_sentence, *next_sentence_bias;
    struct tuff_tensor *classifier, *classifier_bias; /* of sequences, choices or tokens */
    struct tuff_tensor *answer, *answer_bias;         /* start and end */

    struct tuff_arena *arena;
    struct tuff_tensor *tensors;
    size_t tensor_count, tensor_capacity;
    struct tuff_piece *pieces;
    size_t piece_count, piece_capacity;
};

/* Places all parameters on the device, uploads them and lets their pages go. */
tuff_status tuff_weights_load(struct tuff_device *device, const struct tuff_config *config,
                              const struct tuff_parameters *parameters, enum tuff_type type,
                              struct tuff_weights **out_weights);
void tuff_weights_free(struct tuff_weights *weights);

#endif
