/* SPDX-License-Identifier: Apache-2.0 */
#include "task/outputs.h"

#include <string.h>

#include "base/memory.h"
#include "task/batcher.h"
#include "task/texts.h"

struct collect {
    const struct tuff_task_spec *spec;
    const struct tuff_feature_set *features;
    struct tuff_outputs *outputs;
    size_t row_count;
    struct tuff_values values;
};

static bool is_by_token(const struct tuff_task_spec *spec) {
    return spec->want == TUFF_WANT_TOKENS || spec->want == TUFF_WANT_SPANS;
}

static size_t rows_of(const struct collect *collect, size_t sequence) {
    return is_by_token(collect->spec) ? collect->features->sequences[sequence].visible_count : 1;
}

static const struct tuff_tensor *logits_of(const struct tuff_run *run, enum tuff_want want) {
    if (want == TUFF_WANT_TOKENS)
        return run->token_logits;
    if (want == TUFF_WANT_EMBEDDING)
        return run->embedding;
    return want == TUFF_WANT_SPANS ? run->span_logits : run->classifier;
}

static tuff_status take(void *user, const struct tuff_batch_view *view) {
    struct collect *collect = user;
    struct tuff_outputs *outputs = collect->outputs;
    const struct tuff_tensor *logits = logits_of(view->run, collect->spec->want);
    bool by_token = is_by_token(collect->spec);
    size_t columns = logits->shape.cols;
    TUFF_TRY(tuff_values_read(&collect->values, logits, by_token ? view->row_count : view->count, "a logit"));
    if (!outputs->values) {
        outputs->columns = (uint32_t)columns;
        TUFF_TRY(tuff_alloc(collect->row_count * columns, sizeof *outputs->values, &outputs->values));
    }
    for (uint32_t i = 0; i < view->count; i++)
        memcpy(outputs->values + outputs->first[view->members[i]] * columns,
               collect->values.items + (by_token ? view->first_rows[i] : i) * columns,
               rows_of(collect, view->members[i]) * columns * sizeof *outputs->values);
    return TUFF_OK;
}

tuff_status tuff_outputs_compute(struct tuff_runner *runner, const struct tuff_task_spec *spec,
                                 const struct tuff_feature_set *features, struct tuff_outputs *out_outputs) {
    size_t count = features->count * features->group;
    struct collect collect = { .spec = spec, .features = features, .outputs = out_outputs };
    struct tuff_batcher batcher = { .runner = runner,
                                    .key = { .wants = spec->want,
                                             .pool = features->pool,
                                             .normalize = spec->want == TUFF_WANT_EMBEDDING },
                                    .sequences = features->sequences,
                                    .count = count,
                                    .take = take,
                                    .user = &collect };
    *out_outputs = (struct tuff_outputs){ 0 };
    TUFF_TRY(tuff_alloc(count, sizeof *out_outputs->first, &out_outputs->first));
    for (size_t i = 0; i < count; i++) {
        out_outputs->first[i] = collect.row_count;
        collect.row_count += rows_of(&collect, i);
    }
    tuff_status status = tuff_batcher_run(&batcher);
    tuff_free(collect.values.items);
    if (status != TUFF_OK)
        tuff_outputs_free(out_outputs);
    return status;
}

void tuff_outputs_free(struct tuff_outputs *outputs) {
    tuff_free(outputs->values);
    tuff_free(outputs->first);
    *outputs = (struct tuff_outputs){ 0 };
}

const float *tuff_outputs_row(const struct tuff_outputs *outputs, size_t sequence, size_t row) {
    return outputs->values + (outputs->first[sequence] + row) * outputs->columns;
}

uint32_t tuff_outputs_best(const float *values, uint32_t count) {
    uint32_t best = 0;
    for (uint32_t i = 1; i < count; i++)
        if (values[i] > values[best])
            best = i;
    return best;
}
