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

/* Tensors that lie one behind the other in memory that can be bound at once. In training the weights, their
 * gradients and both moments of AdamW are F32 arrays of the same arrangement; of matrices and tables that ops
 * read as F16 there is a copy in halves, which lies as they do. */
struct tuff_weight_range {
    bool is_trained;
    /* matrices with adapters: what they were lies in `base`; they have gradients, but no moments */
    bool is_adapted;
    bool decays; /* matrices and tables; not biases and norms */
    bool has_halves;
    uint32_t depth; /* where layers have ranges of their own: 0 embeddings, i + 1 layer i, then the heads */
    uint64_t size;
    struct tuff_slice weights, gradients, first_moments, second_moments, base;
    struct tuff_slice halves; /* of size / 2 bytes */
};

struct tuff_layer_weights {
    struct tuff_tensor *qkv, *qkv_bias;                           /* (3 * heads * head_stride, hidden) */
    struct tuff_tensor *attention_output, *attention_output_bias; /* (hidden, heads * head_stride) */
    struct tuff_tensor *attention_norm_gamma, *attention_norm_beta;
    struct tuff_tensor *intermediate, *intermediate_bias; /* (intermediate, hidden) */
    struct tuff_tensor *output, *output_bias;             /* (hidden, intermediate) */
    struct tuff_tensor *output_norm_gamma, *output_norm_beta;
};

/* A matrix and its adapters' tensors; see ops/lora.h. */
struct tuff_adapter {
    struct tuff_tensor *weight, *a, *b;
    uint32_t parts;
};

/* Heads that the folder lacks are NULL. */
struct tuff_weights {
    struct tuff_device *device;
    enum tuff_type type;       /* of matrices and tables; vectors are F32 */
    enum tuff_type layer_type; /* of the layers' matrices: I8, or `type` */
    uint32_t head_stride;
    uint32_t word_part_count; /* a table beyond the storage range is cut by rows */
    uint32_t word_part_rows;  /* rows of each part but the last */
    /* parts of (vocab, hidden); PANELS where a head multiplies with it, else ROWS */
    struct tuff_tensor **word;
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
    struct tuff_tensor *tensors;    /* as many as tensor_count, none moves */
    struct tuff_tensor *gradients;  /* of each tensor, where it is trained; else NULL */
    struct tuff_tensor *transposed; /* of each tensor in blocks, in training; else NULL */
    bool *is_vector;                /* of each tensor */
    uint32_t *range_of;             /* of each tensor */
    uint64_t *offset_of;            /* of each tensor, in its range */
    size_t tensor_count;
    struct tuff_weight_range *ranges;
    size_t range_count, range_capacity;
    struct tuff_piece *pieces;
    size_t piece_count, piece_capacity;
    struct tuff_adapter *adapters;
    size_t adapter_count, adapter_capacity;
    float lora_scale;
};

struct tuff_weights_options {
    enum tuff_type type;
    bool has_int8_layers; /* the layers' matrices are I8; not in training */
    /* Which parameters are trained; NULL: none, and there are neither gradients nor moments. */
    bool (*is_trained)(const void *user, const struct tuff_parameter *parameter);
    const void *user;
    bool splits_layers; /* no range has parameters of two layers */
    double lora_alpha;  /* where the parameters have adapters */
};

/* Places all parameters on the device, uploads them and lets their pages go. Gradients and moments begin as
 * zeros. */
tuff_status tuff_weights_load(struct tuff_device *device, const struct tuff_config *config,
                              const struct tuff_parameters *parameters,
                              const struct tuff_weights_options *options, struct tuff_weights **out_weights);
void tuff_weights_free(struct tuff_weights *weights);

/* model/weights_data.c: between the device and the layout of Hugging Face. */

/* Appends what follows from trained weights after they have changed: matrices with adapters, then the copies in halves and
 * the transposed ones. */
tuff_status tuff_weights_record_renewal(const struct tuff_weights *weights, struct tuff_recording *recording);
/* The same at once, and what follows from weights that no step changes. */
tuff_status tuff_weights_renew(struct tuff_weights *weights);
/* Uploads a tensor from the files that its pieces' parameters lie in. */
tuff_status tuff_weights_upload(struct tuff_weights *weights, const struct tuff_tensor *tensor);
enum tuff_weight_kind {
    TUFF_WEIGHT, /* what the model computes with */
    TUFF_GRADIENT,
    TUFF_FIRST_MOMENT,
    TUFF_SECOND_MOMENT,
    TUFF_BASE_WEIGHT /* without adapters: what it is kept and restored from */
};
/* One parameter (its weights, or what training keeps beside them) as its folder has it: out_values takes all
 * elements. Zeros where the parameter is not trained; a matrix with adapters has a gradient. */
tuff_status tuff_weights_download(const struct tuff_weights *weights, const struct tuff_parameter *parameter,
                                  enum tuff_weight_kind kind, float *out_values);
/* The other way for all parameters: values[i] has the elements of parameters->items[i]. */
tuff_status tuff_weights_restore(struct tuff_weights *weights, enum tuff_weight_kind kind,
                                 const struct tuff_parameters *parameters, const float *const *values);

/* model/weights_lora.c: adapters. */

/* Adds the tensors of all adapters that the parameters have, behind the others. */
tuff_status tuff_weights_add_lora(struct tuff_weights *weights, const struct tuff_parameters *parameters,
                                  double alpha);
bool tuff_weights_is_adapted(const struct tuff_weights *weights, const struct tuff_tensor *tensor);
/* Appends what makes the matrices of their adapters. */
tuff_status tuff_weights_record_merge(const struct tuff_weights *weights, struct tuff_recording *recording);
/* Appends what makes the adapters' gradients of those of their matrices. */
tuff_status tuff_weights_record_lora(const struct tuff_weights *weights, struct tuff_recording *recording);
/* The same at once. */
tuff_status tuff_weights_find_lora_gradients(struct tuff_weights *weights);

/* model/weights_place.c: memory for all tensors, which have been added, and for what training keeps beside them. */
tuff_status tuff_weights_place(struct tuff_weights *weights, const struct tuff_weights_options *options,
                               uint32_t layer_count);

/* What they are built with (model/weights.c, model/weights_data.c). */
struct tuff_tensor *tuff_weights_add_tensor(struct tuff_weights *weights,
                                            const struct tuff_parameter *parameter, struct tuff_shape shape);
tuff_status tuff_weights_add_piece(struct tuff_weights *weights, const struct tuff_piece *piece);
/* The tensor as it lies in its range's array of this kind; an empty slice where there is none. What is trained or adapted
 * is F32 in all of them. */
struct tuff_tensor tuff_weights_view(const struct tuff_weights *weights, const struct tuff_tensor *tensor,
                                     enum tuff_weight_kind kind);
/* Records something and runs it. */
tuff_status tuff_weights_run(struct tuff_weights *weights,
                             tuff_status (*record)(const struct tuff_weights *weights,
                                                   struct tuff_recording *recording));

#endif
