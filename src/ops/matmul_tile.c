/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/matmul_tile.h"

#include "kernels/matmul_broadcast.h"
#include "kernels/matmul_lanes.h"
#include "ops/driver.h"

enum vendor { VENDOR_AMD = 0x1002, VENDOR_NVIDIA = 0x10de, VENDOR_INTEL = 0x8086, VENDOR_QUALCOMM = 0x5143 };

static uint32_t divide_up(uint32_t a, uint32_t b) {
    return a / b + (a % b != 0);
}

static uint64_t workgroups(const struct tuff_matmul_tile *tile, uint32_t rows, uint32_t cols) {
    return (uint64_t)divide_up(rows, tile->tile_rows * tile->lanes_y) *
           divide_up(cols, 4 * tile->tile_groups * tile->lanes_x);
}

/* ---------------------------------------------------------------- drivers for the CPU */

static bool has_known_width(const struct tuff_device *device) {
    const uint32_t width = device->limits.subgroup_size;
    return width == 4 || width == 8 || width == 16;
}

bool tuff_matmul_uses_lanes(const struct tuff_device *device, enum tuff_type type) {
    return type == TUFF_TYPE_F32 && tuff_driver_has_scalar_loads(device) && has_known_width(device) &&
           tuff_device_can(device, tuff_kernel_matmul_lanes.variants[0].needs);
}

/* Rows of a tile: at most 32, in blocks of 8, and few that two tiles compute. Fewer than 8 are a power of
 * two. */
static uint32_t lanes_rows(uint32_t rows) {
    enum { MOST = 32, BLOCK = 8 };
    uint32_t tiles = divide_up(rows, MOST);
    uint32_t tile_rows = divide_up(divide_up(rows, tiles), BLOCK) * BLOCK;
    while (tile_rows > rows)
        tile_rows = tile_rows > BLOCK ? tile_rows - BLOCK : tile_rows / 2;
    return tile_rows;
}

static struct tuff_matmul_tile lanes_tile(const struct tuff_device *device, uint32_t rows, uint32_t groups) {
    uint32_t width = device->limits.subgroup_size;
    return (struct tuff_matmul_tile){
        .kernel = TUFF_MATMUL_LANES,
        .lanes_x = width,
        .lanes_y = 64 / width,
        .tile_rows = lanes_rows(rows),
        /* Sixteen lanes are two registers where the processor has no wider ones: half of the turn suffices. */
        .step = groups % 4 == 0 && width < 16 ? 4 : 2,
    };
}

/* Large, but not so large that cores would be idle; rows are taken by whole subgroups. */
static struct tuff_matmul_tile broadcast_tile(const struct tuff_device *device, uint32_t rows,
                                              uint32_t cols) {
    enum { MOST_ROWS = 32, MOST_GROUPS = 4, ENOUGH = 16 };
    const uint32_t width = device->limits.subgroup_size;
    struct tuff_matmul_tile tile = { .kernel = TUFF_MATMUL_BROADCAST, .lanes_x = width, .lanes_y = 1 };
    tile.tile_rows = divide_up(rows < MOST_ROWS ? rows : MOST_ROWS, width) * width;
    tile.tile_groups = MOST_GROUPS;
    while (tile.tile_groups > 1 && workgroups(&tile, rows, cols) < ENOUGH)
        tile.tile_groups /= 2;
    return tile;
}

/* No shared memory, one row of lanes. */
static const struct tuff_matmul_tile cpu_tile = {
    .lanes_x = 16, .lanes_y = 1, .tile_rows = 8, .tile_groups = 1, .step = 1
};

/* ---------------------------------------------------------------- GPUs
 * What the compilers of the vendors make of a tile decides: no spills, room for two workgroups a core or
 * more, few instructions beside the multiply-adds (1.11 to 1.29 in all for each, at f32 and f16). A lane
 * brings a whole number of groups to each block: lanes_x * lanes_y divides step * tile_rows * lanes_y and
 * step * 4 * tile_groups * lanes_x. */

/* 64 outputs a lane, 64 x 128 a workgroup: AMD since RDNA, Adreno. */
static const struct tuff_matmul_tile large_tile = {
    .lanes_x = 16, .lanes_y = 8, .tile_rows = 8, .tile_groups = 2, .step = 4, .uses_shared = true
};
/* 48 outputs a lane, 96 x 64: NVIDIA, and Intel, whose compiler spills where it unrolls. */
static const struct tuff_matmul_tile nvidia_tile = {
    .lanes_x = 8, .lanes_y = 16, .tile_rows = 6, .tile_groups = 2, .step = 4, .uses_shared = true
};
static const struct tuff_matmul_tile intel_tile = { .lanes_x = 8,
                                                    .lanes_y = 16,
                                                    .tile_rows = 6,
                                                    .tile_groups = 2,
                                                    .step = 4,
                                                    .uses_shared = true,
                                                    .rolls = true };
/* 32 outputs a lane, 64 x 64: Intel's gradients of inputs, at which the larger tile spills. */
static const struct tuff_matmul_tile intel_gradient_tile = { .lanes_x = 8,
                                                             .lanes_y = 16,
                                                             .tile_rows = 4,
                                                             .tile_groups = 2,
                                                             .step = 4,
                                                             .uses_shared = true,
                                                             .rolls = true };
/* 32 outputs a lane, 64 x 64: everything else. */
static const struct tuff_matmul_tile common_tile = {
    .lanes_x = 16, .lanes_y = 8, .tile_rows = 8, .tile_groups = 1, .step = 4, .uses_shared = true
};
/* 16 and 8 outputs a lane, for products of which there would be too few workgroups. */
static const struct tuff_matmul_tile small_tile = {
    .lanes_x = 16, .lanes_y = 8, .tile_rows = 4, .tile_groups = 1, .step = 4, .uses_shared = true
};
static const struct tuff_matmul_tile least_tile = {
    .lanes_x = 16, .lanes_y = 8, .tile_rows = 2, .tile_groups = 1, .step = 8, .uses_shared = true
};

const struct tuff_matmul_tile *const tuff_matmul_gpu_tiles[] = {
    &large_tile, &nvidia_tile, &intel_tile, &intel_gradient_tile, &common_tile, &small_tile, &least_tile, NULL
};

static const struct tuff_matmul_tile *best_tile(const struct tuff_device *device, bool over_outputs) {
    switch (device->info.vendor_id) {
    case VENDOR_AMD: /* before RDNA a wave is 64 wide, and large tiles leave room for one */
        return device->limits.min_subgroup_size < 64 ? &large_tile : &common_tile;
    case VENDOR_QUALCOMM:
        return &large_tile;
    case VENDOR_NVIDIA:
        return &nvidia_tile;
    case VENDOR_INTEL:
        return over_outputs ? &intel_gradient_tile : &intel_tile;
    default:
        return &common_tile;
    }
}

/* The largest tile that keeps some dozens of cores at work and wastes no rows. */
static struct tuff_matmul_tile gpu_tile(const struct tuff_device *device, uint32_t rows, uint32_t cols,
                                        bool over_outputs) {
    enum { ENOUGH = 64 };
    const struct tuff_matmul_tile *tiles[] = { best_tile(device, over_outputs), &common_tile, &small_tile };
    for (size_t i = 0; i < sizeof tiles / sizeof tiles[0]; i++)
        if (workgroups(tiles[i], rows, cols) >= ENOUGH)
            return *tiles[i];
    return rows > 16 ? small_tile : least_tile;
}

struct tuff_matmul_tile tuff_matmul_tile_for(const struct tuff_device *device, enum tuff_type type,
                                             uint32_t rows, uint32_t cols, uint32_t groups,
                                             bool over_outputs) {
    if (tuff_matmul_uses_lanes(device, type) && tuff_padded(cols) >= device->limits.subgroup_size)
        return lanes_tile(device, rows, groups);
    if (device->info.type != TUFF_DEVICE_CPU)
        return gpu_tile(device, rows, cols, over_outputs);
    if (tuff_driver_is_lavapipe(device) && has_known_width(device) &&
        tuff_device_can(device, tuff_kernel_matmul_broadcast.variants[0].needs))
        return broadcast_tile(device, rows, cols);
    return cpu_tile;
}

const struct tuff_outer_tile tuff_outer_gpu_tile = {
    .lanes_x = 8, .lanes_y = 16, .tile_groups = 2, .step = 16, .uses_shared = true
};

struct tuff_outer_tile tuff_outer_tile_for(const struct tuff_device *device) {
    if (device->info.type == TUFF_DEVICE_CPU)
        return (struct tuff_outer_tile){ .lanes_x = 4, .lanes_y = 4, .tile_groups = 1, .step = 1 };
    return tuff_outer_gpu_tile;
}
