/* SPDX-License-Identifier: Apache-2.0 */
/* Models from Hugging Face folders, and what the calls on texts share. Part of tuff.h. */
#ifndef TUFF_MODEL_H
#define TUFF_MODEL_H

#include "context.h"
#include "tokenizer.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------- models */

typedef struct tuff_model tuff_model;

typedef enum tuff_dtype {
    TUFF_DTYPE_AUTO = 0, /* F16 where the device computes it well, else F32 */
    TUFF_F32 = 1,
    TUFF_F16 = 2, /* storage; sums are F32 */
    TUFF_BF16 = 3,
    TUFF_I64 = 4,
    TUFF_I32 = 5,
    TUFF_F64 = 6,
    /* Of models: the layers multiply in 8 bits. Large values are spread over 16 columns, then each output's weights, and
     * each row of activations as it comes, are rounded to 127 steps of the largest; sums are exact. The embeddings,
     * norms, softmax and heads compute as AUTO does. Not trained. */
    TUFF_I8 = 7
} tuff_dtype;

typedef struct tuff_model_options {
    size_t size;
    tuff_dtype dtype; /* AUTO, F32, F16 or I8: of weights and activations on the device */
    /* F16: the layers of a model in f16 multiply in f16 too, two products at once on devices that do, and add 16 of them
     * at most in f16 before they go to a sum in F32; `dtype` AUTO is then F16. What it costs: rounding in the last digits
     * of a half (rows kept cosines of 0.999996 and more to exact ones), and products must stay within f16: a model
     * with activations beyond 65504 needs F32. What matrix units multiply (cooperative matrices) stays as it is, as do
     * attention, norms and heads. TUFF_UNSUPPORTED where the device does not compute in f16. AUTO: F32 */
    tuff_dtype arithmetic;
} tuff_model_options;
#define TUFF_MODEL_OPTIONS                                                                                   \
    { sizeof(tuff_model_options), TUFF_DTYPE_AUTO, TUFF_DTYPE_AUTO }

/* Opens a folder as Hugging Face publishes it (config.json, model.safetensors or its shards, tokenizer files,
 * sentence-transformers' modules), or the name of a repository in the local cache (HF_HUB_CACHE, HF_HOME).
 * Weights are uploaded and their file let go. TUFF_FORMAT names the file and tensor that is wrong;
 * TUFF_UNSUPPORTED says what the model is instead of BERT. */
TUFF_API tuff_status tuff_model_open(tuff_context *context, const char *path,
                                     const tuff_model_options *options, tuff_model **out_model);
TUFF_API void tuff_model_close(tuff_model *model);

typedef enum tuff_pooling {
    TUFF_POOLING_AUTO = 0, /* as the folder's modules say; mean if it has none */
    TUFF_POOLING_MEAN = 1, /* over the visible tokens */
    TUFF_POOLING_CLS = 2,
    TUFF_POOLING_MAX = 3
} tuff_pooling;

typedef struct tuff_model_info {
    uint32_t hidden_size;
    uint32_t layer_count;
    uint32_t head_count;
    uint32_t intermediate_size;
    uint32_t vocab_size;
    uint32_t max_positions;
    uint32_t max_length;     /* tokens a text is truncated to */
    uint32_t embedding_size; /* numbers in an embedding */
    uint64_t parameter_count;
    tuff_dtype dtype;     /* F32, F16 or I8, as chosen */
    tuff_pooling pooling; /* as the folder says */
    bool normalize;       /* as the folder says */
    bool has_tokenizer;
    char activation[32];
    char heads[256]; /* comma-separated: masked_lm, next_sentence, sequence_classification, ... */
} tuff_model_info;
TUFF_API void tuff_model_get_info(const tuff_model *model, tuff_model_info *out_info);
/* The model's own tokenizer, or NULL where its folder has none; lives as long as the model. */
TUFF_API const tuff_tokenizer *tuff_model_tokenizer(const tuff_model *model);

/* ---------------------------------------------------------------- what the calls on texts share */

/* Said of a text that cannot be used, from the calling thread: its index in the call, and a sentence that is
 * valid during the call. Returning true leaves its results empty and goes on; false, or no callback, makes the
 * call fail with TUFF_ARGUMENT. */
typedef bool (*tuff_reject_callback)(void *user, size_t index, const char *message);

typedef struct tuff_text_report {
    size_t truncated; /* texts (or pairs) that were longer than max_length */
    size_t tokens;    /* tokens computed, special ones included */
} tuff_text_report;

#ifdef __cplusplus
}
#endif

#endif
