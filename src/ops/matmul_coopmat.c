/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/matmul_coopmat.h"

#include <math.h>
#include <stdio.h>

#include "base/random.h"
#include "kernels/matmul_coopmat.h"
#include "ops/driver.h"
#include "vk/decisions.h"

/* VkComponentTypeKHR, which old headers lack. */
enum component { COMPONENT_F16 = 0, COMPONENT_F32 = 1, COMPONENT_I8 = 3, COMPONENT_I32 = 5 };

static const struct traits {
    enum component factor, sum;
    uint32_t size;    /* bytes of a factor */
    uint32_t variant; /* one of the kernel's: the others need the same */
    bool is_workgroup;
} traits[] = {
    [TUFF_MATRIX_F16] = { COMPONENT_F16, COMPONENT_F32, 2, TUFF_MATMUL_COOPMAT_F16, false },
    [TUFF_MATRIX_I8] = { COMPONENT_I8, COMPONENT_I32, 1, TUFF_MATMUL_COOPMAT_F32_INT8, false },
    [TUFF_MATRIX_F16_WORKGROUP] = { COMPONENT_F16, COMPONENT_F32, 2, TUFF_MATMUL_COOPMAT_F16_WORKGROUP,
                                    true },
};

/* ---------------------------------------------------------------- shapes */

enum { SUBGROUPS = TUFF_COOPMAT_SUBGROUPS };
enum { EDGE = 64, DEPTH = 32 };

uint32_t tuff_coopmat_subgroup_size(const struct tuff_device *device) {
    const struct tuff_limits *limits = &device->limits;
    if (device->info.vendor_id == TUFF_VENDOR_AMD) /* its compilers know the wide waves better */
        return limits->max_subgroup_size;
    return limits->min_subgroup_size; /* what Intel's matrices need, and all that others have */
}

/* Subgroups have to be whole and of one size: it is asked for, or the device has no other. */
static bool has_sure_subgroups(const struct tuff_device *device) {
    const struct tuff_limits *limits = &device->limits;
    bool is_sure =
        device->features.subgroup_size_control || limits->min_subgroup_size == limits->max_subgroup_size;
    return is_sure && SUBGROUPS * tuff_coopmat_subgroup_size(device) <= limits->max_invocations;
}

static bool can_run(const struct tuff_device *device, enum tuff_matrix_elements elements) {
    const struct tuff_kernel_variant *variant =
        &tuff_kernel_matmul_coopmat.variants[traits[elements].variant];
    return variant->code && device->api_version >= VK_API_VERSION_1_2 &&
           tuff_device_can(device, variant->needs) && has_sure_subgroups(device) &&
           tuff_driver_runs_matrices(device);
}

/* Blocks are brought in groups of eight along K and of four along N. At workgroup scope matrices are EDGE x EDGE, DEPTH
 * along K. */
static bool fits(const struct tuff_matrix_shape *shape, enum tuff_matrix_elements elements) {
    const int factor = (int)traits[elements].factor;
    const int sum = (int)traits[elements].sum;
    if (shape->m == 0 || shape->n == 0 || shape->k == 0 || shape->a_type != factor ||
        shape->b_type != factor || shape->c_type != sum || shape->result_type != sum ||
        traits[elements].is_workgroup != (shape->invocations > 0))
        return false;
    if (traits[elements].is_workgroup)
        return EDGE % shape->m == 0 && EDGE % shape->n == 0 && DEPTH % shape->k == 0;
    return shape->k % 8 == 0 && shape->k <= 32 && shape->n % 8 == 0 && shape->n <= 16 && shape->m <= 16;
}

static const struct traits *traits_of(const struct tuff_matrix_shape *shape) {
    return &traits[fits(shape, TUFF_MATRIX_I8) ? TUFF_MATRIX_I8 : TUFF_MATRIX_F16];
}

/* ---------------------------------------------------------------- tiles */

enum { BLOCK_BYTES = 64 /* of a row along K */, ENOUGH_WORKGROUPS = 64, LEAST_SUMS = 16 };

static uint32_t at_least_one(uint32_t count) {
    return count > 0 ? count : 1;
}

static struct tuff_coopmat_tile subgroup_tile(const struct tuff_device *device,
                                              const struct tuff_matrix_shape *shape, uint32_t sums) {
    uint32_t size = tuff_coopmat_subgroup_size(device);
    uint32_t rows = 8;
    while (rows * rows * 4 <= sums * size)
        rows *= 2;
    return (struct tuff_coopmat_tile){
        .workgroup_size = size * SUBGROUPS,
        .subgroup_size = size,
        .subgroups_x = 2,
        .subgroups_y = SUBGROUPS / 2,
        .matrix_m = shape->m,
        .matrix_n = shape->n,
        .matrix_k = shape->k,
        .tiles_m = at_least_one(rows / shape->m),
        .tiles_n = at_least_one(sums * size / rows / shape->n),
        .steps = at_least_one(BLOCK_BYTES / traits_of(shape)->size / shape->k),
    };
}

static struct tuff_coopmat_tile workgroup_tile(const struct tuff_device *device,
                                               const struct tuff_matrix_shape *shape, uint32_t sums) {
    const uint32_t matrices = sums * shape->invocations / (EDGE * EDGE);
    return (struct tuff_coopmat_tile){
        .workgroup_size = shape->invocations,
        .subgroup_size = tuff_coopmat_subgroup_size(device),
        .subgroups_x = 1,
        .subgroups_y = 1,
        .matrix_m = EDGE,
        .matrix_n = EDGE,
        .matrix_k = DEPTH,
        .tiles_m = matrices >= 4 ? 2 : 1,
        .tiles_n = matrices >= 2 ? 2 : 1,
        .steps = 1,
    };
}

/* `sums` of a lane: 64 make the most of what is loaded, 16 keep more workgroups at work and fit the registers that
 * Intel's compiler gives them. */
static struct tuff_coopmat_tile tile_of(const struct tuff_device *device,
                                        const struct tuff_matrix_shape *shape, uint32_t sums) {
    return shape->invocations > 0 ? workgroup_tile(device, shape, sums) : subgroup_tile(device, shape, sums);
}

static uint32_t block_rows(const struct tuff_coopmat_tile *tile) {
    return tile->subgroups_y * tile->tiles_m * tile->matrix_m;
}

static uint32_t block_cols(const struct tuff_coopmat_tile *tile) {
    return tile->subgroups_x * tile->tiles_n * tile->matrix_n;
}

/* As the shader declares it, either form of the weight. */
static uint32_t shared_size(const struct tuff_coopmat_tile *tile, const struct tuff_matrix_shape *shape) {
    uint32_t block_k = tile->steps * tile->matrix_k;
    uint32_t four = 4 * traits_of(shape)->size;
    uint32_t by_output = block_cols(tile) * (block_k / 4 * four + 16);
    uint32_t by_k = block_k * (block_cols(tile) / 4 * four + 16);
    uint32_t weight = by_output > by_k ? by_output : by_k;
    return block_rows(tile) * (block_k / 4 * four + 16) + weight +
           4 * tile->subgroups_x * tile->subgroups_y * tile->matrix_m * tile->matrix_n;
}

static bool has_room(const struct tuff_device *device, const struct tuff_matrix_shape *shape,
                     const struct tuff_coopmat_tile *tile) {
    const uint32_t reserved = shape->invocations > 0 ? device->limits.matrix_reserved_memory : 0;
    return shared_size(tile, shape) + reserved <= device->limits.max_shared_memory;
}

struct tuff_coopmat_tile tuff_coopmat_tile_for(const struct tuff_device *device,
                                               const struct tuff_matrix_shape *shape, uint32_t rows,
                                               uint32_t cols) {
    struct tuff_coopmat_tile tile = { 0 };
    uint32_t most = device->info.vendor_id == TUFF_VENDOR_INTEL ? 16 : 64;
    for (uint32_t sums = most; sums >= LEAST_SUMS; sums /= 2) {
        tile = tile_of(device, shape, sums);
        uint64_t workgroups =
            (uint64_t)tuff_divide_up(rows, block_rows(&tile)) * tuff_divide_up(cols, block_cols(&tile));
        if (workgroups >= ENOUGH_WORKGROUPS && has_room(device, shape, &tile))
            return tile;
    }
    return tile;
}

/* ---------------------------------------------------------------- the choice */

static bool serves(const struct tuff_device *device, const struct tuff_matrix_shape *shape,
                   enum tuff_matrix_elements elements) {
    if (!fits(shape, elements))
        return false;
    const struct tuff_coopmat_tile least = tile_of(device, shape, LEAST_SUMS);
    return has_room(device, shape, &least) && least.workgroup_size <= device->limits.max_invocations &&
           (shape->invocations == 0 || EDGE <= device->limits.max_matrix_dimension);
}

const struct tuff_matrix_shape *tuff_coopmat_shape(const struct tuff_device *device,
                                                   enum tuff_matrix_elements elements, uint32_t n) {
    if (!can_run(device, elements))
        return NULL;
    for (uint32_t i = 0; i < device->matrix_shape_count; i++)
        if (serves(device, &device->matrix_shapes[i], elements) && n-- == 0)
            return &device->matrix_shapes[i];
    return NULL;
}

static void make_key(const struct tuff_matrix_shape *shape, uint32_t key[TUFF_DECISION_KEY]) {
    key[0] = TUFF_CHOICE_OF_MATRICES;
    key[1] = shape->invocations;
    key[2] = shape->m << 16 | shape->n;
    key[3] = shape->k;
}

bool tuff_coopmat_is_trusted(const struct tuff_device *device, const struct tuff_matrix_shape *shape) {
    struct tuff_decision found;
    uint32_t key[TUFF_DECISION_KEY];
    make_key(shape, key);
    return shape->invocations == 0 ||
           (tuff_decisions_find(device->decisions, key, &found) && found.value[0] == 1);
}

tuff_status tuff_coopmat_judge(struct tuff_device *device, const struct tuff_matrix_shape *shape,
                               bool is_right) {
    struct tuff_decision decision = { .value = { is_right } };
    make_key(shape, decision.key);
    TUFF_TRY(tuff_decisions_put(device->decisions, &decision));
    if (tuff_decisions_save(device->decisions) != TUFF_OK)
        tuff_log_write(&device->log, TUFF_LOG_WARNING, "%s; this process alone knows what was found",
                       tuff_error_message());
    return TUFF_OK;
}

static uint32_t volume(const struct tuff_matrix_shape *shape) {
    return shape->m * shape->n * shape->k;
}

const struct tuff_matrix_shape *tuff_coopmat_choose(const struct tuff_device *device,
                                                    enum tuff_matrix_elements elements) {
    const struct tuff_matrix_shape *forced = device->forced_matrix_shape;
    const struct tuff_matrix_shape *best = NULL;
    if (forced && fits(forced, elements) && can_run(device, elements))
        return forced;
    if (!tuff_driver_has_fast_matrices(device))
        return NULL;
    for (uint32_t n = 0;; n++) {
        const struct tuff_matrix_shape *shape = tuff_coopmat_shape(device, elements, n);
        if (!shape)
            return best;
        if (tuff_coopmat_is_trusted(device, shape) && (!best || volume(shape) > volume(best)))
            best = shape;
    }
}

/* ---------------------------------------------------------------- the run */

/* At workgroup scope, unless another one is forced. */
static const struct tuff_matrix_shape *choose_f16(const struct tuff_device *device) {
    const struct tuff_matrix_shape *of_workgroups = tuff_coopmat_choose(device, TUFF_MATRIX_F16_WORKGROUP);
    const struct tuff_matrix_shape *of_subgroups = tuff_coopmat_choose(device, TUFF_MATRIX_F16);
    return of_workgroups && of_subgroups != device->forced_matrix_shape ? of_workgroups : of_subgroups;
}

const struct tuff_matrix_shape *tuff_coopmat_for(const struct tuff_device *device, enum tuff_type type,
                                                 uint32_t rows) {
    enum { FEW_ROWS = 16 };
    const struct tuff_matrix_shape *shape = type == TUFF_TYPE_F16 ? choose_f16(device)
                                            : type == TUFF_TYPE_I8
                                                ? tuff_coopmat_choose(device, TUFF_MATRIX_I8)
                                                : NULL;
    return rows > FEW_ROWS || shape == device->forced_matrix_shape ? shape : NULL;
}

const char *tuff_coopmat_text(const struct tuff_matrix_shape *shape, char text[TUFF_TILE_TEXT_SIZE]) {
    if (shape->invocations > 0)
        snprintf(text, TUFF_TILE_TEXT_SIZE, "f16 matrices of a workgroup of %u", shape->invocations);
    else
        snprintf(text, TUFF_TILE_TEXT_SIZE, "%s matrices of %ux%ux%u",
                 fits(shape, TUFF_MATRIX_I8) ? "int8" : "f16", shape->m, shape->n, shape->k);
    return text;
}

static uint32_t variant_for(const struct tuff_matmul *matmul, const struct tuff_matrix_shape *shape) {
    const bool is_f16 = tuff_is_f16(matmul->y);
    if (matmul->weight->shape.type == TUFF_TYPE_I8)
        return is_f16 ? TUFF_MATMUL_COOPMAT_F16_INT8 : TUFF_MATMUL_COOPMAT_F32_INT8;
    if (shape->invocations > 0)
        return is_f16 ? TUFF_MATMUL_COOPMAT_F16_WORKGROUP : TUFF_MATMUL_COOPMAT_F16_WIDE_WORKGROUP;
    return is_f16 ? TUFF_MATMUL_COOPMAT_F16 : TUFF_MATMUL_COOPMAT_F16_WIDE;
}

tuff_status tuff_coopmat_run(struct tuff_device *device, struct tuff_recording *recording,
                             const struct tuff_matmul *matmul, const struct tuff_matrix_shape *shape) {
    const struct tuff_shape *y = &matmul->y->shape;
    const struct tuff_coopmat_tile tile = tuff_coopmat_tile_for(device, shape, y->rows, y->cols);
    const struct tuff_shape *x = &matmul->x->shape;
    const struct tuff_shape *weight = &matmul->weight->shape;
    uint32_t octets = tuff_shape_stride(x) / 8;
    uint32_t bundle = 4 / traits_of(shape)->size;
    struct tuff_grid grid = { tuff_divide_up(y->rows, block_rows(&tile)),
                              tuff_divide_up(tuff_padded(y->cols), block_cols(&tile)), 1,
                              tuff_matmul_cost(matmul) };
    return tuff_run_matmul_coopmat(
        recording, variant_for(matmul, shape), grid,
        &(struct tuff_matmul_coopmat){
            TUFF_MATMUL_SLICES(matmul),
            .push = { TUFF_MATMUL_PUSH(matmul), .octets = octets,
                      .weight_bundles = tuff_shape_stride(weight) / bundle,
                      .x_scales = (uint32_t)(tuff_shape_scales(x) / 4), /* read where they are I8 */
                      .weight_scales = (uint32_t)(tuff_shape_scales(weight) / 16),
                      TUFF_MATMUL_FACTORS(matmul) },
            .spec = { .workgroup_size = tile.workgroup_size,
                      .subgroup_size = tile.subgroup_size,
                      .matrix_m = tile.matrix_m,
                      .matrix_n = tile.matrix_n,
                      .matrix_k = tile.matrix_k,
                      .subgroups_x = tile.subgroups_x,
                      .tiles_m = tile.tiles_m,
                      .tiles_n = tile.tiles_n,
                      .steps = tile.steps,
                      .over_outputs = matmul->over_outputs,
                      .step_divides = octets * 8 % (tile.steps * tile.matrix_k) == 0,
                      TUFF_MATMUL_SPEC(matmul) },
        });
}
