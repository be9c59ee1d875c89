/* SPDX-License-Identifier: Apache-2.0 */
/* BERT as a list of ops (Devlin et al. 2019, as transformers' BertModel computes it), written forward only.
 */
#ifndef TUFF_MODEL_BERT_H
#define TUFF_MODEL_BERT_H

#include "graph/graph.h"
#include "model/weights.h"

/* Integer inputs of the graph, made from a packed batch (model/batch.h). Those in the second half are for
 * training alone and NULL otherwise. */
struct tuff_bert_inputs {
    struct tuff_tensor *tokens;  /* (rows, 4) */
    struct tuff_tensor *words;   /* (rows, 1): word ids alone, where the word table has several parts */
    struct tuff_tensor *tiles;   /* (tiles, 4) */
    struct tuff_tensor *spans;   /* (sequences, 4): first row, visible rows, 0, 0 */
    struct tuff_tensor *firsts;  /* (sequences, 1): the row that the pooler reads */
    struct tuff_tensor *indices; /* (indices, 1): asked rows */

    struct tuff_tensor *key_tiles;    /* (tiles, 4) */
    struct tuff_tensor *lists;        /* (3 * rows, 4): look-ups of words, positions and types, sorted */
    struct tuff_tensor *first_list;   /* (sequences, 4) */
    struct tuff_tensor *indices_list; /* (indices, 4) */
    struct tuff_tensor *seed;         /* (1, 4) of dropout */
};

/* Probabilities; all 0 outside training. */
struct tuff_bert_dropout {
    float hidden;     /* of the embeddings and of what is added to the residual stream */
    float attention;  /* of attention's probabilities */
    float classifier; /* of what a classifier reads */
};

/* What the functions below append to, and with what. */
struct tuff_bert {
    struct tuff_graph *graph;
    const struct tuff_config *config;
    const struct tuff_weights *weights;
    struct tuff_bert_inputs inputs;
    struct tuff_bert_dropout dropout;
    bool f16_arithmetic; /* of the layers' products; not in training */
    uint32_t stream;     /* of the last dropout: each op has its own */
};

/* Parameters of the attention of this model, as its nodes have them. */
union tuff_params tuff_bert_attention(const struct tuff_config *config, const struct tuff_weights *weights);

/* Appends the embeddings and all layers, each a segment. `hidden` takes layer_count + 1 tensors (rows, hidden_size): after
 * the embeddings' norm and after each layer. `qkv` takes layer_count tensors: what attention was computed
 * from. `last_dropout` is applied to the last layer's output, for heads that read all rows through a dropout.
 */
tuff_status tuff_bert_encoder(struct tuff_bert *bert, float last_dropout, struct tuff_tensor **hidden,
                              struct tuff_tensor **qkv);
/* dropout(tanh(W x + b)) of each sequence's first row: (sequences, hidden_size). */
tuff_status tuff_bert_pooler(struct tuff_bert *bert, struct tuff_tensor *hidden, float dropout,
                             struct tuff_tensor **out_pooled);
/* y = x weight^T + bias in F32. */
tuff_status tuff_bert_logits(struct tuff_bert *bert, struct tuff_tensor *x, struct tuff_tensor *weight,
                             struct tuff_tensor *bias, struct tuff_tensor **out_logits);
/* dense + activation + norm of the masked-language-model head, over the asked rows. */
tuff_status tuff_bert_transform(struct tuff_bert *bert, struct tuff_tensor *hidden,
                                struct tuff_tensor **out_transformed);

#endif
