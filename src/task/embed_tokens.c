/* SPDX-License-Identifier: Apache-2.0 */
/* Of what the caller's buffers hold the host knows the lengths alone: ids are copied and checked on the device, and the
 * host is told what was wrong with them. */
#include "task/embed_tokens.h"

#include "base/memory.h"

struct work {
    struct tuff_model *model;
    const tuff_vulkan_tokens *tokens;
    struct tuff_row *places; /* of the longest sequence: all begin alike */
    struct tuff_sequence *sequences;
    uint64_t *firsts; /* token of each sequence, in the caller's buffers */
    uint64_t token_count;
    uint32_t longest;
    struct tuff_exchange ids, types, to;
    struct tuff_embedding embedding;
};

static tuff_status check_lengths(struct work *work, uint32_t asked_length) {
    const tuff_vulkan_tokens *tokens = work->tokens;
    const uint32_t positions = work->model->folder.config.max_position_embeddings;
    const uint32_t limit = asked_length && asked_length < positions ? asked_length : positions;
    for (size_t i = 0; i < tokens->count; i++) {
        if (tokens->lengths[i] == 0 || tokens->lengths[i] > limit)
            return tuff_fail(TUFF_ARGUMENT, "sequence %zu has %u tokens; 1 to %u are possible", i + 1,
                             tokens->lengths[i], limit);
        work->longest = tokens->lengths[i] > work->longest ? tokens->lengths[i] : work->longest;
        work->token_count += tokens->lengths[i];
    }
    return TUFF_OK;
}

static tuff_status make_sequences(struct work *work) {
    const tuff_vulkan_tokens *tokens = work->tokens;
    TUFF_TRY(tuff_alloc(work->longest, sizeof *work->places, &work->places));
    TUFF_TRY(tuff_alloc(tokens->count, sizeof *work->sequences, &work->sequences));
    TUFF_TRY(tuff_alloc(tokens->count, sizeof *work->firsts, &work->firsts));
    for (uint32_t i = 0; i < work->longest; i++)
        work->places[i] =
            (struct tuff_row){ .id = 1, .position = (int32_t)i, .type = tokens->token_type_ids != NULL };
    uint64_t first = 0;
    for (size_t i = 0; i < tokens->count; i++) {
        work->sequences[i] =
            (struct tuff_sequence){ .tokens = work->places, .visible_count = tokens->lengths[i] };
        work->firsts[i] = first;
        first += tokens->lengths[i];
    }
    return TUFF_OK;
}

/* Into `fed`, from its row `first_row` on. */
static tuff_status get(struct work *work, struct tuff_exchange *from, const struct tuff_batch_view *view,
                       uint32_t first_row) {
    const struct tuff_slice *fed = &view->run->fed->slice;
    const uint64_t size = sizeof(int32_t);
    for (uint32_t i = 0; i < view->count; i++)
        TUFF_TRY(tuff_exchange_add(from, fed->offset + (first_row + view->first_rows[i]) * size,
                                   work->firsts[view->members[i]] * size,
                                   work->tokens->lengths[view->members[i]] * size));
    return tuff_exchange_get(from, fed);
}

static tuff_status feed(void *user, const struct tuff_batch_view *view) {
    struct work *work = user;
    TUFF_TRY(get(work, &work->ids, view, 0));
    return work->types.device ? get(work, &work->types, view, view->run->key.bucket.rows) : TUFF_OK;
}

static tuff_status refuse(const struct work *work, size_t sequence, uint32_t token, int32_t fault) {
    const struct tuff_config *config = &work->model->folder.config;
    if (fault == TUFF_TOKEN_ID_IS_WRONG)
        return tuff_fail(TUFF_FORMAT, "token %u of sequence %zu is none of the model's %u", token + 1,
                         sequence + 1, config->vocab_size);
    return tuff_fail(TUFF_FORMAT, "the segment of token %u of sequence %zu is none of the model's %u",
                     token + 1, sequence + 1, config->type_vocab_size);
}

/* What the device saw of the ids. */
static tuff_status check_tokens(const struct work *work, const struct tuff_batch_view *view) {
    const int32_t *tokens = tuff_graph_result_bytes(view->run->fetched);
    for (uint32_t i = 0; i < view->count; i++)
        for (uint32_t j = 0; j < work->tokens->lengths[view->members[i]]; j++) {
            const int32_t fault = tokens[4 * ((size_t)view->first_rows[i] + j) + 3];
            if (fault != TUFF_TOKEN_IS_FINE)
                return refuse(work, view->members[i], j, fault);
        }
    return TUFF_OK;
}

static tuff_status take(void *user, const struct tuff_batch_view *view) {
    struct work *work = user;
    TUFF_TRY(check_tokens(work, view));
    return tuff_embedding_take(&work->embedding, 0, view);
}

/* Nothing is in flight and nothing to be signalled where one of them cannot be opened; whatever fails later is a reason to
 * signal. */
static tuff_status open_places(struct work *work, const tuff_vulkan_buffer *to) {
    const tuff_vulkan_tokens *tokens = work->tokens;
    const uint64_t size = work->token_count * sizeof(int32_t);
    struct tuff_device *device = work->model->device;
    if (to)
        TUFF_TRY(tuff_embedding_open_place(work->model, to, tokens->count, &work->to));
    if (tokens->input_ids)
        TUFF_TRY(tuff_exchange_open(device, tokens->input_ids, size, &work->ids));
    if (tokens->token_type_ids)
        TUFF_TRY(tuff_exchange_open(device, tokens->token_type_ids, size, &work->types));
    return TUFF_OK;
}

/* The first failure is told. */
static tuff_status close_places(struct work *work, tuff_status status) {
    struct tuff_exchange *places[] = { &work->ids, &work->types, &work->to };
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        status = tuff_exchange_close(places[i], status);
    return status;
}

static tuff_status run(struct work *work, const tuff_embed_options *options, const struct tuff_run_key *key) {
    TUFF_TRY(make_sequences(work));
    return tuff_batcher_run(&(struct tuff_batcher){
        .runner = &work->model->runner,
        .key = *key,
        .sequences = work->sequences,
        .count = work->tokens->count,
        .feed = feed,
        .take = take,
        .user = work,
        .progress = options->progress,
        .progress_user = options->progress_user,
        .progress_total = work->tokens->count,
    });
}

static tuff_status embed(struct work *work, const tuff_embed_options *options, const tuff_vulkan_buffer *to) {
    struct tuff_run_key key;
    TUFF_TRY(tuff_embedding_key(work->model, options, &key));
    TUFF_TRY(check_lengths(work, options->max_length));
    key.is_fed = true;
    TUFF_TRY(open_places(work, to));
    return close_places(work, run(work, options, &key));
}

tuff_status tuff_task_embed_tokens(struct tuff_model *model, const tuff_vulkan_tokens *tokens,
                                   const tuff_embed_options *options, float *out_vectors,
                                   const tuff_vulkan_buffer *to) {
    struct work work = { .model = model, .tokens = tokens };
    work.embedding = (struct tuff_embedding){ .vectors = out_vectors, .place = &work.to };
    const tuff_status status = embed(&work, options, to);
    tuff_free(work.embedding.values.items);
    tuff_free(work.places);
    tuff_free(work.sequences);
    tuff_free(work.firsts);
    return status;
}
