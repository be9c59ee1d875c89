/* SPDX-License-Identifier: Apache-2.0 */
/* BERT as a list of ops (Devlin et al. 2019, as transformers' BertModel computes it), written forward only.
 */
#ifndef TUFF_MODEL_BERT_H
#define TUFF_MODEL_BERT_H

#include "graph/graph.h"
#include "model/weights.h"

/* Integer inputs of the graph; see model/batch.h. */
struct tuff_bert_inputs {
    struct tuff_tensor *tokens; /* (rows, 4) */
    struct tuff_tensor *tiles;  /* (tiles, 4) */
    struct tuff_tensor *words;  /* (rows, 1): word ids alone, where the word table has several parts */
};

/* Parameters of the attention of this model, as its nodes have them. */
union tuff_params tuff_bert_attention(const struct tuff_config *config, const struct tuff_weights *weights);

/* Appends the embeddings and all layers. `hidden` takes layer_count + 1 tensors (rows, hidden_size): after
 * the embeddings' norm and after each layer. `qkv` (may be NULL) takes layer_count tensors: what attention
 * was computed from. */
tuff_status tuff_bert_encoder(struct tuff_graph *graph, const struct tuff_config *config,
                              const struct tuff_weights *weights, const struct tuff_bert_inputs *inputs,
                              struct tuff_tensor **hidden, struct tuff_tensor **qkv);
/* tanh(W x + b) of gathered first rows: (sequences, hidden_size). */
tuff_status tuff_bert_pooler(struct tuff_graph *graph, const struct tuff_weights *weights,
                             struct tuff_tensor *hidden, struct tuff_tensor *first_rows,
                             struct tuff_tensor **out_pooled);
/* y = x weight^T + bias in F32. */
tuff_status tuff_bert_logits(struct tuff_graph *graph, struct tuff_tensor *x, struct tuff_tensor *weight,
                             struct tuff_tensor *bias, struct tuff_tensor **out_logits);
/* dense + activation + norm of the masked-language-model head. */
tuff_status tuff_bert_transform(struct tuff_graph *graph, const struct tuff_config *config,
                                const struct tuff_weights *weights, struct tuff_tensor *x,
                                struct tuff_tensor **out_transformed);

#endif
