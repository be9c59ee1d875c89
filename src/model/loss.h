/* SPDX-License-Identifier: Apache-2.0 */
/* The losses of BERT's heads, as transformers' model classes define them, over packed batches. A batch that
 * is computed in pieces gives each piece the denominators of the whole: the pieces' losses and gradients add
 * up. */
#ifndef TUFF_MODEL_LOSS_H
#define TUFF_MODEL_LOSS_H

#include "graph/graph.h"
#include "model/batch.h"
#include "model/config.h"

enum { TUFF_IGNORED = -100 }; /* a label that does not count */

/* Flags: pre-training has two. */
enum tuff_loss {
    TUFF_LOSS_MASKED_LM = 1 << 0,     /* cross entropy of the asked rows */
    TUFF_LOSS_NEXT_SENTENCE = 1 << 1, /* cross entropy of two classes */
    TUFF_LOSS_CLASS = 1 << 2,         /* cross entropy of a sequence's class */
    TUFF_LOSS_NUMBERS = 1 << 3,       /* squared error: regression */
    TUFF_LOSS_LABELS = 1 << 4,        /* binary cross entropy: several labels at once */
    TUFF_LOSS_TOKENS = 1 << 5,        /* cross entropy of every row's class */
    TUFF_LOSS_CHOICE = 1 << 6,        /* cross entropy over the sequences of a group */
    TUFF_LOSS_SPAN = 1 << 7,          /* mean of the cross entropies of start and end */
    TUFF_LOSS_PAIRS = 1 << 8,         /* cross entropy of each first text's scores with all second ones */
};
enum { TUFF_LOSS_COUNT = 9, TUFF_LOSS_CHOICE_INDEX = 6 };

/* What one sequence is held against; which fields are read follows from the loss. */
struct tuff_targets {
    int32_t label;               /* CLASS; CHOICE, on the first sequence of a group */
    int32_t next_sentence;       /* NEXT_SENTENCE */
    const float *numbers;        /* NUMBERS and LABELS: one for each column of the logits */
    const int32_t *asked_labels; /* MASKED_LM: one for each asked row */
    const int32_t *row_labels;   /* TOKENS: one for each row, hidden ones too */
    int32_t start, end;          /* SPAN: which of the sequence's rows; outside: ignored */
};

/* By the position of a loss's flag: what its sum is divided by; the second for the ends of spans. */
struct tuff_denominators {
    float values[TUFF_LOSS_COUNT][2];
};

/* Graph inputs of one loss and its value. */
struct tuff_loss_tensors {
    struct tuff_tensor *targets, *denominators, *value;
};

/* The logits that losses are taken of; those not wanted may be NULL. */
struct tuff_loss_logits {
    struct tuff_tensor *masked_lm, *next_sentence, *classifier, *tokens, *spans, *pair_scores;
};

/* Appends the flagged losses; out_tensors has TUFF_LOSS_COUNT places, by the position of the flag. `group` is
 * the number of sequences that belong together for CHOICE. */
tuff_status tuff_loss_append(struct tuff_graph *graph, uint32_t losses, uint32_t group, float label_smoothing,
                             const struct tuff_bucket *bucket, const struct tuff_loss_logits *logits,
                             struct tuff_loss_tensors *out_tensors);

/* Writes targets and denominators into the graph's inputs. */
void tuff_loss_fill(uint32_t losses, uint32_t group, const struct tuff_sequence *sequences,
                    uint32_t sequence_count, const struct tuff_denominators *denominators,
                    const struct tuff_loss_tensors *tensors);

/* How much these sequences weigh in each flagged loss. */
struct tuff_denominators tuff_loss_weigh(uint32_t losses, uint32_t group, uint32_t columns,
                                         const struct tuff_sequence *sequences, size_t sequence_count);

#endif
