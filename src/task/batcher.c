/* SPDX-License-Identifier: Apache-2.0 */
#include "task/batcher.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"

/* A group of sequences that stay together. */
struct entry {
    uint32_t rows;
    uint32_t asked;
    uint32_t index; /* of its first sequence */
};

/* Work of one call. */
struct packing {
    const struct tuff_batcher *batcher;
    uint32_t group;
    size_t group_count;
    struct entry *order;
    struct tuff_sequence *sequences; /* of the batch at hand, in packed order */
    uint32_t *members, *first_rows, *first_asked;
    uint32_t run_count; /* batches before the one at hand */
};

static uint32_t rows_of(const struct tuff_sequence *sequence) {
    return sequence->visible_count + sequence->hidden_count;
}

/* Longest first: what does not fit shows itself at once, and the last batches are the small ones. */
static int longest_first(const void *left, const void *right) {
    const struct entry *a = left;
    const struct entry *b = right;
    if (a->rows != b->rows)
        return a->rows > b->rows ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

static tuff_status allocate(struct packing *packing) {
    size_t count = packing->batcher->count;
    TUFF_TRY(tuff_alloc(packing->group_count, sizeof *packing->order, &packing->order));
    TUFF_TRY(tuff_alloc(count, sizeof *packing->sequences, &packing->sequences));
    TUFF_TRY(tuff_alloc(count, sizeof *packing->members, &packing->members));
    TUFF_TRY(tuff_alloc(count, sizeof *packing->first_rows, &packing->first_rows));
    return tuff_alloc(count, sizeof *packing->first_asked, &packing->first_asked);
}

static void put_sequence(struct packing *packing, uint32_t index, struct tuff_batch_view *view) {
    const struct tuff_sequence *sequence = &packing->batcher->sequences[index];
    uint32_t at = view->count++;
    packing->sequences[at] = *sequence;
    packing->members[at] = index;
    packing->first_rows[at] = view->row_count;
    packing->first_asked[at] = view->asked_count;
    view->row_count += rows_of(sequence);
    view->asked_count += sequence->asked_count;
}

/* As many groups from `begin` on as the limits allow, at least one; returns where the next batch begins. */
static size_t gather_batch(struct packing *packing, size_t begin, uint32_t limit,
                           struct tuff_batch_view *view) {
    const struct tuff_batcher *batcher = packing->batcher;
    const uint32_t asked_limit = batcher->asked_limit ? batcher->asked_limit : limit;
    size_t end = packing->group_count;
    size_t at = begin;
    if (batcher->group_limit && end - begin > batcher->group_limit)
        end = begin + batcher->group_limit;
    for (; at < end; at++) {
        const struct entry *entry = &packing->order[at];
        if (at > begin &&
            (view->row_count + entry->rows > limit || view->asked_count + entry->asked > asked_limit))
            break;
        for (uint32_t i = 0; i < packing->group; i++)
            put_sequence(packing, entry->index + i, view);
    }
    return at;
}

struct watch {
    const struct tuff_batcher *batcher;
    size_t done;
    struct tuff_batch_view *view; /* of the batch that runs */
};

static tuff_status feed(void *user, const struct tuff_run *run) {
    const struct watch *watch = user;
    watch->view->run = run;
    return watch->batcher->feed(watch->batcher->user, watch->view);
}

static bool report(void *user) {
    const struct watch *watch = user;
    const struct tuff_batcher *batcher = watch->batcher;
    if (!batcher->progress)
        return true;
    return batcher->progress(batcher->progress_user, batcher->progress_done + watch->done,
                             batcher->progress_total);
}

static uint32_t at_most(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

/* The most tokens of each of the request's sequences for which there is memory; 0 where nothing fits. */
static uint32_t find_fitting_length(struct packing *packing, const struct tuff_request *request,
                                    uint32_t longest) {
    struct tuff_request shorter = *request;
    uint32_t fits = 0;
    shorter.sequences = packing->sequences;
    while (longest - fits > 1) {
        const uint32_t length = fits + (longest - fits) / 2;
        for (uint32_t i = 0; i < request->sequence_count; i++) {
            struct tuff_sequence *sequence = &packing->sequences[i];
            *sequence = packing->batcher->sequences[packing->members[i]];
            sequence->visible_count = at_most(sequence->visible_count, length);
            sequence->hidden_count = at_most(sequence->hidden_count, length - sequence->visible_count);
            sequence->asked_count = at_most(sequence->asked_count, length);
        }
        if (tuff_runner_fits(packing->batcher->runner, &shorter))
            fits = length;
        else
            longest = length;
    }
    return fits;
}

static uint32_t longest_of(const struct tuff_request *request) {
    uint32_t longest = 0;
    for (uint32_t i = 0; i < request->sequence_count; i++)
        if (rows_of(&request->sequences[i]) > longest)
            longest = rows_of(&request->sequences[i]);
    return longest;
}

/* What goes together is too large: says what would fit. */
static tuff_status refuse(struct packing *packing, const struct tuff_request *request) {
    const struct tuff_batcher *batcher = packing->batcher;
    const uint32_t longest = longest_of(request);
    const char *advice = batcher->key.is_training && !batcher->runner->checkpoints
                             ? ", and checkpointing activations needs less"
                             : "";
    char reason[512];
    snprintf(reason, sizeof reason, "%s", tuff_error_message());
    const uint32_t fits = find_fitting_length(packing, request, longest);
    if (fits == 0)
        return tuff_fail(TUFF_DEVICE_MEMORY, "%s; beside the model there is no room for a single token%s",
                         reason, advice);
    return tuff_fail(
        TUFF_DEVICE_MEMORY,
        "%s; %u sequence%s of up to %u tokens must be computed at once, and up to %u tokens each would fit%s",
        reason, request->sequence_count, request->sequence_count == 1 ? "" : "s", longest, fits, advice);
}

/* What to do where a batch found no memory: a smaller one, or an error. */
static tuff_status shrink(struct packing *packing, const struct tuff_request *request, size_t begin,
                          uint32_t rows, uint32_t *out_limit) {
    struct tuff_runner *runner = packing->batcher->runner;
    const uint32_t least = packing->order[begin].rows;
    if (!runner->is_short)
        return TUFF_DEVICE_MEMORY;
    if (rows <= least)
        return refuse(packing, request);
    *out_limit = rows / 2 > least ? rows / 2 : least;
    tuff_runner_shrink(runner, *out_limit);
    return TUFF_OK;
}

static tuff_status run_batch(struct packing *packing, size_t begin, uint32_t *inout_limit, size_t *out_next) {
    const struct tuff_batcher *batcher = packing->batcher;
    struct tuff_batch_view view = { .members = packing->members,
                                    .first_rows = packing->first_rows,
                                    .first_asked = packing->first_asked };
    *out_next = gather_batch(packing, begin, *inout_limit, &view);
    struct watch watch = { .batcher = batcher, .done = begin * packing->group, .view = &view };
    struct tuff_request request = { .key = batcher->key,
                                    .sequences = packing->sequences,
                                    .sequence_count = view.count,
                                    .denominators = batcher->denominators,
                                    .seed = batcher->seed,
                                    .loss_scale = (float)batcher->loss_scale,
                                    .keep_going = report,
                                    .feed = feed,
                                    .user = &watch };
    struct tuff_run *run = NULL;
    request.seed.words[2] += packing->run_count++;
    tuff_status status = tuff_runner_run(batcher->runner, &request, &run);
    if (status == TUFF_DEVICE_MEMORY) {
        *out_next = begin;
        return shrink(packing, &request, begin, view.row_count, inout_limit);
    }
    TUFF_TRY(status);
    view.run = run;
    return batcher->take(batcher->user, &view);
}

static void order_groups(struct packing *packing) {
    for (size_t i = 0; i < packing->group_count; i++) {
        struct entry *entry = &packing->order[i];
        *entry = (struct entry){ .index = (uint32_t)(i * packing->group) };
        for (uint32_t j = 0; j < packing->group; j++) {
            entry->rows += rows_of(&packing->batcher->sequences[entry->index + j]);
            entry->asked += packing->batcher->sequences[entry->index + j].asked_count;
        }
    }
    qsort(packing->order, packing->group_count, sizeof *packing->order, longest_first);
}

tuff_status tuff_batcher_run(const struct tuff_batcher *batcher) {
    struct packing packing = { .batcher = batcher, .group = batcher->group ? batcher->group : 1 };
    if (batcher->runner->device->is_lost)
        return tuff_device_result(batcher->runner->device, VK_ERROR_DEVICE_LOST, "a batch");
    uint32_t limit = batcher->row_limit ? batcher->row_limit : tuff_runner_row_limit(batcher->runner);
    tuff_status status = TUFF_OK;
    packing.group_count = batcher->count / packing.group;
    TUFF_TRY_GOTO(allocate(&packing));
    order_groups(&packing);
    for (size_t at = 0; at < packing.group_count;) {
        TUFF_TRY_GOTO(run_batch(&packing, at, &limit, &at));
        size_t done = at * packing.group;
        if (!report(&(struct watch){ .batcher = batcher, .done = done }))
            TUFF_TRY_GOTO(tuff_fail(TUFF_CANCELLED, "cancelled after %zu of %zu",
                                    batcher->progress_done + done, batcher->progress_total));
    }
done:
    tuff_free(packing.order);
    tuff_free(packing.sequences);
    tuff_free(packing.members);
    tuff_free(packing.first_rows);
    tuff_free(packing.first_asked);
    return status;
}
