/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/adamw.h"

#include <math.h>

#include "kernels/adamw_update.h"
#include "kernels/cast.h"
#include "kernels/gradient_norm.h"
#include "kernels/sum_of_squares.h"
#include "kernels/sum_of_squares_lanes.h"
#include "ops/matmul.h"
#include "ops/teams.h"

enum {
    GROUPS_PER_WORKGROUP = 4096, /* of the norm: BERT-Base has some 6,700 such shares */
    ELEMENTS_WORKGROUP = 64,     /* the default in adamw_update.comp and cast.comp */
};

void tuff_adamw_step_values(const struct tuff_adamw *adamw, uint64_t step, double learning_rate,
                            double loss_scale, float out_values[4]) {
    /* expm1 and log1p: at the first steps 1 - beta^t in float would lose digits. */
    out_values[0] = (float)learning_rate;
    out_values[1] = (float)-expm1((double)step * log(adamw->beta1));
    out_values[2] = (float)sqrt(-expm1((double)step * log(adamw->beta2)));
    out_values[3] = (float)loss_scale;
}

static uint32_t share_count(const struct tuff_adamw_range *range) {
    return tuff_divide_up(range->groups, GROUPS_PER_WORKGROUP);
}

static uint32_t partial_count(const struct tuff_adamw *adamw) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < adamw->range_count; i++)
        count += share_count(&adamw->ranges[i]);
    return count;
}

uint64_t tuff_adamw_partials_size(const struct tuff_adamw *adamw) {
    return (uint64_t)partial_count(adamw) * sizeof(float);
}

/* Whether the kernels for CPU drivers that take addresses serve the range. */
static bool uses_lanes(const struct tuff_device *device, const struct tuff_adamw_range *range) {
    return tuff_matmul_uses_lanes(device, TUFF_TYPE_F32) && range->groups >= device->limits.subgroup_size;
}

static tuff_status run_squares_lanes(struct tuff_device *device, struct tuff_recording *recording,
                                     const struct tuff_adamw *adamw, const struct tuff_adamw_range *range,
                                     uint32_t first) {
    const uint32_t shares = share_count(range), lanes = device->limits.subgroup_size;
    return tuff_run_sum_of_squares_lanes(
        recording, TUFF_SUM_OF_SQUARES_LANES_F32, tuff_grid_line(shares, (uint64_t)range->groups * 4),
        &(struct tuff_sum_of_squares_lanes){
            .x = range->gradients,
            .partials = adamw->partials,
            .push = { .groups = range->groups,
                      .groups_per_workgroup = GROUPS_PER_WORKGROUP,
                      .shares = shares,
                      .first = first,
                      TUFF_ADDRESS_PUSH(x, tuff_slice_address(&range->gradients)) },
            .spec = { .workgroup_size = lanes, .lanes = lanes },
        });
}

static tuff_status run_squares(struct tuff_device *device, struct tuff_recording *recording,
                               const struct tuff_adamw *adamw, const struct tuff_adamw_range *range,
                               uint32_t first) {
    const struct tuff_teams teams = tuff_teams_for_one(device, range->groups * 4);
    const uint32_t shares = share_count(range);
    return tuff_run_sum_of_squares(recording, teams.uses_subgroups,
                                   tuff_grid_line(shares, (uint64_t)range->groups * 4),
                                   &(struct tuff_sum_of_squares){
                                       .x = range->gradients,
                                       .partials = adamw->partials,
                                       .push = { .groups = range->groups,
                                                 .groups_per_workgroup = GROUPS_PER_WORKGROUP,
                                                 .shares = shares,
                                                 .first = first },
                                       .spec = { .workgroup_size = teams.workgroup_size,
                                                 .team_size = teams.team_size,
                                                 .rows_per_workgroup = teams.rows_per_workgroup },
                                   });
}

static tuff_status record_squares(struct tuff_device *device, struct tuff_recording *recording,
                                  const struct tuff_adamw *adamw) {
    uint32_t first = 0;
    for (uint32_t i = 0; i < adamw->range_count; i++) {
        const struct tuff_adamw_range *range = &adamw->ranges[i];
        const bool has_lanes = uses_lanes(device, range) && device->features.subgroup_arithmetic;
        TUFF_TRY(has_lanes ? run_squares_lanes(device, recording, adamw, range, first)
                           : run_squares(device, recording, adamw, range, first));
        first += share_count(range);
    }
    return TUFF_OK;
}

static tuff_status record_norm(struct tuff_device *device, struct tuff_recording *recording,
                               const struct tuff_adamw *adamw) {
    uint32_t count = partial_count(adamw);
    const struct tuff_teams teams = tuff_teams_for_one(device, count);
    return tuff_run_gradient_norm(recording, teams.uses_subgroups, teams.grid,
                                  &(struct tuff_gradient_norm){
                                      .partials = adamw->partials,
                                      .step_values = adamw->step,
                                      .result = adamw->result,
                                      .push = { .count = count,
                                                .clip = (float)adamw->clip,
                                                .is_original = adamw->form == TUFF_ADAMW_ORIGINAL },
                                      .spec = { .workgroup_size = teams.workgroup_size,
                                                .team_size = teams.team_size,
                                                .rows_per_workgroup = teams.rows_per_workgroup },
                                  });
}

static struct tuff_grid elements_grid(uint32_t groups) {
    return tuff_grid_line(tuff_divide_up(groups, ELEMENTS_WORKGROUP), (uint64_t)groups * 4);
}

static tuff_status record_update(struct tuff_device *device, struct tuff_recording *recording,
                                 const struct tuff_adamw *adamw, const struct tuff_adamw_range *range) {
    const uint32_t lanes = device->limits.subgroup_size;
    const bool has_addresses = uses_lanes(device, range);
    return tuff_run_adamw_update(
        recording, has_addresses ? TUFF_ADAMW_UPDATE_F32_ADDRESS : TUFF_ADAMW_UPDATE_F32,
        elements_grid(range->groups),
        &(struct tuff_adamw_update){
            .weights = range->weights,
            .gradients = range->gradients,
            .first_moments = range->first_moments,
            .second_moments = range->second_moments,
            .step_values = adamw->step,
            .norm_result = adamw->result,
            .push = { .groups = range->groups,
                      .decayed_groups = range->decayed_groups,
                      .is_original = adamw->form == TUFF_ADAMW_ORIGINAL,
                      .rate_scale = range->rate_scale,
                      .weight_decay = (float)adamw->weight_decay,
                      .beta1_rest = (float)(1 - adamw->beta1),
                      .beta2 = (float)adamw->beta2,
                      .beta2_rest = (float)(1 - adamw->beta2),
                      .epsilon = (float)adamw->epsilon,
                      TUFF_ADDRESS_PUSH(weights, tuff_slice_address(&range->weights)),
                      TUFF_ADDRESS_PUSH(gradients, tuff_slice_address(&range->gradients)),
                      TUFF_ADDRESS_PUSH(first, tuff_slice_address(&range->first_moments)),
                      TUFF_ADDRESS_PUSH(second, tuff_slice_address(&range->second_moments)) },
            .spec = { .workgroup_size = ELEMENTS_WORKGROUP, .lanes = has_addresses ? lanes : 4 },
        });
}

tuff_status tuff_adamw_record(struct tuff_device *device, struct tuff_recording *recording,
                              const struct tuff_adamw *adamw) {
    TUFF_TRY(record_squares(device, recording, adamw));
    TUFF_TRY(record_norm(device, recording, adamw));
    for (uint32_t i = 0; i < adamw->range_count; i++)
        TUFF_TRY(record_update(device, recording, adamw, &adamw->ranges[i]));
    /* Apart: a CPU driver clears far faster than its kernels store. */
    for (uint32_t i = 0; i < adamw->range_count; i++) {
        struct tuff_slice gradients = adamw->ranges[i].gradients;
        gradients.size = (uint64_t)adamw->ranges[i].groups * 16;
        TUFF_TRY(tuff_record_fill(recording, gradients, 0));
    }
    return TUFF_OK;
}

tuff_status tuff_cast_record(struct tuff_recording *recording, struct tuff_slice halves,
                             struct tuff_slice floats, uint32_t groups) {
    return tuff_run_cast(recording, TUFF_CAST_F16, elements_grid(groups),
                         &(struct tuff_cast){ .x = floats, .y = halves, .push = { .groups = groups } });
}

static double clip_factor(const struct tuff_adamw *adamw, double norm) {
    if (adamw->clip <= 0)
        return 1;
    if (adamw->form == TUFF_ADAMW_ORIGINAL)
        return adamw->clip / fmax(norm, adamw->clip);
    return fmin(1, adamw->clip / (norm + 1e-6));
}

void tuff_adamw_reference(const struct tuff_adamw *adamw, uint64_t step, double learning_rate, double norm,
                          bool decays, size_t count, double *weights, const double *gradients,
                          double *first_moments, double *second_moments) {
    double decay = decays ? adamw->weight_decay : 0;
    double factor = clip_factor(adamw, norm);
    for (size_t i = 0; i < count; i++) {
        double g = gradients[i] * factor;
        double m = first_moments[i] = adamw->beta1 * first_moments[i] + (1 - adamw->beta1) * g;
        double v = second_moments[i] = adamw->beta2 * second_moments[i] + (1 - adamw->beta2) * g * g;
        if (adamw->form == TUFF_ADAMW_ORIGINAL) {
            weights[i] -= learning_rate * (m / (sqrt(v) + adamw->epsilon) + decay * weights[i]);
            continue;
        }
        double m_corrected = m / (1 - pow(adamw->beta1, (double)step));
        double v_corrected = v / (1 - pow(adamw->beta2, (double)step));
        weights[i] -= learning_rate * decay * weights[i];
        weights[i] -= learning_rate * m_corrected / (sqrt(v_corrected) + adamw->epsilon);
    }
}
