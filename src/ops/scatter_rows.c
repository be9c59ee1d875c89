/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/scatter_rows.h"

#include <stdlib.h>

#include "base/memory.h"
#include "kernels/scatter_rows.h"
#include "ops/teams.h"

static int compare_keys(const void *a, const void *b) {
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

/* The table row in the upper half, the source in the lower: the order is total, whatever the sort does. */
static uint32_t collect_keys(const int32_t *ids, size_t stride, uint32_t count, int32_t skipped,
                             uint64_t *keys) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        int32_t id = ids[i * stride];
        if (id >= 0 && id != skipped)
            keys[kept++] = (uint64_t)(uint32_t)id << 32 | i;
    }
    qsort(keys, kept, sizeof *keys, compare_keys);
    return kept;
}

tuff_status tuff_scatter_list(const int32_t *ids, size_t stride, uint32_t count, int32_t skipped,
                              int32_t *out_list) {
    uint64_t *keys = NULL;
    TUFF_TRY(tuff_alloc(count, sizeof *keys, &keys));
    uint32_t kept = collect_keys(ids, stride, count, skipped, keys);
    uint32_t segments = 0;
    for (uint32_t i = 0; i < count; i++) {
        int32_t *entry = out_list + 4 * (size_t)i;
        entry[0] = entry[1] = entry[2] = 0;
        entry[3] = i < kept ? (int32_t)(uint32_t)keys[i] : 0;
    }
    for (uint32_t i = 0; i < kept; i++) {
        if (i == 0 || keys[i] >> 32 != keys[i - 1] >> 32) {
            out_list[4 * (size_t)segments] = (int32_t)(keys[i] >> 32);
            out_list[4 * (size_t)segments + 1] = (int32_t)i;
            segments++;
        }
        out_list[4 * (size_t)(segments - 1) + 2]++;
    }
    tuff_free(keys);
    return TUFF_OK;
}

static uint32_t variant_of(const struct tuff_tensor *x, const struct tuff_tensor *y) {
    if (tuff_is_f16(x))
        return tuff_is_f16(y) ? TUFF_SCATTER_ROWS_F16 : TUFF_SCATTER_ROWS_F16_WIDEN;
    return tuff_is_f16(y) ? TUFF_SCATTER_ROWS_F32_NARROW : TUFF_SCATTER_ROWS_F32;
}

tuff_status tuff_scatter_record(struct tuff_device *device, struct tuff_recording *recording,
                                const struct tuff_scatter *scatter) {
    const struct tuff_tensor *x = scatter->x;
    const struct tuff_shape *y = &scatter->y->shape;
    uint32_t groups = tuff_padded(x->shape.cols) / 4;
    struct tuff_columns columns =
        tuff_columns_for(device, scatter->has_long_segments ? x->shape.rows : 1, groups);
    columns.grid = tuff_grid_plane(columns.grid.x, x->shape.rows, columns.grid.cost);
    return tuff_run_scatter_rows(
        recording, variant_of(x, scatter->y), columns.grid,
        &(struct tuff_scatter_rows){
            .x = x->slice,
            .list = scatter->list->slice,
            .y = scatter->y->slice,
            .push = { .segments = x->shape.rows,
                      .groups = groups,
                      .list_first = scatter->list_first,
                      .y_row_step = tuff_shape_row_step(y),
                      .y_group_step = tuff_shape_group_step(y),
                      .first = scatter->first,
                      .part_rows = y->rows },
            .spec = { .workgroup_size = columns.workgroup_size, .row_lanes = columns.row_lanes },
        });
}

void tuff_scatter_reference(const struct tuff_scatter *scatter) {
    uint32_t cols = scatter->x->shape.cols;
    const double *list = scatter->list->reference + 4 * (size_t)scatter->list_first;
    for (uint32_t segment = 0; segment < scatter->x->shape.rows; segment++) {
        const double *entry = list + 4 * (size_t)segment;
        uint32_t to = (uint32_t)entry[0] - scatter->first;
        if (to >= scatter->y->shape.rows)
            continue;
        for (uint32_t i = 0; i < (uint32_t)entry[2]; i++) {
            size_t from = (size_t)list[4 * ((size_t)entry[1] + i) + 3];
            for (uint32_t col = 0; col < cols; col++)
                scatter->y->reference[(size_t)to * cols + col] += scatter->x->reference[from * cols + col];
        }
    }
}
