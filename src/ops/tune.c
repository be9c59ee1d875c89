/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/tune.h"

#include <math.h>
#include <stdio.h>

#include "base/memory.h"
#include "base/timing.h"
#include "ops/check.h"
#include "ops/matmul_split.h"

enum { ROUNDS = 3, REPEATS = 3, CONFIRMATIONS = 4 };

/* One kernel that is measured. */
struct candidate {
    struct tuff_matmul_tile tile;
    struct tuff_recording *recording;
    double ms; /* of the best run so far */
    double error;
    bool is_right;
    char remark[256];
};

struct contest {
    struct tuff_device *device;
    const struct tuff_product *product;
    struct tuff_matmul matmul;
    struct candidate candidates[TUFF_TILE_CANDIDATES];
    size_t count;
    size_t incumbent; /* what the device is given so far */
    double margin;    /* of its time, that another must stay below to take its place */
};

/* ---------------------------------------------------------------- right or wrong */

/* Some rows and columns, from all over the product. */
static double largest_error(const struct tuff_matmul *matmul, const float *y) {
    enum { ROWS = 16, COLS = 64 };
    const struct tuff_shape *shape = &matmul->y->shape;
    const uint32_t inner = matmul->x->shape.cols;
    double worst = 0;
    double largest = 1e-30;
    for (uint32_t i = 0; i < ROWS; i++)
        for (uint32_t j = 0; j < COLS; j++) {
            size_t row = (size_t)i * (shape->rows - 1) / (ROWS - 1);
            size_t col = (size_t)j * (shape->cols - 1) / (COLS - 1);
            double sum = 0;
            for (uint32_t k = 0; k < inner; k++)
                sum += matmul->x->reference[row * inner + k] * matmul->weight->reference[col * inner + k];
            double difference = fabs(sum - (double)y[row * shape->cols + col]);
            worst = isnan(difference) ? HUGE_VAL : fmax(worst, difference);
            largest = fmax(largest, fabs(sum));
        }
    return worst / largest;
}

static tuff_status check(struct contest *contest, struct candidate *candidate, float *y) {
    const struct tuff_tensor *tensor = contest->matmul.y;
    const double tolerance = contest->product->type == TUFF_TYPE_F16 ? 2e-3 : 1e-5;
    const size_t count = (size_t)tensor->shape.rows * tensor->shape.cols;
    for (size_t i = 0; i < count; i++)
        y[i] = 1000; /* so that what is not written is seen */
    TUFF_TRY(tuff_tensor_upload(contest->device, tensor, y));
    TUFF_TRY(tuff_recording_run(candidate->recording, NULL, NULL));
    TUFF_TRY(tuff_tensor_download(contest->device, tensor, y));
    candidate->error = largest_error(&contest->matmul, y);
    candidate->is_right = candidate->error <= tolerance;
    if (!candidate->is_right)
        snprintf(candidate->remark, sizeof candidate->remark,
                 "wrong: `tuff check` tells what the device gets wrong");
    return TUFF_OK;
}

/* Memory for the candidate that is split into most parts. */
static tuff_status make_scratch(struct contest *contest, struct tuff_case *check_case) {
    struct tuff_shape largest = { 0 };
    struct tuff_tensor *scratch = NULL;
    for (size_t i = 0; i < contest->count; i++) {
        const struct tuff_shape shape =
            tuff_matmul_split_shape(&contest->matmul, &contest->candidates[i].tile);
        if (tuff_shape_size(&shape) > tuff_shape_size(&largest))
            largest = shape;
    }
    if (largest.rows > 0)
        TUFF_TRY(tuff_case_random(check_case, largest.type, largest.layout, largest.rows, largest.cols, 1,
                                  &scratch));
    contest->matmul.scratch = scratch;
    return TUFF_OK;
}

static tuff_status record(struct contest *contest, struct candidate *candidate) {
    TUFF_TRY(tuff_recording_create(contest->device, &candidate->recording));
    TUFF_TRY(tuff_matmul_run_with(candidate->recording, &contest->matmul, &candidate->tile));
    return tuff_recording_end(candidate->recording);
}

static bool is_fatal(tuff_status status) {
    return status == TUFF_DEVICE_LOST || status == TUFF_HOST_MEMORY || status == TUFF_DEVICE_MEMORY;
}

static tuff_status enter(struct contest *contest, struct candidate *candidate, float *y) {
    tuff_status status = record(contest, candidate);
    if (status == TUFF_OK)
        status = check(contest, candidate, y);
    if (status == TUFF_OK || is_fatal(status))
        return status;
    candidate->is_right = false;
    candidate->error = -1;
    snprintf(candidate->remark, sizeof candidate->remark, "%s", tuff_error_message());
    return TUFF_OK;
}

/* ---------------------------------------------------------------- time */

static tuff_status run_recording(void *user) {
    return tuff_recording_run(user, NULL, NULL);
}

/* In turns, so that a disturbance meets all alike, and the best run of each counts. On a CPU driver processor time is
 * steadier than the clock. */
static tuff_status race(struct contest *contest) {
    const bool is_cpu = contest->device->info.type == TUFF_DEVICE_CPU;
    for (int round = 0; round < ROUNDS; round++)
        for (size_t i = 0; i < contest->count; i++) {
            struct candidate *candidate = &contest->candidates[i];
            struct tuff_timing timing;
            if (!candidate->is_right)
                continue;
            TUFF_TRY(tuff_timing_run(REPEATS, run_recording, candidate->recording, &timing));
            double ms = is_cpu ? timing.best_cpu_ms : timing.best_ms;
            candidate->ms = candidate->ms > 0 ? fmin(ms, candidate->ms) : ms;
        }
    return TUFF_OK;
}

static size_t find_winner(const struct contest *contest) {
    const struct candidate *candidates = contest->candidates;
    size_t winner = contest->incumbent;
    for (size_t i = 0; i < contest->count; i++) {
        bool is_first = !candidates[winner].is_right;
        double bound =
            winner == contest->incumbent ? contest->margin * candidates[winner].ms : candidates[winner].ms;
        if (candidates[i].is_right && (is_first || candidates[i].ms < bound))
            winner = i;
    }
    return winner;
}

/* ---------------------------------------------------------------- a product */

static tuff_status make_tensors(struct contest *contest, struct tuff_case *check_case) {
    const struct tuff_product *product = contest->product;
    struct tuff_tensor *x = NULL, *weight = NULL, *y = NULL;
    const uint32_t inner = 4 * product->groups;
    TUFF_TRY(tuff_case_random(check_case, product->type, TUFF_LAYOUT_ROWS, product->rows, inner, 1, &x));
    TUFF_TRY(tuff_case_random(check_case, product->type, product->layout, product->cols, inner,
                              1 / sqrt(inner), &weight));
    TUFF_TRY(
        tuff_case_random(check_case, product->type, TUFF_LAYOUT_ROWS, product->rows, product->cols, 1, &y));
    contest->matmul = (struct tuff_matmul){ .x = x, .weight = weight, .y = y };
    return TUFF_OK;
}

static void find_candidates(struct contest *contest) {
    const struct tuff_product *product = contest->product;
    struct tuff_matmul_tile tiles[TUFF_TILE_CANDIDATES];
    contest->count = tuff_matmul_tile_candidates(contest->device, product, tiles);
    struct tuff_matmul_tile now;
    bool was_measured = tuff_matmul_tile_measured(contest->device, product, &now);
    if (!was_measured)
        now = tiles[0];
    /* What was measured before has proved itself: on a busy machine times vary by more than kernels do. */
    contest->margin = was_measured ? 0.75 : 0.9;
    for (size_t i = 0; i < contest->count; i++) {
        contest->candidates[i] = (struct candidate){ .tile = tiles[i] };
        if (tuff_matmul_tile_equals(&tiles[i], &now))
            contest->incumbent = i;
    }
}

static void tell(const struct contest *contest, size_t winner,
                 void (*row)(void *user, const tuff_tune_row *row), void *user, size_t *inout_wrong) {
    const struct tuff_product *product = contest->product;
    char shape[64];
    snprintf(shape, sizeof shape, "%ux%ux%u", product->rows, 4 * product->groups, product->cols);
    for (size_t i = 0; i < contest->count; i++) {
        const struct candidate *candidate = &contest->candidates[i];
        char variant[TUFF_TILE_TEXT_SIZE];
        *inout_wrong += !candidate->is_right;
        row(user, &(tuff_tune_row){ .op = "matmul",
                                    .shape = shape,
                                    .dtype = product->type == TUFF_TYPE_F16 ? "f16" : "f32",
                                    .variant = tuff_matmul_tile_text(&candidate->tile, variant),
                                    .ms = candidate->ms,
                                    .error = candidate->error,
                                    .is_right = candidate->is_right,
                                    .is_chosen = candidate->is_right && i == winner,
                                    .remark = candidate->remark });
    }
}

static tuff_status hold(struct contest *contest, struct tuff_case *check_case) {
    const struct tuff_product *product = contest->product;
    float *y = NULL;
    TUFF_TRY(make_tensors(contest, check_case));
    TUFF_TRY(make_scratch(contest, check_case));
    TUFF_TRY(tuff_alloc((size_t)product->rows * product->cols, sizeof *y, &y));
    tuff_status status = TUFF_OK;
    for (size_t i = 0; i < contest->count && status == TUFF_OK; i++)
        status = enter(contest, &contest->candidates[i], y);
    tuff_free(y);
    TUFF_TRY(status);
    TUFF_TRY(race(contest));
    /* Again where something would change: the best of more runs is nearer to what a kernel takes. */
    for (int i = 0; i < CONFIRMATIONS && find_winner(contest) != contest->incumbent; i++)
        TUFF_TRY(race(contest));
    return TUFF_OK;
}

tuff_status tuff_tune_matmul(struct tuff_device *device, const struct tuff_product *product,
                             void (*row)(void *user, const tuff_tune_row *row), void *user,
                             size_t *inout_wrong) {
    struct contest contest = { .device = device, .product = product };
    struct tuff_case *check_case = NULL;
    TUFF_TRY(tuff_alloc(1, sizeof *check_case, &check_case));
    *check_case = (struct tuff_case){ .device = device, .type = product->type, .seed = 1 };
    tuff_status status = tuff_arena_create(device, TUFF_MEMORY_DEVICE, "tuning", &check_case->arena);
    find_candidates(&contest);
    if (status == TUFF_OK)
        status = hold(&contest, check_case);
    if (status == TUFF_OK) {
        const size_t winner = find_winner(&contest);
        const struct candidate *candidate = &contest.candidates[winner];
        tell(&contest, winner, row, user, inout_wrong);
        if (candidate->is_right)
            status = tuff_matmul_tile_choose(device, product, &candidate->tile, candidate->ms);
    }
    for (size_t i = 0; i < contest.count; i++)
        tuff_recording_destroy(contest.candidates[i].recording);
    tuff_case_free(check_case);
    return status;
}
