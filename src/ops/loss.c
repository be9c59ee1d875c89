/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/loss.h"

#include "kernels/loss_mean.h"
#include "ops/expect.h"
#include "ops/teams.h"

tuff_status tuff_loss_outputs(const struct tuff_node *node, uint32_t rows, uint32_t parts,
                              struct tuff_shape outputs[TUFF_MAX_OUTPUTS]) {
    if (node->inputs[TUFF_LOSS_NORMALIZER])
        TUFF_TRY(tuff_expect(node, TUFF_LOSS_NORMALIZER, "the normalizer", TUFF_TYPE_F32, 1, 2));
    outputs[TUFF_LOSS_VALUE] = (struct tuff_shape){ .type = TUFF_TYPE_F32, .rows = 1, .cols = 1 };
    outputs[TUFF_LOSS_DENOMINATORS] = (struct tuff_shape){ .type = TUFF_TYPE_F32, .rows = 1, .cols = 2 };
    outputs[TUFF_LOSS_ROWS] = (struct tuff_shape){ .type = TUFF_TYPE_F32, .rows = rows, .cols = 4 * parts };
    return TUFF_OK;
}

static uint32_t part_count(const struct tuff_node *node) {
    return node->outputs[TUFF_LOSS_ROWS]->shape.cols / 4;
}

tuff_status tuff_loss_record_mean(struct tuff_device *device, struct tuff_recording *recording,
                                  const struct tuff_node *node) {
    const struct tuff_tensor *rows = node->outputs[TUFF_LOSS_ROWS];
    const struct tuff_tensor *normalizer = node->inputs[TUFF_LOSS_NORMALIZER];
    const struct tuff_teams teams = tuff_teams_for_one(device, rows->shape.rows);
    return tuff_run_loss_mean(recording, teams.uses_subgroups, teams.grid,
                              &(struct tuff_loss_mean){
                                  .losses = rows->slice,
                                  .normalizer = (normalizer ? normalizer : rows)->slice,
                                  .loss = node->outputs[TUFF_LOSS_VALUE]->slice,
                                  .denominators = node->outputs[TUFF_LOSS_DENOMINATORS]->slice,
                                  .push = { .rows = rows->shape.rows,
                                            .parts = part_count(node),
                                            .has_normalizer = normalizer != NULL },
                                  .spec = { .workgroup_size = teams.workgroup_size,
                                            .team_size = teams.team_size,
                                            .rows_per_workgroup = teams.rows_per_workgroup },
                              });
}

void tuff_loss_reference_mean(const struct tuff_node *node) {
    const struct tuff_tensor *rows = node->outputs[TUFF_LOSS_ROWS];
    uint32_t parts = part_count(node);
    double mean = 0;
    for (uint32_t part = 0; part < parts; part++) {
        double loss = 0;
        double weight = 0;
        for (uint32_t row = 0; row < rows->shape.rows; row++) {
            loss += rows->reference[(size_t)row * rows->shape.cols + 2 * part];
            weight += rows->reference[(size_t)row * rows->shape.cols + 2 * part + 1];
        }
        if (node->inputs[TUFF_LOSS_NORMALIZER])
            weight = node->inputs[TUFF_LOSS_NORMALIZER]->reference[part];
        node->outputs[TUFF_LOSS_DENOMINATORS]->reference[part] = weight;
        mean += loss / weight / parts;
    }
    node->outputs[TUFF_LOSS_VALUE]->reference[0] = mean;
}

double tuff_loss_reference_scale(const struct tuff_node *node, uint32_t part) {
    return node->d_outputs[TUFF_LOSS_VALUE]->reference[0] /
           node->outputs[TUFF_LOSS_DENOMINATORS]->reference[part] / part_count(node);
}
