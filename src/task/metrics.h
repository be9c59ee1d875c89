/* SPDX-License-Identifier: Apache-2.0 */
/* The figures that models are judged by, as the official scripts define them: scikit-learn's and SciPy's for
 * classes and numbers (metrics.c), conlleval's and seqeval's for entities (metrics_entities.c), SQuAD's for
 * answers (metrics_squad.c); metrics_ranking.c has those of rankings. */
#ifndef TUFF_TASK_METRICS_H
#define TUFF_TASK_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/* ---------------------------------------------------------------- classes */

/* How often each class was given for each: counts[truth * class_count + predicted]. */
struct tuff_confusion {
    uint64_t *counts;
    uint32_t class_count;
    uint64_t total;
};

tuff_status tuff_confusion_create(uint32_t class_count, struct tuff_confusion *out_confusion);
void tuff_confusion_free(struct tuff_confusion *confusion);
/* Both below the class count. */
void tuff_confusion_add(struct tuff_confusion *confusion, uint32_t truth, uint32_t predicted);

double tuff_confusion_accuracy(const struct tuff_confusion *confusion);
/* Of one class against all others; 0 where the class neither occurs nor is predicted. */
double tuff_confusion_f1(const struct tuff_confusion *confusion, uint32_t positive);
/* The mean of F1 over the classes that occur or are predicted. */
double tuff_confusion_macro_f1(const struct tuff_confusion *confusion);
/* Of any number of classes; 0 where truth or predictions are all one class. */
double tuff_confusion_matthews(const struct tuff_confusion *confusion);

/* ---------------------------------------------------------------- found against wanted */

/* Entities, or labels of texts that have several. */
struct tuff_found {
    uint64_t correct;
    uint64_t predicted;
    uint64_t truth;
};

/* All 0 where nothing was predicted, or nothing true. */
double tuff_found_precision(const struct tuff_found *found);
double tuff_found_recall(const struct tuff_found *found);
double tuff_found_f1(const struct tuff_found *found);

/* Adds one sentence: `count` tags, as "B-PER", "I-PER", "E-PER", "S-PER" or "O". An entity is right where
 * type, start and end are. An I that follows no entity of its type begins one, as conlleval and seqeval's
 * default mode have it. */
void tuff_found_add_tags(struct tuff_found *found, const char *const *truth, const char *const *predicted,
                         size_t count);

/* ---------------------------------------------------------------- numbers */

/* NaN where either side is constant or there are fewer than two. */
double tuff_pearson(const double *a, const double *b, size_t count);
/* Of equal numbers each has the mean of their ranks. */
tuff_status tuff_spearman(const double *a, const double *b, size_t count, double *out_correlation);
double tuff_mean_squared_error(const double *a, const double *b, size_t count);

/* ---------------------------------------------------------------- rankings */

struct tuff_ranked {
    tuff_text group; /* what was asked for */
    double score;
    bool is_relevant;
};

/* Both sort the list. scikit-learn's average precision over all; NaN where nothing is relevant. */
double tuff_average_precision(struct tuff_ranked *inout_ranked, size_t count);
/* The mean over the groups with something relevant of 1 / (rank of the first relevant one). */
double tuff_reciprocal_rank(struct tuff_ranked *inout_ranked, size_t count);

/* ---------------------------------------------------------------- answers */

/* A text as SQuAD's scripts compare it: lower case, without punctuation and articles, single spaces. */
tuff_status tuff_squad_normalize(tuff_text text, char **out_text);

/* Sums over questions; the percentages are 100 * sum / count. */
struct tuff_squad_score {
    uint64_t count;
    double exact;
    double f1;
};

struct tuff_squad_scores {
    struct tuff_squad_score all, has_answer, no_answer;
};

/* Adds one question: the best over its answers. `is_version_2`: as SQuAD 2.0's script scores, where no answer
 * is right only for an empty prediction; answers that normalise to nothing don't count there. */
tuff_status tuff_squad_add(struct tuff_squad_scores *scores, tuff_text predicted, const tuff_text *answers,
                           size_t answer_count, bool is_version_2);

#endif
