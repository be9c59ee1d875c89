/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/teams.h"

#include "ops/driver.h"
#include "ops/tensor.h"

/* A CPU driver runs a workgroup's subgroups one after the other and pays for each barrier, so its workgroups
 * are one subgroup and its rows go to single invocations or to the subgroup. */
static bool is_cpu(const struct tuff_device *device) {
    return device->info.type == TUFF_DEVICE_CPU;
}

static uint32_t at_most(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

static uint32_t at_least(uint32_t a, uint32_t b) {
    return a > b ? a : b;
}

/* The largest power of two that is at most n. */
static uint32_t power_of_two(uint32_t n) {
    uint32_t power = 1;
    while (power <= n / 2)
        power *= 2;
    return power;
}

/* Invocations of a CPU driver's subgroup; 4 where the driver does not say. */
static uint32_t cpu_width(const struct tuff_device *device) {
    return at_least(4, at_most(power_of_two(at_least(device->limits.subgroup_size, 1)), 64));
}

/* Many rows go to an invocation each: measured on Mesa 22.3 and 26 at widths of 4, 8 and 16 this takes 0.6 to
 * 0.9 of the time of a subgroup for each row. Fewer rows would leave cores idle. */
static struct tuff_teams teams_on_cpu(const struct tuff_device *device, uint32_t rows, uint32_t row_work) {
    uint32_t width = cpu_width(device);
    if (rows < 8 * width && device->features.subgroup_arithmetic)
        return (struct tuff_teams){
            .uses_subgroups = true, .workgroup_size = width, .team_size = 1, .rows_per_workgroup = 1
        };
    /* Few long rows are worth the barriers that share them out. */
    bool is_shared = rows < width && row_work > 4096;
    return (struct tuff_teams){
        .workgroup_size = width,
        .team_size = is_shared ? width : 1,
        .rows_per_workgroup = is_shared ? 1 : width,
    };
}

enum {
    GPU_WORKGROUP = 128,      /* what every device has */
    SUBGROUP_ROW_WORK = 4096, /* elements of a row above which a subgroup alone takes too long */
};

static struct tuff_teams teams_on_gpu(const struct tuff_device *device, uint32_t row_work) {
    uint32_t subgroup_size = at_least(device->limits.subgroup_size, 1);
    if (tuff_driver_has_subgroup_sums(device) && row_work <= SUBGROUP_ROW_WORK)
        return (struct tuff_teams){
            .uses_subgroups = true,
            .workgroup_size = GPU_WORKGROUP,
            .team_size = 1,
            .rows_per_workgroup = at_least(GPU_WORKGROUP / subgroup_size, 1),
        };
    uint32_t team_size = at_most(GPU_WORKGROUP, power_of_two(at_least(row_work / 16, 1)));
    return (struct tuff_teams){
        .workgroup_size = GPU_WORKGROUP,
        .team_size = team_size,
        .rows_per_workgroup = GPU_WORKGROUP / team_size,
    };
}

struct tuff_teams tuff_teams_for(const struct tuff_device *device, uint32_t rows, uint32_t row_work) {
    struct tuff_teams teams =
        is_cpu(device) ? teams_on_cpu(device, rows, row_work) : teams_on_gpu(device, row_work);
    teams.grid = tuff_grid_line(tuff_divide_up(rows, teams.rows_per_workgroup), (uint64_t)rows * row_work);
    return teams;
}

struct tuff_teams tuff_teams_for_one(const struct tuff_device *device, uint32_t work) {
    struct tuff_teams teams = { .rows_per_workgroup = 1, .grid = { 1, 1, 1, work } };
    teams.uses_subgroups = is_cpu(device) && device->features.subgroup_arithmetic;
    teams.workgroup_size = teams.uses_subgroups ? cpu_width(device) : GPU_WORKGROUP;
    teams.team_size = teams.workgroup_size;
    return teams;
}

struct tuff_columns tuff_columns_for(const struct tuff_device *device, uint32_t rows, uint32_t groups) {
    struct tuff_columns columns = { .workgroup_size = GPU_WORKGROUP };
    if (is_cpu(device)) {
        columns.workgroup_size = cpu_width(device);
        columns.row_lanes = 1;
    } else {
        /* Eight neighbouring groups fill a line of memory; each row lane takes at least eight rows. */
        columns.row_lanes = at_most(GPU_WORKGROUP / 8, power_of_two(at_least(rows / 8, 1)));
    }
    uint32_t column_lanes = columns.workgroup_size / columns.row_lanes;
    columns.grid =
        (struct tuff_grid){ tuff_divide_up(groups, column_lanes), 1, 1, (uint64_t)rows * groups * 4 };
    return columns;
}

enum { LINE = 32768 }; /* as in shaders/lib/grid.glsl */

struct tuff_grid tuff_grid_line(uint32_t count, uint64_t cost) {
    if (count <= LINE)
        return (struct tuff_grid){ count, 1, 1, cost };
    return (struct tuff_grid){ LINE, tuff_divide_up(count, LINE), 1, cost };
}

struct tuff_grid tuff_grid_plane(uint32_t x, uint32_t count, uint64_t cost) {
    const struct tuff_grid line = tuff_grid_line(count, cost);
    return (struct tuff_grid){ x, line.x, line.y, cost };
}

struct tuff_grid tuff_grid_elements(uint32_t rows, uint32_t groups) {
    return tuff_grid_plane(tuff_divide_up(groups, 64), rows, (uint64_t)rows * groups * 4);
}
