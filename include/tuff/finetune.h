/* SPDX-License-Identifier: Apache-2.0 */
/* Tasks from labelled files, and pre-training: whole runs of a trainer. Part of tuff.h. */
#ifndef TUFF_FINETUNE_H
#define TUFF_FINETUNE_H

#include "trainer.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------- tasks */

/* What a model is fine-tuned for, evaluated at, and what its files hold. */
typedef enum tuff_task {
    TUFF_TASK_CLASSIFY = 0,   /* a text (or a pair) and its class */
    TUFF_TASK_PAIR = 1,       /* a pair of texts and its class */
    TUFF_TASK_REGRESS = 2,    /* a text or a pair and a number */
    TUFF_TASK_MULTILABEL = 3, /* a text or a pair and any number of labels */
    TUFF_TASK_TAG = 4,        /* words with a tag each; the first piece of a word carries it */
    TUFF_TASK_ANSWER = 5,     /* questions on contexts, as SQuAD has them */
    TUFF_TASK_CHOOSE = 6,     /* which of several endings follows */
    /* a query, a passage and its relevance from 0 to 1: a cross-encoder, whose one output is held against it
     * by binary cross entropy */
    TUFF_TASK_RANK = 7,
    /* pairs of texts that mean the same: sentence embeddings by the multiple negatives ranking loss, which
     * takes all other second texts of a batch for wrong ones. Evaluated as a search for each first text's own
     * second one among all of the file */
    TUFF_TASK_EMBED = 8
} tuff_task;

/* How a labelled file is read: .tsv, .csv, .jsonl, .conll, .json (SQuAD) by its name. */
typedef struct tuff_data_options {
    size_t size;
    const char *text_column, *pair_column, *label_column, *id_column; /* NULL: the usual names */
    /* file with a label a line; NULL: the model's, for a new head those of the training file */
    const char *labels;
    double label_scale, label_offset; /* numbers are trained as (label - offset) / scale */
    uint32_t max_length;              /* tokens; longer texts are cut. 0: the model's */
    uint32_t stride;                  /* tokens that the windows of a context share */
    uint32_t n_best;                  /* starts and ends of which the best pair is an answer */
    uint32_t max_answer_tokens;
    bool skips_bad; /* pass over and count what cannot be used instead of refusing the file */
} tuff_data_options;
#define TUFF_DATA_OPTIONS                                                                                    \
    { sizeof(tuff_data_options), 0, 0, 0, 0, 0, 1, 0, 0, 128, 20, 30, 0 }

typedef struct tuff_metric {
    const char *name; /* "accuracy"; of static life */
    double value;
} tuff_metric;

typedef enum tuff_head_start {
    TUFF_HEAD_OWN = 0,    /* the folder's where it has the head, else RANDOM */
    TUFF_HEAD_RANDOM = 1, /* normal of deviation 0.02, biases 0 */
    TUFF_HEAD_ZEROS = 2
} tuff_head_start;

/* Which parameters are trained; the others stay as they are, bit by bit. The head is all that stands behind the
 * encoder: pooler and classifier. Adapters are chosen by tuff_trainer_options.lora_rank. */
typedef enum tuff_trainable {
    TUFF_TRAINABLE_ALL = 0,
    TUFF_TRAINABLE_HEAD = 1,
    TUFF_TRAINABLE_LAST = 2,  /* the head and the last layers of the encoder */
    TUFF_TRAINABLE_BIASES = 3 /* the head and the encoder's biases (BitFit, Ben Zaken et al. 2022) */
} tuff_trainable;

typedef struct tuff_finetune_report {
    uint64_t step, total_steps; /* step: that was made, from 1 */
    uint32_t epoch;             /* from 1 */
    double loss, gradient_norm, learning_rate;
    double tokens_per_second, seconds_left;
    double loss_scale; /* as of tuff_step_report */
    bool was_skipped;
    uint64_t skipped_steps;
} tuff_finetune_report;

typedef struct tuff_finetune_options {
    size_t size;
    tuff_task task;
    const char *model, *train, *output; /* folder, file, folder */
    const char *dev;                    /* file; NULL: no evaluation */
    /* NULL: the defaults; its steps are set from epochs and warm-up, and a step
     * takes `accumulate` batches */
    const tuff_trainer_options *trainer;
    const tuff_data_options *data; /* NULL: the defaults */
    tuff_head_start head;
    uint32_t epochs, batch_size;
    double warmup;             /* share of all steps over which the rate rises */
    bool keeps_order;          /* of the file; else each epoch is shuffled by the seed */
    uint64_t limit, dev_limit; /* features of the files that are read; 0: all */
    uint64_t checkpoint_every; /* steps; 0: each epoch */
    bool resumes;              /* from the output's checkpoint where there is one */
    uint64_t eval_every;       /* steps, and after the last one; 0: each epoch */
    /* evaluations in a row without a better figure that end the run; the output is then the best
     * model. 0: all epochs, and the output is the last one */
    uint32_t patience;
    tuff_trainable trainable;
    uint32_t trainable_count; /* of LAST: layers */
    /* of ANSWER: the loss runs over the padding too that fills each window of a batch up to its
     * longest, as transformers has it; else over the window's own positions */
    bool pads_to_longest;
    /* Each may be NULL. Returning false from step cancels. */
    bool (*step)(void *user, const tuff_finetune_report *report);
    void (*evaluated)(void *user, uint64_t step, const tuff_metric *metrics, size_t count);
    void *user;
    bool exports_adapter; /* the output is what tuff_trainer_save_adapter writes, not a whole model */
} tuff_finetune_options;
#define TUFF_FINETUNE_OPTIONS                                                                                \
    {                                                                                                        \
        sizeof(tuff_finetune_options), TUFF_TASK_CLASSIFY, 0, 0, 0, 0, 0, 0, TUFF_HEAD_OWN, 3, 32, 0.1, 0,   \
            0, 0, 0, 0, 0, 0, TUFF_TRAINABLE_ALL, 0, 0, 0, 0, 0, 0                                           \
    }

/* Trains a model on a labelled file. The output is a folder that transformers loads, with metrics.jsonl (a line a step and a
 * line an evaluation) and, under checkpoint, what a run goes on from: it is replaced whole, so that a run that is
 * killed at any moment resumes to the weights that it would have had. TUFF_NOT_FINITE where loss or gradients are not
 * finite; the last checkpoint stays. */
TUFF_API tuff_status tuff_finetune(tuff_context *context, const tuff_finetune_options *options);

enum { TUFF_METRICS_MAX = 8 };

/* The figures of a model at a labelled file; out_metrics takes TUFF_METRICS_MAX. `predictions` (may be NULL) is a file that
 * is replaced by one line for each example: its label, labels or number, or for EMBED the number of the second text found,
 * from 0; for TAG by what conlleval reads, a line for each word with its true and its predicted tag; for ANSWER by the
 * JSON object that SQuAD's scripts read. `limit`
 * examples are read; 0: all. */
TUFF_API tuff_status tuff_evaluate(tuff_context *context, tuff_task task, const char *model, const char *data,
                                   const tuff_data_options *options, uint64_t limit, const char *predictions,
                                   tuff_metric *out_metrics, size_t *out_count);

/* ---------------------------------------------------------------- pre-training */

typedef struct tuff_pretraining_options {
    size_t size;
    const char *model;          /* folder with both heads of pre-training; NULL: from scratch */
    const char *config, *vocab; /* from scratch: config.json and vocab.txt */
    const char *output;         /* folder */
    const char *const *corpus;  /* files: a sentence a line, an empty line between documents */
    size_t corpus_count;
    const char *batches; /* ready sequences instead: safetensors with the fields of Google's BERT records */
    const char *eval_batches; /* the same; its loss is given at the end; may be NULL */
    /* NULL: the defaults; total_steps is set from `steps`, and a step takes `accumulate` batches */
    const tuff_trainer_options *trainer;
    uint64_t steps; /* 0: once through the batches; needed with a corpus */
    uint32_t batch_size;
    /* tokens of the corpus's sequences; the last tenth of the steps takes four times as many where
     * the model has positions for them */
    uint32_t length;
    bool has_one_length;       /* of all steps */
    bool is_whole_word;        /* pieces of a word are masked together */
    uint64_t checkpoint_every; /* steps; 0: 1000 */
    bool resumes;
    bool (*step)(void *user, const tuff_finetune_report *report);
    void (*evaluated)(void *user, uint64_t step, const tuff_metric *metrics, size_t count);
    void *user;
} tuff_pretraining_options;
#define TUFF_PRETRAINING_OPTIONS                                                                             \
    { sizeof(tuff_pretraining_options), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32, 128, 0, 0, 0, 0, 0, 0, 0 }

/* Trains a model to fill masks and to tell whether one text follows another. Output and failures as of tuff_finetune. */
TUFF_API tuff_status tuff_pretrain(tuff_context *context, const tuff_pretraining_options *options);

#ifdef __cplusplus
}
#endif

#endif
