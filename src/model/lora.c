/* SPDX-License-Identifier: Apache-2.0 */
#include "model/lora.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "model/fresh.h"
#include "tuff.h"

enum { ADAPTER_STREAM = 1 << 26 /* of random numbers; each matrix adds its layer and role */ };

static const struct {
    enum tuff_role role;
    uint32_t target;
} targets[] = {
    { TUFF_ROLE_QUERY_WEIGHT, TUFF_LORA_QUERY },
    { TUFF_ROLE_KEY_WEIGHT, TUFF_LORA_KEY },
    { TUFF_ROLE_VALUE_WEIGHT, TUFF_LORA_VALUE },
    { TUFF_ROLE_ATTENTION_OUTPUT_WEIGHT, TUFF_LORA_ATTENTION_OUTPUT },
    { TUFF_ROLE_INTERMEDIATE_WEIGHT, TUFF_LORA_INTERMEDIATE },
    { TUFF_ROLE_OUTPUT_WEIGHT, TUFF_LORA_OUTPUT },
};
enum { TARGETS = sizeof targets / sizeof *targets, NAME_SIZE = 160 };

bool tuff_lora_is_target(uint32_t chosen, enum tuff_role role) {
    for (size_t i = 0; i < TARGETS; i++)
        if (targets[i].role == role)
            return chosen & targets[i].target;
    return false;
}

/* "encoder.layer.0.output.dense.lora_A.weight" */
static void make_name(const struct tuff_parameter *adapted, const char *kind, char name[NAME_SIZE]) {
    const char *ending = strrchr(adapted->name, '.');
    snprintf(name, NAME_SIZE, "%.*s.%s%s", (int)(ending - adapted->name), adapted->name, kind, ending);
}

static tuff_status add_pair(struct tuff_parameters *parameters, const struct tuff_parameter *adapted,
                            const struct tuff_lora *lora) {
    struct tuff_random random = { .seed = lora->seed,
                                  .stream = (uint32_t)ADAPTER_STREAM + adapted->layer * TUFF_ROLE_COUNT +
                                            (uint32_t)adapted->role };
    const double bound = 1 / sqrt((double)adapted->shape[1]);
    char name[NAME_SIZE];
    float *values = NULL;
    struct tuff_parameter added = {
        .name = name, .layer = adapted->layer, .adapted = adapted->role, .rank = 2
    };
    make_name(adapted, "lora_A", name);
    added.role = TUFF_ROLE_LORA_A;
    added.shape[0] = lora->rank;
    added.shape[1] = adapted->shape[1];
    TUFF_TRY(tuff_parameters_add_fresh(parameters, &added, &values));
    for (size_t i = 0; i < added.shape[0] * added.shape[1]; i++)
        values[i] = (float)(bound * (2 * tuff_random_uniform(&random) - 1));
    make_name(adapted, "lora_B", name);
    added.role = TUFF_ROLE_LORA_B;
    added.shape[0] = adapted->shape[0];
    added.shape[1] = lora->rank;
    return tuff_parameters_add_fresh(parameters, &added, &values);
}

static tuff_status make_room(struct tuff_parameters *parameters) {
    const size_t most = parameters->count + (size_t)parameters->layer_count * TARGETS * 2;
    struct tuff_parameter *items = NULL;
    TUFF_TRY(tuff_alloc(most, sizeof *items, &items));
    memcpy(items, parameters->items, parameters->count * sizeof *items);
    tuff_free(parameters->items);
    parameters->items = items;
    return TUFF_OK;
}

tuff_status tuff_parameters_add_lora(struct tuff_parameters *parameters, const struct tuff_lora *lora) {
    TUFF_TRY(make_room(parameters));
    for (uint32_t layer = 0; layer < parameters->layer_count; layer++)
        for (size_t i = 0; i < TARGETS; i++)
            if (lora->targets & targets[i].target)
                TUFF_TRY(add_pair(parameters, tuff_parameters_get(parameters, targets[i].role, layer), lora));
    return TUFF_OK;
}

const struct tuff_parameter *tuff_parameters_get_lora(const struct tuff_parameters *parameters,
                                                      enum tuff_role role,
                                                      const struct tuff_parameter *adapted) {
    for (size_t i = 0; i < parameters->count; i++) {
        const struct tuff_parameter *parameter = &parameters->items[i];
        if (parameter->role == role && parameter->adapted == adapted->role &&
            parameter->layer == adapted->layer)
            return parameter;
    }
    return NULL;
}
