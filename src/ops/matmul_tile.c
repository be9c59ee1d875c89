/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/matmul_tile.h"

#include "kernels/matmul_broadcast.h"
#include "kernels/matmul_lanes.h"
#include "kernels/matmul_subgroup.h"
#include "ops/driver.h"

static uint64_t workgroups(const struct tuff_matmul_tile *tile, uint32_t rows, uint32_t cols) {
    return (uint64_t)tuff_divide_up(rows, tile->tile_rows * tile->lanes_y) *
           tuff_divide_up(cols, 4 * tile->tile_groups * tile->lanes_x);
}

static uint64_t lanes_of(const struct tuff_matmul_tile *tile, uint32_t rows, uint32_t cols) {
    return workgroups(tile, rows, cols) * tile->lanes_x * tile->lanes_y;
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

enum tuff_layout tuff_matmul_layout(const struct tuff_device *device, enum tuff_type type, uint32_t outputs,
                                    uint32_t inputs, bool is_trained) {
    const bool fits = outputs % TUFF_BLOCK_ROWS == 0 && (!is_trained || inputs % TUFF_BLOCK_ROWS == 0);
    return fits && tuff_matmul_uses_lanes(device, type) ? TUFF_LAYOUT_BLOCKS : TUFF_LAYOUT_PANELS;
}

/* Rows of a tile: at most `most`, in blocks of 8, and few that two tiles compute. Fewer than 8 are a power of
 * two. */
static uint32_t lanes_rows(uint32_t rows, uint32_t most) {
    enum { BLOCK = 8 };
    uint32_t tiles = tuff_divide_up(rows, most);
    uint32_t tile_rows = tuff_divide_up(tuff_divide_up(rows, tiles), BLOCK) * BLOCK;
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
        .tile_rows = lanes_rows(rows, 32),
        /* Sixteen lanes are two registers where the processor has no wider ones: half of the turn suffices. */
        .step = groups % 4 == 0 && width < 16 ? 4 : 2,
    };
}

/* Four subgroups a workgroup. Registers of sixteen lanes come in twice the number: room for the sums of two blocks, so
 * that loads of x serve twice as many products. */
static struct tuff_matmul_tile blocks_tile(const struct tuff_device *device,
                                           const struct tuff_product *product) {
    const uint32_t width = device->limits.subgroup_size;
    return (struct tuff_matmul_tile){
        .kernel = TUFF_MATMUL_BLOCKS,
        .lanes_x = width,
        .lanes_y = 4,
        .tile_rows = lanes_rows(product->rows, 16), /* seen: 32 take a fifth longer, 8 a seventh */
        .tile_groups = width == 16 && product->cols % (2 * TUFF_BLOCK_ROWS) == 0 ? 2 : 1,
        .step = product->groups % 4 == 0 ? 4 : 2,
    };
}

/* Large, but not so large that cores would be idle; rows are taken by whole subgroups. Four groups of columns are half of
 * the time in f16 (Mesa 26); with the compiler of older drivers one is as quick, and compiled in a third to a tenth of the
 * time: four of sixteen lanes took it half a minute. */
static struct tuff_matmul_tile broadcast_tile(const struct tuff_device *device, uint32_t rows,
                                              uint32_t cols) {
    enum { MOST_ROWS = 32, ENOUGH = 16 };
    const uint32_t width = device->limits.subgroup_size;
    struct tuff_matmul_tile tile = { .kernel = TUFF_MATMUL_BROADCAST, .lanes_x = width, .lanes_y = 1 };
    tile.tile_rows = tuff_divide_up(rows < MOST_ROWS ? rows : MOST_ROWS, width) * width;
    tile.tile_groups = tuff_driver_has_scalar_loads(device) ? 4 : 1;
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
 * more, few instructions beside the multiply-adds (1.13 to 1.30 in all, at f32 and f16). A lane
 * brings a whole number of groups to each block: lanes_x * lanes_y divides step * tile_rows * lanes_y and
 * step * 4 * tile_groups * lanes_x. */

enum { ENOUGH_LANES = 64 * 128 }; /* for some dozens of cores */

/* 64 outputs a lane, 64 x 128 a workgroup: AMD since RDNA, Adreno. */
static const struct tuff_matmul_tile large_tile = {
    .lanes_x = 16, .lanes_y = 8, .tile_rows = 8, .tile_groups = 2, .step = 4, .uses_shared = true
};
/* 48 outputs a lane, 96 x 64: NVIDIA; rolled, Adreno before the 700s, which has 32 registers a lane, and Intel where
 * matmul_subgroup does not serve: their compilers spill where they unroll. */
static const struct tuff_matmul_tile nvidia_tile = {
    .lanes_x = 8, .lanes_y = 16, .tile_rows = 6, .tile_groups = 2, .step = 4, .uses_shared = true
};
static const struct tuff_matmul_tile rolled_tile = { .lanes_x = 8,
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

/* 16 and 8 outputs a lane, without shared memory: Arm, which has 64 registers a lane and no such memory of its own. */
static const struct tuff_matmul_tile arm_tile = {
    .lanes_x = 8, .lanes_y = 8, .tile_rows = 4, .tile_groups = 1, .step = 1
};
static const struct tuff_matmul_tile arm_least_tile = {
    .lanes_x = 8, .lanes_y = 8, .tile_rows = 2, .tile_groups = 1, .step = 1
};

const struct tuff_matmul_tile *const tuff_matmul_gpu_tiles[] = {
    &large_tile, &nvidia_tile, &rolled_tile, &intel_gradient_tile, &common_tile,
    &small_tile, &least_tile,  &arm_tile,    &arm_least_tile,      NULL
};

static const struct tuff_matmul_tile *best_tile(const struct tuff_device *device, bool over_outputs) {
    switch (device->info.vendor_id) {
    case TUFF_VENDOR_AMD: /* before RDNA a wave is 64 wide, and large tiles leave room for one */
        return device->limits.min_subgroup_size < 64 ? &large_tile : &common_tile;
    case TUFF_VENDOR_QUALCOMM: /* the number of the chip begins with its generation, up to the 600s */
        return device->info.device_id >> 24 > 6 ? &large_tile : &rolled_tile;
    case TUFF_VENDOR_NVIDIA:
        return &nvidia_tile;
    case TUFF_VENDOR_INTEL:
        return over_outputs ? &intel_gradient_tile : &rolled_tile;
    default:
        return &common_tile;
    }
}

/* A workgroup's shared memory and lanes; the other limits are the pipeline's to check. */
static bool fits(const struct tuff_device *device, const struct tuff_matmul_tile *tile) {
    uint64_t rows = (uint64_t)tile->tile_rows * tile->lanes_y;
    uint64_t groups = (uint64_t)tile->tile_groups * tile->lanes_x;
    uint64_t vectors = tile->uses_shared ? tile->step * (rows + 1 + 4 * groups) + 2 : 2;
    return (uint64_t)tile->lanes_x * tile->lanes_y <= device->limits.max_invocations &&
           16 * vectors <= device->limits.max_shared_memory;
}

/* 64 outputs a lane, 128 x 128 a workgroup, of which each lane brings two groups of either factor. */
bool tuff_matmul_subgroup_tile(const struct tuff_device *device, struct tuff_matmul_tile *out_tile) {
    const bool is_sized = device->features.subgroup_size_control;
    const uint32_t size = is_sized ? device->limits.min_subgroup_size : device->limits.subgroup_size;
    *out_tile = (struct tuff_matmul_tile){ .kernel = TUFF_MATMUL_SUBGROUP,
                                           .lanes_x = 16,
                                           .lanes_y = 16,
                                           .tile_rows = 8,
                                           .tile_groups = 2,
                                           .step = 4,
                                           .uses_shared = true,
                                           .subgroup_size = size };
    const uint64_t subgroups = device->limits.max_subgroups;
    return (size == 4 || size == 8 || size == 16) && size * subgroups >= 16 * 16 && fits(device, out_tile) &&
           tuff_device_can(device, tuff_kernel_matmul_subgroup.variants[0].needs);
}

/* Intel's compiler, since Xe (the first with dot products of four bytes), reads what a subgroup has in common in
 * blocks and multiplies by one of a block's numbers in place: 1.28 and 1.30 instructions a multiply-add on Alchemist
 * (f32, f16), 1.23 and 1.26 on Battlemage, where rolled_tile takes 1.55 and 1.43. Before, it spills. */
static bool has_blocks(const struct tuff_device *device) {
    return device->info.vendor_id == TUFF_VENDOR_INTEL && device->features.subgroup_size_control &&
           device->limits.has_fast_dot;
}

static bool subgroup_tile_serves(const struct tuff_device *device, uint32_t groups,
                                 struct tuff_matmul_tile *out_tile) {
    return has_blocks(device) && tuff_matmul_subgroup_tile(device, out_tile) && groups % out_tile->step == 0;
}

/* Into parts that each are some hundreds of products long, so many that the device has work; Vulkan does not tell its cores,
 * of which GPUs that share a processor's memory have about a quarter. `groups` of four products, on `lanes` where whole. */
static uint32_t splits_for(const struct tuff_device *device, uint64_t lanes, uint32_t groups) {
    enum { MOST = 8, LEAST_GROUPS = 64 };
    const uint64_t enough = device->info.type == TUFF_DEVICE_DISCRETE ? ENOUGH_LANES : ENOUGH_LANES / 4;
    uint32_t splits = 1;
    while (splits < MOST && splits * lanes < enough && groups / (2 * splits) >= LEAST_GROUPS)
        splits *= 2;
    return splits > 1 ? splits : 0;
}

/* The first of the tiles, which are in order of their size, that keeps some dozens of cores at work; else one of the last two,
 * of which the last is for few rows and wastes none. */
static struct tuff_matmul_tile gpu_tile(const struct tuff_device *device, const struct tuff_product *product,
                                        const struct tuff_matmul_tile *tiles, size_t count) {
    const uint32_t rows = product->rows, cols = product->cols;
    for (size_t i = 0; i + 1 < count; i++)
        if (lanes_of(&tiles[i], rows, cols) >= ENOUGH_LANES)
            return tiles[i];
    struct tuff_matmul_tile tile = tiles[rows > 16 ? count - 2 : count - 1];
    tile.splits = splits_for(device, lanes_of(&tile, rows, cols), product->groups);
    return tile;
}

static struct tuff_matmul_tile plain_tile(const struct tuff_device *device,
                                          const struct tuff_product *product) {
    const bool over_outputs = product->over_outputs;
    const struct tuff_matmul_tile arm_tiles[] = { arm_tile, arm_least_tile };
    struct tuff_matmul_tile tiles[] = {
        { 0 }, *best_tile(device, over_outputs), common_tile, small_tile, least_tile
    };
    if (device->info.vendor_id == TUFF_VENDOR_ARM)
        return gpu_tile(device, product, arm_tiles, sizeof arm_tiles / sizeof *arm_tiles);
    const size_t first = !over_outputs && subgroup_tile_serves(device, product->groups, &tiles[0]) ? 0 : 1;
    return gpu_tile(device, product, tiles + first, sizeof tiles / sizeof tiles[0] - first);
}

/* 64 and 48 outputs a lane where two halves are multiplied by one instruction; Intel's compiler spills at more than 32, and
 * Adreno has room for half the waves. */
struct tuff_matmul_tile tuff_matmul_packed_tile(const struct tuff_device *device,
                                                const struct tuff_product *product) {
    const uint32_t vendor = device->info.vendor_id;
    const bool has_pairs = vendor == TUFF_VENDOR_AMD || vendor == TUFF_VENDOR_NVIDIA;
    const struct tuff_matmul_tile tiles[] = { has_pairs ? *best_tile(device, false) : common_tile,
                                              common_tile, small_tile, least_tile };
    struct tuff_matmul_tile tile = gpu_tile(device, product, tiles, sizeof tiles / sizeof tiles[0]);
    tile.kernel = TUFF_MATMUL_PACKED;
    if (device->info.type == TUFF_DEVICE_CPU)
        tile.splits = 0;
    return tile;
}

static struct tuff_matmul_tile table_tile(const struct tuff_device *device,
                                          const struct tuff_product *product) {
    const uint32_t rows = product->rows, cols = product->cols;
    if (product->layout == TUFF_LAYOUT_BLOCKS)
        return blocks_tile(device, product);
    if (tuff_matmul_uses_lanes(device, product->type) && tuff_padded(cols) >= device->limits.subgroup_size)
        return lanes_tile(device, rows, product->groups);
    if (device->info.type != TUFF_DEVICE_CPU)
        return plain_tile(device, product);
    if (tuff_driver_is_lavapipe(device) && has_known_width(device) &&
        tuff_device_can(device, tuff_kernel_matmul_broadcast.variants[0].needs))
        return broadcast_tile(device, rows, cols);
    return cpu_tile;
}

/* ---------------------------------------------------------------- what may be measured */

struct tile_list {
    const struct tuff_device *device;
    struct tuff_matmul_tile *tiles; /* the first is the tables' */
    size_t count;
};

static void add_gpu_tile(struct tile_list *list, const struct tuff_matmul_tile *tile) {
    if (fits(list->device, tile) && !tuff_matmul_tile_equals(tile, &list->tiles[0]))
        list->tiles[list->count++] = *tile;
}

/* Split, where it leaves the device idle when it is whole. */
static void add_split_tiles(struct tile_list *list, const struct tuff_product *product,
                            const struct tuff_matmul_tile *whole) {
    enum { MOST = 8, LEAST_GROUPS = 32 };
    const uint64_t lanes = lanes_of(whole, tuff_matmul_rows_like(product->rows), product->cols);
    struct tuff_matmul_tile tile = *whole;
    for (tile.splits = 2; tile.splits <= MOST; tile.splits *= 2)
        if (lanes * tile.splits < 4 * ENOUGH_LANES && product->groups / tile.splits >= LEAST_GROUPS)
            add_gpu_tile(list, &tile);
}

static void add_gpu_tiles(struct tile_list *list, const struct tuff_product *product) {
    static const struct tuff_matmul_tile *const to_split[] = { &common_tile, &small_tile, &least_tile };
    struct tuff_matmul_tile subgroup_tile;
    if (subgroup_tile_serves(list->device, product->groups, &subgroup_tile)) {
        add_gpu_tile(list, &subgroup_tile);
        add_split_tiles(list, product, &subgroup_tile);
    }
    for (size_t i = 0; tuff_matmul_gpu_tiles[i]; i++)
        add_gpu_tile(list, tuff_matmul_gpu_tiles[i]);
    for (size_t i = 0; i < sizeof to_split / sizeof *to_split; i++)
        add_split_tiles(list, product, to_split[i]);
}

static void add_cpu_tiles(struct tile_list *list) {
    struct tuff_matmul_tile tile = list->tiles[0];
    const bool has_lanes = tile.kernel == TUFF_MATMUL_LANES;
    const bool has_blocks_of_outputs = tile.kernel == TUFF_MATMUL_BLOCKS;
    while ((has_lanes || has_blocks_of_outputs) && tile.tile_rows % 16 == 0 && list->count < 3) {
        tile.tile_rows /= 2;
        list->tiles[list->count++] = tile;
    }
    if (has_lanes)
        list->tiles[list->count++] = cpu_tile;
    if (has_blocks_of_outputs && tile.tile_groups == 2) {
        list->tiles[list->count] = list->tiles[0];
        list->tiles[list->count++].tile_groups = 1;
    }
}

/* The tables' tile, smaller ones of its kind for drivers of the CPU, and those of any GPU for GPUs. */
size_t tuff_matmul_tile_candidates(const struct tuff_device *device, const struct tuff_product *product,
                                   struct tuff_matmul_tile out_tiles[TUFF_TILE_CANDIDATES]) {
    struct tile_list list = { .device = device, .tiles = out_tiles, .count = 1 };
    out_tiles[0] = table_tile(device, product);
    if (device->info.type == TUFF_DEVICE_CPU)
        add_cpu_tiles(&list);
    else
        add_gpu_tiles(&list, product);
    return list.count;
}

/* ---------------------------------------------------------------- the choice */

struct tuff_matmul_tile tuff_matmul_tile_for(const struct tuff_device *device,
                                             const struct tuff_product *product) {
    struct tuff_matmul_tile tile;
    if (!product->over_outputs && tuff_matmul_tile_measured(device, product, &tile))
        return tile;
    return table_tile(device, product);
}

static const struct tuff_outer_tile outer_gpu_tile = {
    .lanes_x = 8, .lanes_y = 16, .tile_groups = 2, .step = 16, .uses_shared = true
};

/* 32 outputs a lane, without shared memory, as arm_tile. */
static const struct tuff_outer_tile outer_arm_tile = {
    .lanes_x = 8, .lanes_y = 8, .tile_groups = 1, .step = 1
};

const struct tuff_outer_tile *const tuff_outer_gpu_tiles[] = { &outer_gpu_tile, &outer_arm_tile, NULL };

struct tuff_outer_tile tuff_outer_tile_for(const struct tuff_device *device, uint32_t rows, uint32_t outputs,
                                           uint32_t groups) {
    if (device->info.type == TUFF_DEVICE_CPU)
        return (struct tuff_outer_tile){ .lanes_x = 4, .lanes_y = 4, .tile_groups = 1, .step = 1 };
    struct tuff_outer_tile tile = device->info.vendor_id == TUFF_VENDOR_ARM ? outer_arm_tile : outer_gpu_tile;
    const uint64_t blocks = (uint64_t)tuff_divide_up(outputs, 8 * tile.lanes_x) *
                            tuff_divide_up(groups, tile.tile_groups * tile.lanes_y);
    tile.splits = splits_for(device, blocks * tile.lanes_x * tile.lanes_y, rows / 4);
    return tile;
}
