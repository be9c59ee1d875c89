/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/attention.h"

#include <math.h>
#include <stdlib.h>

#include "kernels/attention_probabilities.h"

tuff_status tuff_attention_probabilities(struct tuff_device *device, struct tuff_recording *recording,
                                         const union tuff_params *params, const struct tuff_tensor *qkv,
                                         const struct tuff_attention_view *view,
                                         struct tuff_slice probabilities) {
    uint32_t queries = view->span.row_count;
    uint32_t keys = (uint32_t)abs(view->span.key_count);
    uint64_t size = (uint64_t)view->head_count * queries * keys * sizeof(float);
    if (probabilities.size < size)
        return tuff_fail(TUFF_ARGUMENT, "attention: %llu bytes of probabilities do not fit into %llu",
                         (unsigned long long)size, (unsigned long long)probabilities.size);
    if (keys == 0)
        return TUFF_OK;
    uint32_t block = tuff_attention_query_block(device);
    struct tuff_grid grid = { .x = (queries + block - 1) / block,
                              .y = view->head_count,
                              .z = 1,
                              .cost = size / sizeof(float) * 2 * params->attention.head_stride };
    return tuff_run_attention_probabilities(
        recording, tuff_is_f16(qkv), grid,
        &(struct tuff_attention_probabilities){
            .qkv = qkv->slice,
            .probabilities = probabilities,
            .push = { .head_count = params->attention.head_count,
                      .first_head = view->first_head,
                      .first_query_row = view->span.first_row,
                      .query_count = queries,
                      .first_key_row = view->first_key_row,
                      .key_count = keys,
                      .scale = view->span.key_count < 0 ? 0.0f : (float)tuff_attention_scale(params) },
            .spec = { .workgroup_size = block, .head_groups = params->attention.head_stride / 4 },
        });
}
