/* SPDX-License-Identifier: Apache-2.0 */
/* Two families of kernels: one query (or key) an invocation for CPUs, which need no barrier and no shared
 * memory, and tiles of 32 through shared memory for GPUs and for large heads. */
#include "ops/attention_kernels.h"

#include <math.h>

#include "base/random.h"
#include "kernels/attention_backward_key_value.h"
#include "kernels/attention_backward_key_value_tiled.h"
#include "kernels/attention_backward_query.h"
#include "kernels/attention_backward_query_tiled.h"
#include "kernels/attention_forward.h"
#include "kernels/attention_forward_coopmat.h"
#include "kernels/attention_forward_tiled.h"
#include "ops/attention.h"
#include "ops/driver.h"
#include "ops/matmul_coopmat.h"

enum {
    QKV = TUFF_ATTENTION_QKV,
    TILES = TUFF_ATTENTION_TILES,
    KEY_TILES = TUFF_ATTENTION_KEY_TILES,
    SEED = TUFF_ATTENTION_SEED
};
enum { CONTEXT = TUFF_ATTENTION_CONTEXT, STATS = TUFF_ATTENTION_STATS };

enum {
    TILE_ROWS = 32,         /* of the tiled kernels */
    UNROLLED_COLUMNS = 128, /* larger heads are too much for the registers of one invocation */
    PAIRED_COLUMNS = 64, /* up to here d_key and d_value are made in one run; on Arm's devices that spills */
    LEAST_LANES = 64,    /* four rows a lane */
    MOST_LANES = 256,    /* one row a lane */
};

static bool is_cpu(const struct tuff_device *device) {
    return device->info.type == TUFF_DEVICE_CPU;
}

uint32_t tuff_attention_query_block(const struct tuff_device *device) {
    /* One subgroup on a CPU, which runs the subgroups of a workgroup one after the other. */
    uint32_t width = device->limits.subgroup_size;
    return is_cpu(device) && width >= 4 && width <= 64 ? width : TILE_ROWS;
}

static bool uses_tiles(const struct tuff_device *device, const struct tuff_node *node) {
    return !is_cpu(device) || node->params.attention.head_stride > UNROLLED_COLUMNS;
}

/* Registers of a lane for what it keeps through a tile. NVIDIA, AMD and Qualcomm have 128 or more and room for several
 * workgroups; Arm has 64 in all. */
static uint32_t registers_of(const struct tuff_device *device) {
    switch (device->info.vendor_id) {
    case TUFF_VENDOR_NVIDIA:
    case TUFF_VENDOR_AMD:
    case TUFF_VENDOR_QUALCOMM:
        return 112;
    case TUFF_VENDOR_ARM:
        return 16;
    default:
        return 64;
    }
}

/* Lanes of a workgroup of the tiled kernels: no more than leave each with what its registers hold. For each of
 * its 256 / lanes rows a lane keeps an eighth of the columns of every output and four numbers of every product
 * of the tile that is kept beside them. */
static uint32_t tiled_lanes(const struct tuff_device *device, const struct tuff_node *node, uint32_t outputs,
                            uint32_t products) {
    const uint32_t kept = node->params.attention.head_stride * outputs / 8 + 4 * products;
    const uint32_t most = device->limits.max_invocations < MOST_LANES ? 128 : MOST_LANES;
    uint32_t lanes = LEAST_LANES;
    while (lanes < most && MOST_LANES / lanes * kept > registers_of(device))
        lanes *= 2;
    return lanes;
}

/* Of the kernels without tiles: f32 f16, the same with addresses. */
static uint32_t variant_of(const struct tuff_device *device, const struct tuff_node *node) {
    bool uses_addresses = tuff_driver_has_scalar_loads(device) && device->features.buffer_address;
    return tuff_is_f16(node->inputs[QKV]) + (uses_addresses ? 2 : 0);
}

/* One workgroup for each tile of a head. How long the sequences are is known on the device only: the cost
 * assumes the longest. */
static struct tuff_grid grid_of(const struct tuff_device *device, const struct tuff_node *node,
                                const struct tuff_tensor *tiles, uint32_t products) {
    const uint32_t rows = node->inputs[QKV]->shape.rows;
    const uint32_t longest = node->params.attention.longest ? node->params.attention.longest : 512;
    const uint64_t keys = rows < longest ? rows : longest;
    const uint32_t heads = node->params.attention.head_count;
    return (struct tuff_grid){ .x = tiles->shape.rows,
                               .y = heads,
                               .z = 1,
                               .cost = keys * tiles->shape.rows * tuff_attention_query_block(device) * heads *
                                       node->params.attention.head_stride * products };
}

static uint32_t stats_stride(const struct tuff_node *node) {
    return node->outputs[STATS] ? tuff_shape_stride(&node->outputs[STATS]->shape) / 2 : 0;
}

/* What all six kernels are pushed. */
#define COMMON_PUSH(node)                                                                                    \
    .head_count = (node)->params.attention.head_count, .stats_stride = stats_stride(node),                   \
    .scale = (float)tuff_attention_scale(&(node)->params),                                                   \
    TUFF_DROPOUT_PUSH(&(node)->params.attention.dropout)

#define COMMON_SPEC(node)                                                                                    \
    .head_groups = (node)->params.attention.head_stride / 4,                                                 \
    .has_dropout = (node)->params.attention.dropout.probability > 0

static uint32_t low(uint64_t address) {
    return (uint32_t)address;
}

static uint32_t high(uint64_t address) {
    return (uint32_t)(address >> 32);
}

static tuff_status forward_tiled(struct tuff_device *device, struct tuff_recording *recording,
                                 const struct tuff_node *node) {
    const struct tuff_slice tiles = node->inputs[TILES]->slice;
    const struct tuff_slice context = node->outputs[CONTEXT]->slice;
    return tuff_run_attention_forward_tiled(
        recording, tuff_is_f16(node->inputs[QKV]), grid_of(device, node, node->inputs[TILES], 2),
        &(struct tuff_attention_forward_tiled){
            .qkv = node->inputs[QKV]->slice,
            .tiles = tiles,
            .seed = tuff_slice_or(node->inputs[SEED], tiles),
            .context = context,
            .stats = tuff_slice_or(node->outputs[STATS], context),
            .push = { COMMON_PUSH(node) },
            .spec = { COMMON_SPEC(node), .workgroup_size = tiled_lanes(device, node, 1, 1) },
        });
}

static uint32_t matrix_workgroup(const struct tuff_device *device) {
    return TUFF_COOPMAT_SUBGROUPS * tuff_coopmat_subgroup_size(device);
}

/* As shaders/attention_forward_coopmat.comp declares it. */
static uint32_t matrix_shared_size(const struct tuff_device *device, uint32_t head_stride) {
    uint32_t pitch = (head_stride + TILE_ROWS - 1) / TILE_ROWS * (TILE_ROWS / 4) + 2;
    return TILE_ROWS * (2 * pitch * 8 + (TILE_ROWS / 4 + 1) * 16 + (TILE_ROWS / 4 + 2) * 8 + 4) +
           matrix_workgroup(device) * 4;
}

/* The shape of cooperative matrices to compute a node with; NULL: another kernel. */
static const struct tuff_matrix_shape *matrix_shape_for(const struct tuff_device *device,
                                                        const struct tuff_node *node) {
    uint32_t head_stride = node->params.attention.head_stride;
    if (!tuff_is_f16(node->inputs[QKV]) || head_stride > UNROLLED_COLUMNS)
        return NULL;
    const struct tuff_matrix_shape *shape = tuff_coopmat_choose(device, TUFF_MATRIX_F16);
    if (!shape || TILE_ROWS % shape->m || TILE_ROWS % shape->n || TILE_ROWS % shape->k ||
        matrix_workgroup(device) < TILE_ROWS ||
        matrix_shared_size(device, head_stride) > device->limits.max_shared_memory)
        return NULL;
    return shape;
}

static tuff_status forward_coopmat(struct tuff_device *device, struct tuff_recording *recording,
                                   const struct tuff_node *node, const struct tuff_matrix_shape *shape) {
    const struct tuff_slice tiles = node->inputs[TILES]->slice;
    const struct tuff_slice context = node->outputs[CONTEXT]->slice;
    return tuff_run_attention_forward_coopmat(
        recording, 0, grid_of(device, node, node->inputs[TILES], 2),
        &(struct tuff_attention_forward_coopmat){
            .qkv = node->inputs[QKV]->slice,
            .tiles = tiles,
            .seed = tuff_slice_or(node->inputs[SEED], tiles),
            .context = context,
            .stats = tuff_slice_or(node->outputs[STATS], context),
            .push = { COMMON_PUSH(node) },
            .spec = { COMMON_SPEC(node), .workgroup_size = matrix_workgroup(device),
                      .subgroup_size = tuff_coopmat_subgroup_size(device), .matrix_m = shape->m,
                      .matrix_n = shape->n, .matrix_k = shape->k },
        });
}

tuff_status tuff_attention_record_forward(struct tuff_device *device, struct tuff_recording *recording,
                                          const struct tuff_node *node) {
    const struct tuff_matrix_shape *shape = matrix_shape_for(device, node);
    if (shape)
        return forward_coopmat(device, recording, node, shape);
    if (uses_tiles(device, node))
        return forward_tiled(device, recording, node);
    const struct tuff_slice qkv = node->inputs[QKV]->slice;
    const struct tuff_slice tiles = node->inputs[TILES]->slice;
    const struct tuff_slice context = node->outputs[CONTEXT]->slice;
    const uint64_t address = tuff_slice_address(&qkv);
    return tuff_run_attention_forward(
        recording, variant_of(device, node), grid_of(device, node, node->inputs[TILES], 2),
        &(struct tuff_attention_forward){
            .qkv = qkv,
            .tiles = tiles,
            .seed = tuff_slice_or(node->inputs[SEED], tiles),
            .context = context,
            .stats = tuff_slice_or(node->outputs[STATS], context),
            .push = { COMMON_PUSH(node), .qkv_low = low(address), .qkv_high = high(address) },
            .spec = { COMMON_SPEC(node), .workgroup_size = tuff_attention_query_block(device) },
        });
}

static tuff_status backward_query_tiled(struct tuff_device *device, struct tuff_recording *recording,
                                        const struct tuff_node *node) {
    const struct tuff_slice tiles = node->inputs[TILES]->slice;
    return tuff_run_attention_backward_query_tiled(
        recording, tuff_is_f16(node->inputs[QKV]), grid_of(device, node, node->inputs[TILES], 3),
        &(struct tuff_attention_backward_query_tiled){
            .qkv = node->inputs[QKV]->slice,
            .tiles = tiles,
            .seed = tuff_slice_or(node->inputs[SEED], tiles),
            .context = node->outputs[CONTEXT]->slice,
            .d_context = node->d_outputs[CONTEXT]->slice,
            .stats = node->outputs[STATS]->slice,
            .d_qkv = node->d_inputs[QKV]->slice,
            .push = { COMMON_PUSH(node), .accumulates = node->accumulates[QKV] },
            .spec = { COMMON_SPEC(node), .workgroup_size = tiled_lanes(device, node, 1, 2) },
        });
}

static tuff_status backward_query(struct tuff_device *device, struct tuff_recording *recording,
                                  const struct tuff_node *node) {
    if (uses_tiles(device, node))
        return backward_query_tiled(device, recording, node);
    const struct tuff_slice qkv = node->inputs[QKV]->slice;
    const struct tuff_slice tiles = node->inputs[TILES]->slice;
    const uint64_t address = tuff_slice_address(&qkv);
    return tuff_run_attention_backward_query(
        recording, variant_of(device, node), grid_of(device, node, node->inputs[TILES], 3),
        &(struct tuff_attention_backward_query){
            .qkv = qkv,
            .tiles = tiles,
            .seed = tuff_slice_or(node->inputs[SEED], tiles),
            .context = node->outputs[CONTEXT]->slice,
            .d_context = node->d_outputs[CONTEXT]->slice,
            .stats = node->outputs[STATS]->slice,
            .d_qkv = node->d_inputs[QKV]->slice,
            .push = { COMMON_PUSH(node), .accumulates = node->accumulates[QKV], .qkv_low = low(address),
                      .qkv_high = high(address) },
            .spec = { COMMON_SPEC(node), .workgroup_size = tuff_attention_query_block(device) },
        });
}

static tuff_status backward_key_value_tiled(struct tuff_device *device, struct tuff_recording *recording,
                                            const struct tuff_node *node, bool skips_keys,
                                            bool skips_values) {
    const struct tuff_slice key_tiles = node->inputs[KEY_TILES]->slice;
    return tuff_run_attention_backward_key_value_tiled(
        recording, tuff_is_f16(node->inputs[QKV]),
        grid_of(device, node, node->inputs[KEY_TILES],
                4u - (skips_keys ? 2u : 0u) - (skips_values ? 1u : 0u)),
        &(struct tuff_attention_backward_key_value_tiled){
            .qkv = node->inputs[QKV]->slice,
            .key_tiles = key_tiles,
            .seed = tuff_slice_or(node->inputs[SEED], key_tiles),
            .d_context = node->d_outputs[CONTEXT]->slice,
            .stats = node->outputs[STATS]->slice,
            .d_qkv = node->d_inputs[QKV]->slice,
            .push = { COMMON_PUSH(node), .accumulates = node->accumulates[QKV] },
            .spec = { COMMON_SPEC(node),
                      .workgroup_size = tiled_lanes(device, node, skips_keys || skips_values ? 1 : 2, 3),
                      .skips_keys = skips_keys, .skips_values = skips_values },
        });
}

static tuff_status backward_key_value(struct tuff_device *device, struct tuff_recording *recording,
                                      const struct tuff_node *node) {
    const struct tuff_slice qkv = node->inputs[QKV]->slice;
    const struct tuff_slice key_tiles = node->inputs[KEY_TILES]->slice;
    const struct tuff_slice d_context = node->d_outputs[CONTEXT]->slice;
    const struct tuff_slice stats = node->outputs[STATS]->slice;
    const uint64_t address = tuff_slice_address(&qkv);
    const uint64_t d_context_address = tuff_slice_address(&d_context);
    const uint64_t stats_address = tuff_slice_address(&stats);
    return tuff_run_attention_backward_key_value(
        recording, variant_of(device, node), grid_of(device, node, node->inputs[KEY_TILES], 4),
        &(struct tuff_attention_backward_key_value){
            .qkv = qkv,
            .key_tiles = key_tiles,
            .seed = tuff_slice_or(node->inputs[SEED], key_tiles),
            .d_context = d_context,
            .stats = stats,
            .d_qkv = node->d_inputs[QKV]->slice,
            .push = { COMMON_PUSH(node), .accumulates = node->accumulates[QKV], .qkv_low = low(address),
                      .qkv_high = high(address), .d_context_low = low(d_context_address),
                      .d_context_high = high(d_context_address), .stats_low = low(stats_address),
                      .stats_high = high(stats_address) },
            .spec = { COMMON_SPEC(node), .workgroup_size = tuff_attention_query_block(device) },
        });
}

tuff_status tuff_attention_record_backward(struct tuff_device *device, struct tuff_recording *recording,
                                           const struct tuff_node *node) {
    const uint32_t columns = node->params.attention.head_stride;
    if (!node->d_inputs[QKV])
        return TUFF_OK;
    if (!node->inputs[KEY_TILES] || !node->outputs[STATS])
        return tuff_fail(TUFF_ARGUMENT, "attention: a node without key tiles cannot be trained through");
    /* The queries' kernel leaves what the keys' reads. */
    TUFF_TRY(backward_query(device, recording, node));
    if (!uses_tiles(device, node))
        return backward_key_value(device, recording, node);
    if (columns <= PAIRED_COLUMNS && device->info.vendor_id != TUFF_VENDOR_ARM)
        return backward_key_value_tiled(device, recording, node, false, false);
    TUFF_TRY(backward_key_value_tiled(device, recording, node, false, true));
    return backward_key_value_tiled(device, recording, node, true, false);
}
