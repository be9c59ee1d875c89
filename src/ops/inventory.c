/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/inventory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "ops/check.h"
#include "ops/matmul_coopmat.h"
#include "vk/statistics.h"

struct inventory {
    struct tuff_device *device;
    const tuff_pipelines_options *options;
    void (*row)(void *user, const tuff_pipeline_row *row);
    void *user;
    struct tuff_pipeline_list met; /* not told yet */
    size_t failed;
};

/* The products of BERT's layers, as ops/linear.c reads them: tokens, inner size, outputs, activation,
 * options. Large, and few enough that other tiles are chosen. */
static const uint32_t products[][8] = {
    { 1024, 768, 768, TUFF_ACTIVATION_NONE, 3 },
    { 1024, 768, 3072, TUFF_ACTIVATION_GELU, 1 },
    { 128, 768, 768, TUFF_ACTIVATION_NONE, 3 },
    { 128, 384, 1536, TUFF_ACTIVATION_GELU, 1 },
    { 1024, 384, 384, TUFF_ACTIVATION_NONE, 3 },
    { 8, 768, 768, TUFF_ACTIVATION_TANH, 1 },
    { 0 },
};

/* Heads of 32, 64 and 128 columns with and without dropout, as ops/attention.c reads them. */
static const uint32_t attentions[][8] = {
    { 12, 32, 128, 31, 0, 0, 3 },
    { 12, 64, 128, 31, 0, 0, 3 },
    { 6, 128, 128, 31, 0, 0, 3 },
    { 12, 32, 128, 31, 0, 0, 3, 10 },
    { 12, 64, 128, 31, 0, 0, 3, 10 },
    { 6, 128, 128, 31, 0, 0, 3, 10 },
    { 0 },
};

/* What a layer of BERT-Base and of MiniLM multiplies, for batches from the smallest on: inner size, outputs, activation.
 * Few rows are other tiles. */
static const uint32_t layer_products[][3] = {
    { 768, 2304, TUFF_ACTIVATION_NONE }, { 768, 768, TUFF_ACTIVATION_NONE },
    { 768, 3072, TUFF_ACTIVATION_GELU }, { 3072, 768, TUFF_ACTIVATION_NONE },
    { 384, 1152, TUFF_ACTIVATION_NONE }, { 384, 384, TUFF_ACTIVATION_NONE },
    { 384, 1536, TUFF_ACTIVATION_GELU }, { 1536, 384, TUFF_ACTIVATION_NONE },
};
static const uint32_t batch_rows[] = { 16, 48, 128, 1024 };

static bool is_fatal(tuff_status status) {
    return status == TUFF_DEVICE_LOST || status == TUFF_HOST_MEMORY || status == TUFF_DEVICE_MEMORY;
}

static int by_name(const void *a, const void *b) {
    const struct tuff_pipeline_key *x = a;
    const struct tuff_pipeline_key *y = b;
    int order = strcmp(x->kernel->name, y->kernel->name);
    if (order == 0)
        order = (x->variant > y->variant) - (x->variant < y->variant);
    for (uint32_t i = 0; order == 0 && i < x->kernel->spec_count; i++)
        order = (x->specs[i] > y->specs[i]) - (x->specs[i] < y->specs[i]);
    return order;
}

static void tell_failure(struct inventory *inventory, const char *kernel, const char *variant,
                         const char *constants, bool is_default) {
    inventory->failed++;
    inventory->row(inventory->user, &(tuff_pipeline_row){ .kernel = kernel,
                                                          .variant = variant,
                                                          .constants = constants,
                                                          .is_default = is_default,
                                                          .failure = tuff_error_message(),
                                                          .assembly = "" });
}

/* Compiles one pipeline and hands it on. */
static tuff_status tell(struct inventory *inventory, const struct tuff_pipeline_key *key, bool is_default) {
    struct tuff_statistics statistics;
    char constants[TUFF_CONSTANTS_SIZE];
    const char *variant = key->kernel->variants[key->variant].name;
    tuff_pipeline_constants(key, constants);
    tuff_status status =
        tuff_statistics_get(inventory->device, key, inventory->options->assembly, &statistics);
    if (status == TUFF_OK)
        inventory->row(inventory->user, &(tuff_pipeline_row){ .kernel = key->kernel->name,
                                                              .variant = variant,
                                                              .constants = constants,
                                                              .is_default = is_default,
                                                              .failure = "",
                                                              .statistics = statistics.values,
                                                              .statistic_count = statistics.count,
                                                              .assembly = statistics.assembly });
    else if (!is_fatal(status))
        tell_failure(inventory, key->kernel->name, variant, constants, is_default);
    tuff_statistics_free(&statistics);
    return is_fatal(status) ? status : TUFF_OK;
}

/* What an op runs at one shape. */
static tuff_status meet_type(struct inventory *inventory, const struct tuff_op *op, const uint32_t *numbers,
                             enum tuff_type type, bool is_training) {
    static const char *const type_names[] = { "f32", "f16" };
    tuff_status status = tuff_op_survey(inventory->device, op, numbers, type, is_training, &inventory->met);
    if (is_fatal(status))
        return status;
    if (status != TUFF_OK)
        tell_failure(inventory, op->name, type_names[type], "", true);
    return TUFF_OK;
}

static tuff_status meet_shape(struct inventory *inventory, const struct tuff_op *op,
                              const uint32_t *numbers) {
    for (int type = TUFF_TYPE_F32; type <= TUFF_TYPE_F16; type++)
        for (int is_training = 0; is_training <= (inventory->options->inference ? 0 : 1); is_training++)
            TUFF_TRY(meet_type(inventory, op, numbers, (enum tuff_type)type, is_training != 0));
    return TUFF_OK;
}

static tuff_status meet_shapes(struct inventory *inventory, const struct tuff_op *op,
                               const uint32_t (*shapes)[8]) {
    for (size_t i = 0; shapes && shapes[i][0]; i++)
        TUFF_TRY(meet_shape(inventory, op, shapes[i]));
    return TUFF_OK;
}

static tuff_status meet_layers(struct inventory *inventory) {
    for (size_t i = 0; i < sizeof batch_rows / sizeof *batch_rows; i++)
        for (size_t p = 0; p < sizeof layer_products / sizeof *layer_products; p++) {
            const uint32_t *product = layer_products[p];
            const uint32_t numbers[8] = { batch_rows[i], product[0], product[1], product[2], 1 };
            TUFF_TRY(meet_type(inventory, &tuff_op_linear, numbers, TUFF_TYPE_F32, false));
            TUFF_TRY(meet_type(inventory, &tuff_op_linear, numbers, TUFF_TYPE_F16, false));
        }
    return TUFF_OK;
}

static tuff_status meet_ops(struct inventory *inventory) {
    for (size_t i = 0; tuff_ops[i]; i++) {
        TUFF_TRY(meet_shapes(inventory, tuff_ops[i], tuff_ops[i]->check_shapes));
        TUFF_TRY(meet_shapes(inventory, tuff_ops[i], tuff_ops[i]->large_shapes));
    }
    TUFF_TRY(meet_shapes(inventory, &tuff_op_attention, attentions));
    TUFF_TRY(meet_shapes(inventory, &tuff_op_linear, products));
    return meet_layers(inventory);
}

static bool is_known(const struct tuff_pipeline_list *known, const struct tuff_pipeline_key *key) {
    return known->count > 0 && bsearch(key, known->keys, known->count, sizeof *key, by_name);
}

/* What was met, each once, but for `known`, which is in order. */
static tuff_status tell_met(struct inventory *inventory, const struct tuff_pipeline_list *known,
                            bool is_default) {
    const struct tuff_pipeline_list *met = &inventory->met;
    if (met->count > 0)
        qsort(met->keys, met->count, sizeof *met->keys, by_name);
    for (size_t i = 0; i < met->count; i++) {
        const struct tuff_pipeline_key *key = &met->keys[i];
        const bool is_told = i > 0 && by_name(key, key - 1) == 0;
        if (!is_told && !is_known(known, key))
            TUFF_TRY(tell(inventory, key, is_default));
    }
    return TUFF_OK;
}

static tuff_status meet_f16_matrices(struct inventory *inventory) {
    TUFF_TRY(meet_shapes(inventory, &tuff_op_linear, products));
    return meet_shapes(inventory, &tuff_op_attention, tuff_op_attention.check_shapes);
}

/* The products with one more of linear's options. */
static tuff_status meet_products(struct inventory *inventory, uint32_t option, enum tuff_type type) {
    for (size_t i = 0; products[i][0]; i++) {
        uint32_t numbers[8];
        memcpy(numbers, products[i], sizeof numbers);
        numbers[4] |= option;
        TUFF_TRY(meet_type(inventory, &tuff_op_linear, numbers, type, false));
    }
    return TUFF_OK;
}

static tuff_status meet_int8(struct inventory *inventory) {
    TUFF_TRY(meet_products(inventory, TUFF_LINEAR_INT8, TUFF_TYPE_F32));
    return meet_products(inventory, TUFF_LINEAR_INT8, TUFF_TYPE_F16);
}

static tuff_status meet_workgroup_matrices(struct inventory *inventory) {
    return meet_shapes(inventory, &tuff_op_linear, products);
}

/* By every shape of matrices that the device lists. */
static tuff_status meet_matrices(struct inventory *inventory, enum tuff_matrix_elements elements,
                                 tuff_status (*meet)(struct inventory *inventory)) {
    struct tuff_device *device = inventory->device;
    tuff_status status = TUFF_OK;
    for (uint32_t n = 0;
         status == TUFF_OK && (device->forced_matrix_shape = tuff_coopmat_shape(device, elements, n)); n++)
        status = meet(inventory);
    device->forced_matrix_shape = NULL;
    return status;
}

/* What a device is given only where it is asked for. */
static tuff_status tell_asked(struct inventory *inventory) {
    struct tuff_pipeline_list defaults = inventory->met;
    inventory->met = (struct tuff_pipeline_list){ 0 };
    tuff_status status = meet_int8(inventory);
    if (status == TUFF_OK && inventory->device->features.float16)
        status = meet_products(inventory, TUFF_LINEAR_F16_ARITHMETIC, TUFF_TYPE_F16);
    if (status == TUFF_OK)
        status = meet_matrices(inventory, TUFF_MATRIX_F16, meet_f16_matrices);
    if (status == TUFF_OK)
        status = meet_matrices(inventory, TUFF_MATRIX_I8, meet_int8);
    if (status == TUFF_OK)
        status = meet_matrices(inventory, TUFF_MATRIX_F16_WORKGROUP, meet_workgroup_matrices);
    if (status == TUFF_OK)
        status = tell_met(inventory, &defaults, false);
    tuff_free(defaults.keys);
    return status;
}

/* Whether the device has the subgroups that the shader states, if it does. */
static bool has_stated_subgroups(const struct tuff_device *device, const struct tuff_kernel *kernel) {
    for (uint32_t i = 0; i < kernel->spec_count; i++)
        if (strcmp(kernel->spec_names[i], "subgroup_size") == 0)
            return kernel->spec_defaults[i] >= device->limits.min_subgroup_size &&
                   kernel->spec_defaults[i] <= device->limits.max_subgroup_size;
    return true;
}

/* Every variant that the device can run, with the constants that its shader states. Those of cooperative matrices
 * have to be the device's. */
static tuff_status tell_others(struct inventory *inventory) {
    for (size_t k = 0; tuff_kernels[k]; k++)
        for (uint32_t v = 0; v < tuff_kernels[k]->variant_count; v++) {
            const struct tuff_kernel *kernel = tuff_kernels[k];
            struct tuff_pipeline_key key = { .kernel = kernel, .variant = v };
            uint32_t needs = kernel->variants[v].needs;
            if (!kernel->variants[v].code || !tuff_device_can(inventory->device, needs) ||
                (needs & TUFF_NEED_COOPERATIVE_MATRIX) || !has_stated_subgroups(inventory->device, kernel))
                continue;
            for (uint32_t i = 0; i < kernel->spec_count; i++)
                key.specs[i] = kernel->spec_defaults[i];
            TUFF_TRY(tell(inventory, &key, false));
        }
    return TUFF_OK;
}

tuff_status tuff_inventory(struct tuff_device *device, const tuff_pipelines_options *options,
                           void (*row)(void *user, const tuff_pipeline_row *row), void *user,
                           size_t *out_failed) {
    const struct tuff_pipeline_list none = { 0 };
    struct inventory inventory = { .device = device, .options = options, .row = row, .user = user };
    tuff_status status = meet_ops(&inventory);
    if (status == TUFF_OK)
        status = tell_met(&inventory, &none, true);
    if (status == TUFF_OK && options->all)
        status = tell_asked(&inventory);
    if (status == TUFF_OK && options->all)
        status = tell_others(&inventory);
    tuff_free(inventory.met.keys);
    *out_failed = inventory.failed;
    return status;
}
