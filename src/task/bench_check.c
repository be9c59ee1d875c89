/* SPDX-License-Identifier: Apache-2.0 */
#include "task/bench_check.h"

#include <math.h>

#include "base/memory.h"
#include "graph/reference.h"

/* Layers whose products, together with attention's, are fewer than what takes the reference some seconds. */
static uint32_t layers_for(const struct tuff_config *config, uint32_t length) {
    const double most_products = 1.5e9;
    double hidden = config->hidden_size;
    double per_layer =
        length * (4 * hidden * hidden + 2 * hidden * config->intermediate_size + 2 * length * hidden);
    double layers = fmax(1, floor(most_products / per_layer));
    return layers < config->num_hidden_layers ? (uint32_t)layers : config->num_hidden_layers;
}

static uint32_t fitting(const struct tuff_runner *runner, const struct tuff_sequence *sequences,
                        uint32_t count) {
    uint64_t rows = 0;
    for (uint32_t i = 0; i < count; i++) {
        rows += sequences[i].visible_count;
        if (i > 0 && rows > tuff_runner_row_limit(runner))
            return i;
    }
    return count;
}

static tuff_status run(struct tuff_runner *runner, const struct tuff_sequence *sequences, uint32_t count,
                       struct tuff_run **out_run) {
    const struct tuff_request request = { .key = { .wants = TUFF_WANT_HIDDEN_STATES },
                                          .sequences = sequences,
                                          .sequence_count = count,
                                          .loss_scale = 1 };
    return tuff_runner_run(runner, &request, out_run);
}

static double largest_difference(const float *values, const double *reference, size_t count) {
    double largest = 1e-30;
    double worst = 0;
    for (size_t i = 0; i < count; i++) {
        double difference = fabs((double)values[i] - reference[i]);
        largest = fmax(largest, fabs(reference[i]));
        worst = difference > worst || isnan(difference) ? (isnan(difference) ? HUGE_VAL : difference) : worst;
    }
    return worst / largest;
}

tuff_status tuff_bench_error(struct tuff_runner *runner, const struct tuff_sequence *sequences,
                             uint32_t count, double *out_error) {
    const uint32_t length = sequences[0].visible_count;
    const uint32_t layer = layers_for(runner->config, length);
    const size_t value_count = (size_t)length * runner->config->hidden_size;
    struct tuff_run *batch = NULL;
    struct tuff_run *alone = NULL;
    float *values = NULL;
    TUFF_TRY(tuff_alloc(value_count, sizeof *values, &values));
    tuff_status status = run(runner, sequences, fitting(runner, sequences, count), &batch);
    if (status == TUFF_OK)
        tuff_run_read(batch->hidden[layer], length, values);
    if (status == TUFF_OK)
        status = run(runner, sequences, 1, &alone);
    if (status == TUFF_OK)
        status = tuff_graph_reference(alone->graph, alone->hidden[layer]);
    if (status == TUFF_OK)
        *out_error = largest_difference(values, alone->hidden[layer]->reference, value_count);
    if (alone)
        tuff_graph_reference_free(alone->graph);
    tuff_free(values);
    return status;
}
