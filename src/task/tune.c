/* SPDX-License-Identifier: Apache-2.0 */
#include "task/tune.h"

#include "ops/tune.h"
#include "task/bench_model.h"
#include "task/model.h"
#include "vk/decisions.h"

enum { PRODUCTS = 4, ROWS = 4 };

/* The multiplications of a layer: inner size and columns. */
static void products_of(const struct tuff_config *config, uint32_t products[PRODUCTS][2]) {
    const uint32_t hidden = config->hidden_size;
    const uint32_t heads = config->num_attention_heads * tuff_padded(hidden / config->num_attention_heads);
    const uint32_t sizes[PRODUCTS][2] = { { hidden, 3 * heads },
                                          { heads, hidden },
                                          { hidden, config->intermediate_size },
                                          { config->intermediate_size, hidden } };
    for (size_t i = 0; i < PRODUCTS; i++)
        for (size_t j = 0; j < 2; j++)
            products[i][j] = sizes[i][j];
}

static tuff_status report(const tuff_tune_options *options, size_t done) {
    if (!options->progress || options->progress(options->progress_user, done, (size_t)PRODUCTS * ROWS))
        return TUFF_OK;
    return tuff_fail(TUFF_CANCELLED, "cancelled after %zu of %d products", done, PRODUCTS * ROWS);
}

/* From few rows to many; a CPU driver's batches have no more than the last but one. */
static tuff_status tune(struct tuff_device *device, const struct tuff_config *config, enum tuff_type type,
                        const tuff_tune_options *options, void (*row)(void *user, const tuff_tune_row *row),
                        void *user, size_t *out_wrong) {
    static const uint32_t gpu_rows[ROWS] = { 32, 128, 512, 2048 };
    static const uint32_t cpu_rows[ROWS] = { 8, 32, 128, 512 };
    const uint32_t *rows = device->info.type == TUFF_DEVICE_CPU ? cpu_rows : gpu_rows;
    uint32_t products[PRODUCTS][2];
    products_of(config, products);
    for (size_t i = 0; i < PRODUCTS; i++)
        for (size_t r = 0; r < ROWS; r++) {
            const struct tuff_product product = { .type = type,
                                                  .layout = tuff_matmul_layout(device, type, products[i][1],
                                                                               products[i][0], false),
                                                  .rows = rows[r],
                                                  .cols = products[i][1],
                                                  .groups = tuff_padded(products[i][0]) / 4 };
            TUFF_TRY(tuff_tune_matmul(device, &product, row, user, out_wrong));
            TUFF_TRY(report(options, i * ROWS + r + 1));
        }
    return tuff_decisions_save(device->decisions);
}

tuff_status tuff_task_tune(struct tuff_device *device, const tuff_tune_options *options,
                           void (*row)(void *user, const tuff_tune_row *row), void *user, size_t *out_wrong) {
    struct tuff_folder folder;
    struct tuff_bench_weights weights;
    enum tuff_type type = TUFF_TYPE_F32;
    TUFF_TRY(tuff_model_choose_type(device, options->dtype, &type));
    TUFF_TRY(tuff_bench_folder_open(options->model, options->shape, &device->log, &folder, &weights));
    tuff_status status = tune(device, &folder.config, type, options, row, user, out_wrong);
    tuff_folder_close(&folder);
    tuff_bench_weights_free(&weights);
    return status;
}
