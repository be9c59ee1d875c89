/* SPDX-License-Identifier: Apache-2.0 */
/* What the heads of models say of texts: scores, masked words, entities, answers. Part of tuff.h. */
#ifndef TUFF_HEADS_H
#define TUFF_HEADS_H

#include "model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------- scores: classes, sentence pairs, choices */

/* The labels of a classifier, of sequences or of tokens: config.json's id2label, or LABEL_0 and so on. */
TUFF_API size_t tuff_model_label_count(const tuff_model *model);
/* NULL where `index` is too large; lives as long as the model. */
TUFF_API const char *tuff_model_label(const tuff_model *model, size_t index);

/* What makes scores of a head's outputs. */
typedef enum tuff_score_function {
    TUFF_SCORES_AUTO = 0,    /* as the call says */
    TUFF_SCORES_NONE = 1,    /* the outputs themselves */
    TUFF_SCORES_SIGMOID = 2, /* of each output */
    TUFF_SCORES_SOFTMAX = 3  /* over the outputs that belong together */
} tuff_score_function;

/* What AUTO means to tuff_classify, as transformers' pipeline has it: NONE where problem_type is regression,
 * SIGMOID where it is multi_label_classification or there is one label, else SOFTMAX. */
TUFF_API tuff_score_function tuff_model_score_function(const tuff_model *model);

typedef struct tuff_score_options {
    size_t size;
    tuff_score_function function;
    /* tokens, special ones included; 0: the model's. The longer text of a pair is cut first */
    uint32_t max_length;
    tuff_progress_callback progress;
    void *progress_user;
    tuff_reject_callback reject;
    void *reject_user;
} tuff_score_options;
#define TUFF_SCORE_OPTIONS                                                                                   \
    { sizeof(tuff_score_options), TUFF_SCORES_AUTO, 0, NULL, NULL, NULL, NULL }

/* In all of these: texts are sorted by length and packed without padding, so give many at once; results are in
 * the order of the texts; `out_report` may be NULL. TUFF_UNSUPPORTED says which heads the model has where it
 * lacks the one that is needed; TUFF_NOT_FINITE if a result is NaN or infinite. */

/* A model with a sequence classification head. `pairs` may be NULL; of its `count` entries those that are empty
 * stand for no second text, as in transformers' pipeline. `out_scores` takes count x labels floats. */
TUFF_API tuff_status tuff_classify(tuff_model *model, const tuff_text *texts, const tuff_text *pairs,
                                   size_t count, const tuff_score_options *options, float *out_scores,
                                   tuff_text_report *out_report);

/* A model with a next sentence head. `out_scores` takes count x 2 floats: that nexts[i] follows texts[i], and
 * that it does not; an empty one is taken as transformers takes it, for no second text. AUTO is SOFTMAX: probabilities. */
TUFF_API tuff_status tuff_next_sentence(tuff_model *model, const tuff_text *texts, const tuff_text *nexts,
                                        size_t count, const tuff_score_options *options, float *out_scores,
                                        tuff_text_report *out_report);

/* A cross-encoder: a sequence classification head with one label, whose output for (query, passage) says how
 * well the passage answers. `out_scores` takes `count` floats. AUTO is what config.json says to
 * sentence-transformers' CrossEncoder, else SIGMOID. */
TUFF_API tuff_status tuff_rank(tuff_model *model, tuff_text query, const tuff_text *passages, size_t count,
                               const tuff_score_options *options, float *out_scores,
                               tuff_text_report *out_report);

typedef struct tuff_choice {
    tuff_text context;
    const tuff_text *endings;
    size_t ending_count;
} tuff_choice;

/* A model with a multiple choice head. `out_scores` takes a float for each ending, those of the first choice
 * first. AUTO is SOFTMAX over the endings of a choice. A choice with an empty context or without endings is
 * rejected; its scores are zeros. */
TUFF_API tuff_status tuff_choose(tuff_model *model, const tuff_choice *choices, size_t count,
                                 const tuff_score_options *options, float *out_scores,
                                 tuff_text_report *out_report);

/* ---------------------------------------------------------------- words for [MASK] */

typedef struct tuff_fill_options {
    size_t size;
    uint32_t top_k;      /* words for each [MASK], at most the vocabulary */
    uint32_t max_length; /* tokens, special ones included; 0: the model's */
    tuff_progress_callback progress;
    void *progress_user;
    tuff_reject_callback reject;
    void *reject_user;
} tuff_fill_options;
#define TUFF_FILL_OPTIONS                                                                                    \
    { sizeof(tuff_fill_options), 5, 0, NULL, NULL, NULL, NULL }

/* One word for one [MASK]; texts are UTF-8 with a NUL behind them. */
typedef struct tuff_fill {
    float score;   /* probability over the whole vocabulary */
    int32_t token; /* id */
    const char *token_str;
    const char *sequence; /* the text with the word in its place, as transformers decodes it: without special
                           * tokens where it is the text's only [MASK], else with them */
    size_t sequence_length; /* bytes */
} tuff_fill;

typedef struct tuff_fills tuff_fills;

/* A model with a masked language head. Each [MASK] is answered by itself, the others staying masked. A text
 * without [MASK], or one that loses a [MASK] to max_length, is rejected. */
TUFF_API tuff_status tuff_fill_mask(tuff_model *model, const tuff_text *texts, size_t count,
                                    const tuff_fill_options *options, tuff_fills **out_fills,
                                    tuff_text_report *out_report);
/* The [MASK]s of a text; 0 where it was rejected. */
TUFF_API size_t tuff_fills_mask_count(const tuff_fills *fills, size_t text);
/* The top_k words of a [MASK], the likeliest first; NULL where there is no such text or [MASK]. Valid until the
 * fills are freed. */
TUFF_API const tuff_fill *tuff_fills_get(const tuff_fills *fills, size_t text, size_t mask);
TUFF_API void tuff_fills_free(tuff_fills *fills);

/* ---------------------------------------------------------------- entities */

/* How labels of tokens become entities, as in transformers' pipeline for token classification. */
typedef enum tuff_aggregation {
    TUFF_AGGREGATION_NONE = 0,    /* each token by itself */
    TUFF_AGGREGATION_SIMPLE = 1,  /* neighbours of one type are an entity; B- begins another */
    TUFF_AGGREGATION_FIRST = 2,   /* the same, but a word has the label of its first token, */
    TUFF_AGGREGATION_AVERAGE = 3, /* the best label by the mean of its tokens' probabilities, */
    TUFF_AGGREGATION_MAX = 4      /* or the label of its surest token */
} tuff_aggregation;

typedef struct tuff_tag_options {
    size_t size;
    tuff_aggregation aggregation;
    const char *const *ignored_labels; /* entities of these are left away; NULL: those of "O" */
    size_t ignored_count;
    uint32_t max_length; /* tokens of a window, special ones included; 0: the model's */
    int32_t stride;      /* tokens that a window shares with the one before; -1: a quarter of a window */
    tuff_progress_callback progress;
    void *progress_user;
} tuff_tag_options;
#define TUFF_TAG_OPTIONS                                                                                     \
    { sizeof(tuff_tag_options), TUFF_AGGREGATION_NONE, NULL, 0, 0, -1, NULL, NULL }

typedef struct tuff_entity {
    const char *label; /* of the token, or what stands behind its B- or I-; lives as long as the model */
    float score;       /* probability, the mean over what was joined */
    const char *word;  /* the tokens joined, with a NUL behind them */
    size_t word_length;
    tuff_offset offset;      /* where it stands in the text: code points */
    tuff_offset byte_offset; /* the same in bytes */
    size_t index;            /* its first token's place in the text, that of [CLS] being 0 */
} tuff_entity;

typedef struct tuff_entities tuff_entities;

/* A model with a token classification head. A text that is longer than a window is cut into windows that
 * overlap; of entities that overlap the longest is kept, or the likelier of equally long ones. */
TUFF_API tuff_status tuff_tag(tuff_model *model, const tuff_text *texts, size_t count,
                              const tuff_tag_options *options, tuff_entities **out_entities,
                              tuff_text_report *out_report);
TUFF_API size_t tuff_entities_count(const tuff_entities *entities, size_t text);
/* In the order of the text; NULL where there is no such text or entity. Valid until the entities are freed. */
TUFF_API const tuff_entity *tuff_entities_get(const tuff_entities *entities, size_t text, size_t index);
TUFF_API void tuff_entities_free(tuff_entities *entities);

/* ---------------------------------------------------------------- answers to questions */

typedef struct tuff_answer_options {
    size_t size;
    uint32_t top_k;      /* answers to each question, at most */
    uint32_t max_length; /* tokens of a window, question and special ones included; 0: 384, or the model's
                          * where that is less */
    int32_t stride;      /* tokens of the context that a window shares with the one before; -1: 128, or
                          * half a window where that is less */
    uint32_t max_answer_length; /* tokens */
    bool handle_impossible;     /* that there is no answer is one of the answers */
    bool no_word_alignment;     /* answers may begin and end within words */
    tuff_progress_callback progress;
    void *progress_user;
    tuff_reject_callback reject;
    void *reject_user;
} tuff_answer_options;
#define TUFF_ANSWER_OPTIONS                                                                                  \
    { sizeof(tuff_answer_options), 1, 0, -1, 15, false, false, NULL, NULL, NULL, NULL }

/* A part of a context. */
typedef struct tuff_span {
    float score;
    tuff_offset offset;      /* in code points; [0, 0): there is no answer */
    tuff_offset byte_offset; /* the same in bytes */
} tuff_span;

typedef struct tuff_answers tuff_answers;

/* A model with a question answering head finds the answer to questions[i] in contexts[i], which may be of any
 * length: it is cut into windows that overlap. A span's score is the product of the probabilities that it begins
 * and ends there; scores of spans with the same text add up, as in transformers' pipeline. A question or a context
 * that is empty, or a question that leaves no room for the context, is rejected. */
TUFF_API tuff_status tuff_answer(tuff_model *model, const tuff_text *questions, const tuff_text *contexts,
                                 size_t count, const tuff_answer_options *options, tuff_answers **out_answers,
                                 tuff_text_report *out_report);
/* 0 where the question was rejected. */
TUFF_API size_t tuff_answers_count(const tuff_answers *answers, size_t question);
/* The best first; NULL where there is no such question or answer. Valid until the answers are freed. */
TUFF_API const tuff_span *tuff_answers_get(const tuff_answers *answers, size_t question, size_t index);
/* The score of there being no answer: the least over the windows. */
TUFF_API float tuff_answers_null_score(const tuff_answers *answers, size_t question);
TUFF_API void tuff_answers_free(tuff_answers *answers);

#ifdef __cplusplus
}
#endif

#endif
