/* SPDX-License-Identifier: Apache-2.0 */
/* Sentence vectors. */
#include "task/embed.h"

#include <string.h>

#include "base/memory.h"
#include "task/embed_tokens.h"
#include "task/texts.h"
#include "vk/exchange.h"

static tuff_status copy_to_place(struct tuff_exchange *place, size_t begin,
                                 const struct tuff_batch_view *view) {
    const struct tuff_tensor *result = view->run->embedding;
    const uint64_t row_size = result->shape.cols * sizeof(float);
    for (uint32_t i = 0; i < view->count; i++)
        TUFF_TRY(tuff_exchange_add(
            place, result->slice.offset + tuff_shape_index(&result->shape, i, 0) * sizeof(float),
            (begin + view->members[i]) * row_size, row_size));
    return tuff_exchange_put(place, &result->slice);
}

tuff_status tuff_embedding_take(struct tuff_embedding *embedding, size_t begin,
                                const struct tuff_batch_view *view) {
    const struct tuff_tensor *result = view->run->embedding;
    const size_t size = result->shape.cols;
    TUFF_TRY(tuff_values_read(&embedding->values, result, view->count, "an embedding"));
    if (!embedding->vectors)
        return copy_to_place(embedding->place, begin, view);
    for (uint32_t i = 0; i < view->count; i++)
        memcpy(embedding->vectors + (begin + view->members[i]) * size, embedding->values.items + i * size,
               size * sizeof(float));
    return TUFF_OK;
}

enum tuff_pool_kind tuff_pool_kind_of(tuff_pooling pooling) {
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

tuff_status tuff_embedding_key(const struct tuff_model *model, const tuff_embed_options *options,
                               struct tuff_run_key *out_key) {
    const struct tuff_sentence *sentence = &model->folder.sentence;
    const tuff_pooling pooling = options->pooling == TUFF_POOLING_AUTO ? sentence->pooling : options->pooling;
    *out_key = (struct tuff_run_key){ .wants = TUFF_WANT_EMBEDDING,
                                      .pool = tuff_pool_kind_of(pooling),
                                      .normalize = options->normalize < 0 ? sentence->normalize
                                                                          : options->normalize != 0 };
    return check_modules(model, options);
}

static tuff_status take(void *user, size_t begin, const struct tuff_batch_view *view) {
    return tuff_embedding_take(user, begin, view);
}

static tuff_status embed(struct tuff_model *model, const tuff_text *texts, size_t count,
                         const tuff_embed_options *options, const struct tuff_run_key *key,
                         struct tuff_embedding *embedding, tuff_text_report *out_report) {
    const struct tuff_texts work = {
        .model = model,
        .texts = texts,
        .count = count,
        .max_length = options->max_length,
        .key = *key,
        .take = take,
        .user = embedding,
        .progress = options->progress,
        .progress_user = options->progress_user,
    };
    const tuff_status status = tuff_texts_run(&work, out_report);
    tuff_free(embedding->values.items);
    return status;
}

tuff_status tuff_embedding_open_place(const struct tuff_model *model, const tuff_vulkan_buffer *to,
                                      size_t count, struct tuff_exchange *out_place) {
    const uint64_t size = (uint64_t)count * model->folder.config.hidden_size * sizeof(float);
    return tuff_exchange_open(model->device, to, size, out_place);
}

tuff_status tuff_task_embed(struct tuff_model *model, const tuff_text *texts, size_t count,
                            const tuff_embed_options *options, float *out_vectors,
                            tuff_text_report *out_report) {
    struct tuff_run_key key;
    TUFF_TRY(tuff_embedding_key(model, options, &key));
    return embed(model, texts, count, options, &key, &(struct tuff_embedding){ .vectors = out_vectors },
                 out_report);
}

tuff_status tuff_task_embed_into(struct tuff_model *model, const tuff_text *texts, size_t count,
                                 const tuff_embed_options *options, const tuff_vulkan_buffer *to,
                                 tuff_text_report *out_report) {
    struct tuff_run_key key;
    struct tuff_exchange place;
    struct tuff_embedding embedding = { .place = &place };
    TUFF_TRY(tuff_embedding_key(model, options, &key));
    TUFF_TRY(tuff_need_tokenizer(model));
    TUFF_TRY(tuff_embedding_open_place(model, to, count, &place));
    return tuff_exchange_close(&place, embed(model, texts, count, options, &key, &embedding, out_report));
}
