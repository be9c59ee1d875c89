/* SPDX-License-Identifier: Apache-2.0 */
/* The calls on texts without waiting. Part of tuff.h. */
#ifndef TUFF_JOB_H
#define TUFF_JOB_H

#include "embed.h"
#include "heads.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A call that runs on a thread of its context's. Jobs of one context run one after the other, in the order in which they
 * were begun; calls that wait go on beside them. What is handed in (texts, labels, places for results) must stay until the
 * job has ended; options are copied. Their callbacks come from the context's thread. A job is freed before its model is
 * closed. */
typedef struct tuff_job tuff_job;

typedef struct tuff_job_options {
    size_t size;
    void (*ended)(void *user,
                  tuff_status status); /* from the context's thread, as the last that it does for the job:
                                        * tuff_job_is_done tells so after it returns. NULL: none */
    void *user;
} tuff_job_options;
#define TUFF_JOB_OPTIONS                                                                                     \
    { sizeof(tuff_job_options), NULL, NULL }

/* The calls of the same names. They return once the job is begun; TUFF_ARGUMENT and other failures of the call itself are
 * the job's. `job_options` may be NULL. */
TUFF_API tuff_status tuff_job_embed(tuff_model *model, const tuff_text *texts, size_t count,
                                    const tuff_embed_options *options, const tuff_job_options *job_options,
                                    float *out_vectors, tuff_job **out_job);
TUFF_API tuff_status tuff_job_classify(tuff_model *model, const tuff_text *texts, const tuff_text *pairs,
                                       size_t count, const tuff_score_options *options,
                                       const tuff_job_options *job_options, float *out_scores,
                                       tuff_job **out_job);
TUFF_API tuff_status tuff_job_next_sentence(tuff_model *model, const tuff_text *texts, const tuff_text *nexts,
                                            size_t count, const tuff_score_options *options,
                                            const tuff_job_options *job_options, float *out_scores,
                                            tuff_job **out_job);
TUFF_API tuff_status tuff_job_rank(tuff_model *model, tuff_text query, const tuff_text *passages,
                                   size_t count, const tuff_score_options *options,
                                   const tuff_job_options *job_options, float *out_scores,
                                   tuff_job **out_job);
TUFF_API tuff_status tuff_job_choose(tuff_model *model, const tuff_choice *choices, size_t count,
                                     const tuff_score_options *options, const tuff_job_options *job_options,
                                     float *out_scores, tuff_job **out_job);
/* Results are there once the job has ended well; until then *out_fills and so on are NULL. */
TUFF_API tuff_status tuff_job_fill_mask(tuff_model *model, const tuff_text *texts, size_t count,
                                        const tuff_fill_options *options, const tuff_job_options *job_options,
                                        tuff_fills **out_fills, tuff_job **out_job);
TUFF_API tuff_status tuff_job_tag(tuff_model *model, const tuff_text *texts, size_t count,
                                  const tuff_tag_options *options, const tuff_job_options *job_options,
                                  tuff_entities **out_entities, tuff_job **out_job);
TUFF_API tuff_status tuff_job_answer(tuff_model *model, const tuff_text *questions, const tuff_text *contexts,
                                     size_t count, const tuff_answer_options *options,
                                     const tuff_job_options *job_options, tuff_answers **out_answers,
                                     tuff_job **out_job);

/* Whether the job has ended, without waiting. *out_done of *out_total texts are through; both may be NULL. */
TUFF_API bool tuff_job_is_done(const tuff_job *job, size_t *out_done, size_t *out_total);
/* Waits for the end, for `timeout_ms` at most (UINT64_MAX: as long as it takes), and tells whether it has come. */
TUFF_API bool tuff_job_wait(const tuff_job *job, uint64_t timeout_ms);
/* Asks the job to end. It does after the submit that is in flight, with TUFF_CANCELLED; one that has not begun does no work
 * at all. Returns at once. */
TUFF_API void tuff_job_cancel(tuff_job *job);
/* Waits for the end and gives what the call would have returned, its sentence too. `out_report` may be NULL. */
TUFF_API tuff_status tuff_job_result(const tuff_job *job, tuff_text_report *out_report);
/* Cancels and waits. NULL is fine. */
TUFF_API void tuff_job_free(tuff_job *job);

#ifdef __cplusplus
}
#endif

#endif
