/* SPDX-License-Identifier: Apache-2.0 */
/* How kernels spread their work over a device: sizes of workgroups for shaders/lib/reduce.glsl (rows to
 * teams), lib/columns.glsl (sums down columns) and lib/elements.glsl. */
#ifndef TUFF_OPS_TEAMS_H
#define TUFF_OPS_TEAMS_H

#include "vk/commands.h"
#include "vk/device.h"

struct tuff_teams {
    bool uses_subgroups; /* which variant: a team is a subgroup */
    uint32_t workgroup_size;
    uint32_t team_size;
    uint32_t rows_per_workgroup;
    struct tuff_grid grid;
};

/* For `rows` rows of row_work elements each. Kernels list the variants f32 f16 f32_subgroup f16_subgroup, or
 * f32 f32_subgroup. */
struct tuff_teams tuff_teams_for(const struct tuff_device *device, uint32_t rows, uint32_t row_work);
/* One team of a whole workgroup for one row of `work` elements. */
struct tuff_teams tuff_teams_for_one(const struct tuff_device *device, uint32_t work);

struct tuff_columns {
    uint32_t workgroup_size;
    uint32_t row_lanes;
    struct tuff_grid grid;
};

/* For sums down `rows` rows of `groups` groups of four columns. */
struct tuff_columns tuff_columns_for(const struct tuff_device *device, uint32_t rows, uint32_t groups);

/* Grids of lib/grid.glsl: `count` workgroups in a line, which needs two dimensions above 65535; and x by such
 * a line. */
struct tuff_grid tuff_grid_line(uint32_t count, uint64_t cost);
struct tuff_grid tuff_grid_plane(uint32_t x, uint32_t count, uint64_t cost);
/* The grid of a kernel of lib/elements.glsl with its default workgroup. */
struct tuff_grid tuff_grid_elements(uint32_t rows, uint32_t groups);

#endif
