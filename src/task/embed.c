/* SPDX-License-Identifier: Apache-2.0 */
/* Sentence vectors: texts are encoded and embedded in windows, so that memory does not grow with their
 * number. */
#include "task/embed.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "task/batcher.h"
#include "task/encode.h"

enum { WINDOW = 2048 }; /* texts sorted by length at a time */

struct embedding {
    struct tuff_model *model;
    const tuff_text *texts; /* of the window */
    float *vectors;         /* likewise */
    float *values;          /* of one batch */
    size_t value_capacity;
};

static tuff_status take(void *user, const struct tuff_batch_view *view) {
    struct embedding *embedding = user;
    const struct tuff_tensor *result = view->run->embedding;
    size_t size = result->shape.cols;
    TUFF_TRY(tuff_reserve(&embedding->values, &embedding->value_capacity, view->count * size, sizeof(float)));
    tuff_run_read(result, view->count, embedding->values);
    for (size_t i = 0; i < view->count * size; i++)
        if (!isfinite(embedding->values[i]))
            return tuff_fail(TUFF_NOT_FINITE,
                             "an embedding is not finite although the weights are: `tuff check` tells "
                             "whether the device computes right; --dtype f32 may help");
    for (uint32_t i = 0; i < view->count; i++)
        memcpy(embedding->vectors + view->members[i] * size, embedding->values + i * size,
               size * sizeof(float));
    return TUFF_OK;
}

static tuff_status embed_window(struct embedding *embedding, size_t count, uint32_t max_length,
                                struct tuff_batcher *batcher, tuff_embed_report *report) {
    struct tuff_encoded_texts encoded = { 0 };
    tuff_status status = tuff_encode_texts(embedding->model, embedding->texts, count, max_length, &encoded);
    if (status == TUFF_OK) {
        batcher->sequences = encoded.sequences;
        batcher->count = count;
        status = tuff_batcher_run(batcher);
    }
    report->truncated += encoded.truncated;
    report->tokens += encoded.token_count;
    tuff_encoded_texts_free(&encoded);
    return status;
}

static enum tuff_pool_kind pool_kind(tuff_pooling pooling) {
    switch (pooling) {
    case TUFF_POOLING_CLS:
        return TUFF_POOL_CLS;
    case TUFF_POOLING_MAX:
        return TUFF_POOL_MAX;
    case TUFF_POOLING_MEAN:
    case TUFF_POOLING_AUTO:
        break;
    }
    return TUFF_POOL_MEAN;
}

/* The folder may say something that tuff cannot do; an explicit pooling and normalisation override it. */
static tuff_status check_modules(const struct tuff_model *model, const tuff_embed_options *options) {
    const struct tuff_sentence *sentence = &model->folder.sentence;
    if (!sentence->refusal || (options->pooling != TUFF_POOLING_AUTO && options->normalize >= 0))
        return TUFF_OK;
    return tuff_fail(TUFF_UNSUPPORTED, "%s", sentence->refusal);
}

tuff_status tuff_task_embed(struct tuff_model *model, const tuff_text *texts, size_t count,
                            const tuff_embed_options *options, float *out_vectors,
                            tuff_embed_report *out_report) {
    const struct tuff_sentence *sentence = &model->folder.sentence;
    struct embedding embedding = { .model = model };
    struct tuff_batcher batcher = {
        .runner = &model->runner,
        .key = { .wants = TUFF_WANT_EMBEDDING,
                 .pool =
                     pool_kind(options->pooling == TUFF_POOLING_AUTO ? sentence->pooling : options->pooling),
                 .normalize = options->normalize < 0 ? sentence->normalize : options->normalize != 0 },
        .take = take,
        .user = &embedding,
        .progress = options->progress,
        .progress_user = options->progress_user,
        .progress_total = count,
    };
    size_t size = model->folder.config.hidden_size;
    tuff_status status = TUFF_OK;
    *out_report = (tuff_embed_report){ 0 };
    TUFF_TRY(check_modules(model, options));
    for (size_t begin = 0; begin < count && status == TUFF_OK; begin += WINDOW) {
        embedding.texts = texts + begin;
        embedding.vectors = out_vectors + begin * size;
        batcher.progress_done = begin;
        status = embed_window(&embedding, count - begin < WINDOW ? count - begin : WINDOW,
                              options->max_length, &batcher, out_report);
    }
    tuff_free(embedding.values);
    return status;
}
