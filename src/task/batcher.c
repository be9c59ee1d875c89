/* SPDX-License-Identifier: Apache-2.0 */
#include "task/batcher.h"

#include <stdlib.h>

#include "base/memory.h"

struct entry {
    uint32_t rows;
    uint32_t index;
};

/* Work of one call. */
struct packing {
    const struct tuff_batcher *batcher;
    struct entry *order;
    struct tuff_sequence *sequences; /* of the batch at hand, in packed order */
    uint32_t *members, *first_rows, *first_asked;
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
    TUFF_TRY(tuff_alloc(count, sizeof *packing->order, &packing->order));
    TUFF_TRY(tuff_alloc(count, sizeof *packing->sequences, &packing->sequences));
    TUFF_TRY(tuff_alloc(count, sizeof *packing->members, &packing->members));
    TUFF_TRY(tuff_alloc(count, sizeof *packing->first_rows, &packing->first_rows));
    return tuff_alloc(count, sizeof *packing->first_asked, &packing->first_asked);
}

/* As many sequences from `begin` on as the limit allows, at least one. */
static void gather_batch(struct packing *packing, size_t begin, uint32_t limit,
                         struct tuff_batch_view *view) {
    const struct tuff_batcher *batcher = packing->batcher;
    for (size_t i = begin; i < batcher->count; i++) {
        const struct tuff_sequence *sequence = &batcher->sequences[packing->order[i].index];
        uint32_t rows = rows_of(sequence);
        uint32_t at = view->count;
        if (at > 0 && (view->row_count + rows > limit || view->asked_count + sequence->asked_count > limit))
            break;
        packing->sequences[at] = *sequence;
        packing->members[at] = packing->order[i].index;
        packing->first_rows[at] = view->row_count;
        packing->first_asked[at] = view->asked_count;
        view->row_count += rows;
        view->asked_count += sequence->asked_count;
        view->count++;
    }
}

struct watch {
    const struct tuff_batcher *batcher;
    size_t done;
};

static bool report(void *user) {
    const struct watch *watch = user;
    const struct tuff_batcher *batcher = watch->batcher;
    if (!batcher->progress)
        return true;
    return batcher->progress(batcher->progress_user, batcher->progress_done + watch->done,
                             batcher->progress_total);
}

static tuff_status run_batch(struct packing *packing, size_t begin, uint32_t limit, uint32_t *out_count) {
    const struct tuff_batcher *batcher = packing->batcher;
    struct tuff_batch_view view = { .members = packing->members,
                                    .first_rows = packing->first_rows,
                                    .first_asked = packing->first_asked };
    gather_batch(packing, begin, limit, &view);
    struct watch watch = { .batcher = batcher, .done = begin };
    struct tuff_request request = { .key = batcher->key,
                                    .sequences = packing->sequences,
                                    .sequence_count = view.count,
                                    .keep_going = report,
                                    .user = &watch };
    struct tuff_run *run = NULL;
    TUFF_TRY(tuff_runner_run(batcher->runner, &request, &run));
    view.run = run;
    *out_count = view.count;
    return batcher->take(batcher->user, &view);
}

tuff_status tuff_batcher_run(const struct tuff_batcher *batcher) {
    struct packing packing = { .batcher = batcher };
    uint32_t limit = batcher->row_limit ? batcher->row_limit : tuff_runner_row_limit(batcher->runner);
    tuff_status status = TUFF_OK;
    TUFF_TRY_GOTO(allocate(&packing));
    for (size_t i = 0; i < batcher->count; i++)
        packing.order[i] = (struct entry){ .rows = rows_of(&batcher->sequences[i]), .index = (uint32_t)i };
    qsort(packing.order, batcher->count, sizeof *packing.order, longest_first);
    for (size_t begin = 0; begin < batcher->count;) {
        uint32_t count = 0;
        TUFF_TRY_GOTO(run_batch(&packing, begin, limit, &count));
        begin += count;
        if (!report(&(struct watch){ .batcher = batcher, .done = begin }))
            TUFF_TRY_GOTO(tuff_fail(TUFF_CANCELLED, "cancelled after %zu of %zu",
                                    batcher->progress_done + begin, batcher->progress_total));
    }
done:
    tuff_free(packing.order);
    tuff_free(packing.sequences);
    tuff_free(packing.members);
    tuff_free(packing.first_rows);
    tuff_free(packing.first_asked);
    return status;
}
