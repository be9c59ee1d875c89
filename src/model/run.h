/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a packed batch through the encoder and whatever is wanted of it, in one submit. Graphs are kept by
 * bucket. */
#ifndef TUFF_MODEL_RUN_H
#define TUFF_MODEL_RUN_H

#include "base/random.h"
#include "model/batch.h"
#include "model/bert.h"
#include "model/loss.h"

/* What a run gives back. */
enum tuff_want {
    TUFF_WANT_LAST_HIDDEN = 1 << 0,
    TUFF_WANT_HIDDEN_STATES = 1 << 1, /* all of them */
    TUFF_WANT_ATTENTIONS = 1 << 2,    /* what the probabilities are computed from */
    TUFF_WANT_EMBEDDING = 1 << 3,     /* pooled as the key says */
    TUFF_WANT_POOLED = 1 << 4,        /* the pooler's output */
    TUFF_WANT_MASKED_LM = 1 << 5,     /* vocabulary logits of the asked rows */
    TUFF_WANT_NEXT_SENTENCE = 1 << 6,
    TUFF_WANT_CLASSIFIER = 1 << 7, /* the classifier over pooled outputs */
    TUFF_WANT_TOKENS = 1 << 8,     /* the classifier over all rows */
    TUFF_WANT_SPANS = 1 << 9,      /* start and end logits over all rows */
};

struct tuff_run_key {
    uint32_t wants;
    enum tuff_pool_kind pool;
    bool normalize;
    uint32_t losses;  /* flags of enum tuff_loss; the logits they need are wanted as well */
    bool is_training; /* a backward pass follows, into the gradients that the weights bring along */
    bool is_fed;      /* ids are copied on the device, see struct tuff_request */
    uint32_t group;   /* sequences that belong together for the loss of a choice */
    struct tuff_bucket bucket;
};

/* One recorded graph with its tensors; those not wanted are NULL. */
struct tuff_run {
    struct tuff_run_key key;
    struct tuff_graph *graph;
    struct tuff_bert_inputs inputs; /* that the host writes */
    struct tuff_tensor *fed;     /* (2 * rows, 1), where the key is fed: word ids of all rows, then types */
    struct tuff_tensor *fetched; /* the tokens made of them: ops/fetch_tokens.c */
    struct tuff_tensor *d_loss;  /* in training: what all gradients are multiplied with */
    struct tuff_tensor **hidden; /* layers + 1 */
    struct tuff_tensor **qkv;    /* layers */
    struct tuff_tensor *embedding, *pair_scores, *pooled, *next_sentence, *classifier, *token_logits,
        *span_logits;
    struct tuff_loss_tensors losses[TUFF_LOSS_COUNT];
    struct tuff_tensor **vocabulary; /* logits, in the weights' word_part_count parts */
    uint64_t last_use;
};

enum { TUFF_RUN_CACHE = 12 };

/* The graphs of one model; not thread-safe: the model's lock is held. */
struct tuff_runner {
    struct tuff_device *device;
    const struct tuff_config *config;
    const struct tuff_weights *weights;
    struct tuff_bert_dropout dropout; /* in training */
    float label_smoothing;
    bool f16_arithmetic; /* outside training */
    bool checkpoints;    /* in training: layers are computed again for their backward pass */
    struct tuff_workspace workspace;
    struct tuff_run *runs[TUFF_RUN_CACHE];
    uint64_t use_count;
    uint32_t row_bound; /* of batches, since more did not fit into memory; 0: none yet */
    bool is_short;      /* the last run did not begin, for want of device memory */
};

void tuff_runner_init(struct tuff_runner *runner, struct tuff_device *device,
                      const struct tuff_config *config, const struct tuff_weights *weights);
void tuff_runner_free(struct tuff_runner *runner);

/* Drops all graphs: after a change of dropout or label smoothing. */
void tuff_runner_forget(struct tuff_runner *runner);

/* After a run that did not begin for want of memory: later batches hold `rows` rows at most. */
void tuff_runner_shrink(struct tuff_runner *runner, uint32_t rows);

/* Rows that one batch may have: what fits a storage range, and no more than keeps the device busy. */
uint32_t tuff_runner_row_limit(const struct tuff_runner *runner);
/* Rows that fit a storage range: the limit of what must be computed at once. */
uint32_t tuff_runner_bindable_rows(const struct tuff_runner *runner);
/* Rows whose logits over the vocabulary, or over each of its parts, fit a storage range. */
uint32_t tuff_runner_asked_limit(const struct tuff_runner *runner);
/* The rows of a batch where a backward pass follows. */
uint32_t tuff_runner_training_limit(const struct tuff_runner *runner, uint32_t losses);

/* What is to be computed. `key.bucket` is filled by the run. */
struct tuff_request {
    struct tuff_run_key key;
    const struct tuff_sequence *sequences;
    uint32_t sequence_count;
    const struct tuff_denominators *denominators; /* where losses are wanted */
    struct tuff_seed seed;                        /* of dropout, in training */
    float loss_scale;                             /* in training; 1 unless gradients are scaled */
    bool (*keep_going)(void *user);
    /* Where the key is fed: copies ids into run->fed. Of the sequences' tokens the id then says whether there is one, and
     * the type too. */
    tuff_status (*feed)(void *user, const struct tuff_run *run);
    void *user;
};

/* Whether there is memory for it. Of the sequences only their counts are read. */
bool tuff_runner_fits(struct tuff_runner *runner, const struct tuff_request *request);
/* Results can be read from *out_run until the next call. */
tuff_status tuff_runner_run(struct tuff_runner *runner, const struct tuff_request *request,
                            struct tuff_run **out_run);

/* The values of a result, (rows, cols) floats without padding, for its first `rows` rows. */
void tuff_run_read(const struct tuff_tensor *tensor, uint32_t rows, float *out_values);

#endif
