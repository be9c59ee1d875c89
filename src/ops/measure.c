/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/measure.h"

#include <stdio.h>
#include <string.h>

#include "ops/check.h"
#include "ops/matmul_tile.h"

/* What is measured of an op: BERT's own sizes, as the op's file reads its numbers. */
struct place {
    const char *name; /* as users know it */
    const struct tuff_op *op;
    uint32_t numbers[8];
    double products; /* multiply-adds; 0: it moves memory */
};

/* Tokens, inner size, outputs, activation, options of ops/linear.c. */
#define MATMUL(m, k, n, activation, options)                                                                 \
    { "matmul", &tuff_op_linear, { m, k, n, activation, options }, (double)(m) * (k) * (n) }
/* A sentence and one token; scores and sums over values take as many multiply-adds each. */
#define ATTENTION(heads, size, length)                                                                       \
    { "attention", &tuff_op_attention, { heads, size, length }, 2.0 * (heads) * (size) * (length) * (length) }

static const struct place places[] = {
    MATMUL(1, 768, 768, TUFF_ACTIVATION_TANH, 1),
    MATMUL(128, 384, 1536, TUFF_ACTIVATION_GELU, 1),
    MATMUL(128, 768, 2304, TUFF_ACTIVATION_NONE, 1),
    MATMUL(1024, 768, 768, TUFF_ACTIVATION_NONE, 3),
    MATMUL(1024, 768, 3072, TUFF_ACTIVATION_GELU, 1),
    MATMUL(1024, 3072, 768, TUFF_ACTIVATION_NONE, 3),
    ATTENTION(12, 32, 128),
    ATTENTION(12, 64, 128),
    ATTENTION(12, 64, 512),
    { "layer_norm", &tuff_op_layer_norm, { 128, 384 }, 0 },
    { "layer_norm", &tuff_op_layer_norm, { 1024, 768 }, 0 },
    { "layer_norm", &tuff_op_layer_norm, { 4096, 1024 }, 0 },
    { "embedding", &tuff_op_embedding, { 256, 384 }, 0 },
    { "embedding", &tuff_op_embedding, { 256, 768 }, 0 },
    { "pool", &tuff_op_pool, { 64, 128, 384, TUFF_POOL_MEAN, 1 }, 0 },
    { "cross_entropy", &tuff_op_cross_entropy, { 256, 30522 }, 0 },
};

static void write_shape(const struct place *place, char *text, size_t size) {
    const uint32_t *numbers = place->numbers;
    uint32_t count = place->products > 0 ? 3 : place->op == &tuff_op_pool ? 3 : 2;
    size_t length = 0;
    for (uint32_t i = 0; i < count && length < size; i++)
        length += (size_t)snprintf(text + length, size - length, "%s%u", i ? "x" : "", numbers[i]);
}

static tuff_status measure(struct tuff_device *device, const struct place *place,
                           const tuff_bench_op_options *options,
                           void (*row)(void *user, const tuff_bench_row *row), void *user) {
    const struct tuff_op_time_options own = { .repeats = options->repeats,
                                              .is_checked = !options->skips_check };
    struct tuff_op_time time = { 0 };
    char shape[64] = "";
    char variant[TUFF_TILE_TEXT_SIZE] = "";
    bool is_f16 = options->dtype == TUFF_F16;
    TUFF_TRY(
        tuff_op_time(device, place->op, place->numbers, is_f16 ? TUFF_TYPE_F16 : TUFF_TYPE_F32, &own, &time));
    write_shape(place, shape, sizeof shape);
    if (place->op == &tuff_op_linear) {
        const uint32_t *numbers = place->numbers;
        const enum tuff_type type = is_f16 ? TUFF_TYPE_F16 : TUFF_TYPE_F32;
        const struct tuff_matmul_tile tile = tuff_matmul_tile_for(
            device,
            &(struct tuff_product){ .type = type,
                                    .layout = tuff_matmul_layout(device, type, numbers[2], numbers[1], false),
                                    .rows = numbers[0],
                                    .cols = numbers[2],
                                    .groups = tuff_padded(numbers[1]) / 4 });
        tuff_matmul_tile_text(&tile, variant);
    }
    double seconds = time.timing.median_ms / 1e3;
    row(user, &(tuff_bench_row){ .name = place->name,
                                 .workload = "op",
                                 .shape = shape,
                                 .dtype = is_f16 ? "f16" : "f32",
                                 .variant = variant,
                                 .repeats = options->repeats,
                                 .ms_median = time.timing.median_ms,
                                 .ms_p95 = time.timing.p95_ms,
                                 .cpu_ms = time.timing.cpu_ms,
                                 .gflops = 2 * place->products / seconds / 1e9,
                                 .gbytes_per_s = (double)time.bytes / seconds / 1e9,
                                 .error = options->skips_check ? -1 : time.result.error });
    return TUFF_OK;
}

tuff_status tuff_measure_ops(struct tuff_device *device, const tuff_bench_op_options *options,
                             void (*row)(void *user, const tuff_bench_row *row), void *user) {
    bool is_known = false;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        if (options->op && strcmp(options->op, places[i].name) != 0)
            continue;
        is_known = true;
        TUFF_TRY(measure(device, &places[i], options, row, user));
    }
    if (is_known)
        return TUFF_OK;
    return tuff_fail(
        TUFF_ARGUMENT,
        "no op '%s' is measured, but matmul, attention, layer_norm, embedding, pool and cross_entropy",
        options->op);
}
