/* SPDX-License-Identifier: Apache-2.0 */
/* Training, step by step. Part of tuff.h. */
#ifndef TUFF_TRAINER_H
#define TUFF_TRAINER_H

#include "arrays.h"
#include "context.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A model that is trained: weights, gradients and the optimizer's moments on the device. It is opened from a
 * folder with the head that is to be trained, and shares nothing with a tuff_model of the same folder. Calls on one trainer
 * take turns. */
typedef struct tuff_trainer tuff_trainer;

typedef enum tuff_optimizer {
    /* PyTorch's AdamW (Loshchilov and Hutter 2019), gradients scaled by min(1, clip / (norm + 1e-6)) */
    TUFF_ADAMW = 0,
    /* the original BERT's: no bias correction, gradients scaled by clip / max(norm, clip) */
    TUFF_BERT_ADAMW = 1
} tuff_optimizer;

/* Learning rate by step s = 0, 1, ...; during warm-up always rate * s / warmup_steps. */
typedef enum tuff_schedule {
    TUFF_SCHEDULE_AUTO = 0, /* LINEAR for ADAMW, ORIGINAL for BERT_ADAMW */
    /* then rate * (total - s) / (total - warmup), as transformers' linear schedule */
    TUFF_SCHEDULE_LINEAR = 1,
    TUFF_SCHEDULE_COSINE = 2, /* then rate * (1 + cos(pi * (s - warmup) / (total - warmup))) / 2 */
    TUFF_SCHEDULE_CONSTANT = 3,
    TUFF_SCHEDULE_ORIGINAL = 4 /* then rate * (1 - s / total), as the original BERT's optimization.py */
} tuff_schedule;

/* Matrices of the encoder's layers that get low-rank adapters. */
typedef enum tuff_lora_targets {
    TUFF_LORA_QUERY = 1,
    TUFF_LORA_KEY = 2,
    TUFF_LORA_VALUE = 4,
    TUFF_LORA_ATTENTION_OUTPUT = 8,
    TUFF_LORA_INTERMEDIATE = 16, /* the first matrix of the feed-forward network */
    TUFF_LORA_OUTPUT = 32,       /* the second one */
    TUFF_LORA_ALL = 63
} tuff_lora_targets;

typedef struct tuff_trainer_options {
    size_t size;
    tuff_optimizer optimizer;
    tuff_schedule schedule;
    double learning_rate;
    double beta1, beta2;
    double epsilon;      /* 0: 1e-8 for ADAMW, 1e-6 for BERT_ADAMW */
    double weight_decay; /* of matrices and tables; biases and norms never decay */
    double clip;         /* of the norm of all gradients; 0: none */
    uint64_t warmup_steps;
    uint64_t total_steps; /* 0: the rate does not fall */
    double dropout;       /* of everything; below 0: as config.json says */
    double label_smoothing;
    uint64_t seed; /* of dropout */
    /* the batch of a step is computed in so many parts, whose gradients are added: the same step in
     * less memory */
    uint32_t accumulate;
    /* F32 (AUTO as well), or F16: mixed precision. Activations, their gradients and what is multiplied are
     * then F16; weights, their gradients, moments and sums stay F32. The loss is scaled by 2^16 at first,
     * by half of it after a step whose gradients overflowed (it is skipped), twice as much after 2000
     * good ones, as PyTorch's GradScaler does */
    tuff_dtype dtype;
    /* each layer learns at the rate of the one above times this, the heads and the pooler at the full
     * one, the embeddings below all layers; 1: all alike */
    double layer_decay;
    /* each layer is computed a second time for its backward pass instead of being kept: the
     * same gradients in less memory */
    bool checkpoints_activations;
    /* above 0: low-rank adapters (LoRA, Hu et al. 2021) are trained, and with them the heads and the
     * pooler alone. A matrix W is then W + alpha / rank * B A with A (rank, inputs) and B (outputs,
     * rank); A begins uniform within 1 / sqrt(inputs), by the seed, and B as zeros, as PEFT has it.
     * At most hidden_size */
    uint32_t lora_rank;
    double lora_alpha;     /* 0: twice the rank */
    uint32_t lora_targets; /* flags of tuff_lora_targets */
} tuff_trainer_options;
#define TUFF_TRAINER_OPTIONS                                                                                 \
    {                                                                                                        \
        sizeof(tuff_trainer_options), TUFF_ADAMW, TUFF_SCHEDULE_AUTO, 5e-5, 0.9, 0.999, 0, 0.01, 1, 0, 0,    \
            -1, 0, 0, 1, TUFF_DTYPE_AUTO, 1, false, 0, 0, TUFF_LORA_ALL                                      \
    }

/* Opens a folder as tuff_model_open does. TUFF_UNSUPPORTED where it has no head. */
TUFF_API tuff_status tuff_trainer_open(tuff_context *context, const char *path,
                                       const tuff_trainer_options *options, tuff_trainer **out_trainer);
TUFF_API void tuff_trainer_close(tuff_trainer *trainer);

/* The loss of a labelled batch and the gradient of every parameter that it depends on, without dropout and without changing
 * anything. Inputs as of tuff_forward with labels. Outputs, F32: loss, and one array for each parameter under its name in
 * the folder; tied weights once. Zeros for parameters that are not trained; with adapters, those of A and B under the
 * matrix's name with lora_A or lora_B before its last word, and the gradient of the matrix that they make. */
TUFF_API tuff_status tuff_trainer_gradients(tuff_trainer *trainer, const tuff_arrays *inputs,
                                            tuff_arrays **out_gradients);

typedef struct tuff_step_report {
    uint64_t step;          /* that was made, from 0 */
    double loss;            /* before the update */
    double gradient_norm;   /* of all gradients, before clipping */
    double learning_rate;   /* used */
    bool was_skipped;       /* the norm was not finite: nothing was changed */
    double loss_scale;      /* of this step; 1 in F32 */
    uint64_t skipped_steps; /* until now */
} tuff_step_report;

/* One optimizer step on one labelled batch; a batch that does not fit at once is computed in pieces. TUFF_DEVICE_MEMORY
 * where a piece cannot be smaller, with the length that would fit; TUFF_NOT_FINITE where the loss is NaN. The weights are
 * then as before. */
TUFF_API tuff_status tuff_trainer_step(tuff_trainer *trainer, const tuff_arrays *inputs,
                                       tuff_step_report *out_report);

/* Writes the folder that transformers loads: model.safetensors in F32 under the names of the folder that was opened, with its
 * config.json and tokenizer files. Each file is replaced whole or not at all. */
TUFF_API tuff_status tuff_trainer_save(tuff_trainer *trainer, const char *folder);
/* Writes the adapters alone, and the heads trained with them, as PEFT does: adapter_model.safetensors, adapter_config.json
 * and the tokenizer files. tuff_trainer_save writes the model with its adapters merged. TUFF_ARGUMENT where the trainer has
 * no adapters. */
TUFF_API tuff_status tuff_trainer_save_adapter(tuff_trainer *trainer, const char *folder);

/* Writes all that a trainer goes on from (weights, moments, its step) to one file, which is replaced whole. */
TUFF_API tuff_status tuff_trainer_checkpoint(tuff_trainer *trainer, const char *path);
/* Goes on from such a file, to the same bits. TUFF_ARGUMENT where it is of another model, seed or number of steps. */
TUFF_API tuff_status tuff_trainer_resume(tuff_trainer *trainer, const char *path);

#ifdef __cplusplus
}
#endif

#endif
