/* SPDX-License-Identifier: Apache-2.0 */
#include "failure/scenario.h"

#include <criterion/criterion.h>

static const char *model_folder(const struct scenario *scenario) {
    return scenario->model_folder ? scenario->model_folder
                                  : TUFF_SOURCE_DIR "/tests/data/models/small-classes";
}

static tuff_status open_context(struct scenario *scenario) {
    tuff_context_options options = TUFF_CONTEXT_OPTIONS;
    options.disable = scenario->disable;
    options.profile = scenario->profile;
    options.validation = scenario->validation;
    options.cache_folder = scenario->cache_folder ? scenario->cache_folder : "";
    options.allocator = scenario->allocator;
    return scenario->is_lent ? tuff_context_borrow(&scenario->lent.host.lent, &options, &scenario->context)
                             : tuff_context_create(&options, &scenario->context);
}

static tuff_status open_model(struct scenario *scenario) {
    tuff_model_options options = TUFF_MODEL_OPTIONS;
    options.dtype = TUFF_F32;
    return tuff_model_open(scenario->context, model_folder(scenario), &options, &scenario->model);
}

static tuff_status embed(struct scenario *scenario) {
    return tuff_embed(scenario->model, lent_texts, LENT_TEXTS, NULL, scenario->vectors, NULL);
}

static tuff_status open_trainer(struct scenario *scenario) {
    tuff_trainer_options options = TUFF_TRAINER_OPTIONS;
    options.learning_rate = 1e-3;
    return tuff_trainer_open(scenario->context, model_folder(scenario), &options, &scenario->trainer);
}

static tuff_status step(struct scenario *scenario) {
    static const int64_t ids[] = { 2, 7, 9, 3, 2, 8, 3, 0 };
    static const int64_t mask[] = { 1, 1, 1, 1, 1, 1, 1, 0 };
    static const int64_t labels[] = { 1, 2 };
    const tuff_array arrays[] = {
        { .name = "input_ids", .dtype = TUFF_I64, .rank = 2, .shape = { 2, 4 }, .data = ids },
        { .name = "attention_mask", .dtype = TUFF_I64, .rank = 2, .shape = { 2, 4 }, .data = mask },
        { .name = "labels", .dtype = TUFF_I64, .rank = 1, .shape = { 2 }, .data = labels },
    };
    tuff_arrays *inputs = NULL;
    tuff_step_report report;
    tuff_status status = tuff_arrays_create(scenario->allocator, &inputs);
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays && status == TUFF_OK; i++)
        status = tuff_arrays_add(inputs, &arrays[i]);
    if (status == TUFF_OK)
        status = tuff_trainer_step(scenario->trainer, inputs, &report);
    tuff_arrays_free(inputs);
    return status;
}

static tuff_status save(struct scenario *scenario) {
    return scenario->output ? tuff_trainer_save(scenario->trainer, scenario->output) : TUFF_OK;
}

static tuff_status embed_again(struct scenario *scenario) {
    tuff_trainer_close(scenario->trainer);
    scenario->trainer = NULL;
    return embed(scenario);
}

static tuff_status embed_tokens(struct scenario *scenario) {
    return lent_embed_tokens(&scenario->lent, scenario->model, scenario->vectors);
}

static tuff_status embed_tokens_into(struct scenario *scenario) {
    return lent_embed_tokens_into(&scenario->lent, scenario->model, scenario->vectors);
}

static tuff_status embed_into(struct scenario *scenario) {
    tuff_status status = lent_share(&scenario->lent, scenario->context);
    if (status != TUFF_OK)
        return status;
    return lent_embed_into(&scenario->lent, scenario->model, scenario->vectors);
}

static bool has_no_model(const struct scenario *scenario) {
    return scenario->context && !scenario->model;
}

static bool has_model(const struct scenario *scenario) {
    return scenario->model != NULL;
}

static bool has_no_trainer(const struct scenario *scenario) {
    return scenario->context && !scenario->trainer;
}

static bool has_trainer(const struct scenario *scenario) {
    return scenario->trainer != NULL;
}

static bool never(const struct scenario *scenario) {
    (void)scenario;
    return false;
}

const struct scenario_step scenario_steps[SCENARIO_STEPS] = {
    { "opening a context", open_context, never },
    { "opening a model", open_model, has_no_model },
    { "embedding", embed, has_model },
    { "opening a trainer", open_trainer, has_no_trainer },
    { "the first step", step, has_trainer },
    { "the second step", step, has_trainer },
    { "saving", save, never },
    { "embedding again", embed_again, never },
};

static const struct scenario_step lent_steps[] = {
    { "borrowing a device", open_context, never },
    { "opening a model", open_model, has_no_model },
    { "embedding tokens", embed_tokens, has_model },
    { "embedding tokens into a buffer", embed_tokens_into, has_model },
    { "embedding texts into a shared buffer", embed_into, has_model },
};

const struct scenario_step *scenario_step(const struct scenario *scenario, size_t index) {
    const struct scenario_step *steps = scenario->is_lent ? lent_steps : scenario_steps;
    const size_t count = scenario->is_lent ? sizeof lent_steps / sizeof *lent_steps : SCENARIO_STEPS;
    return index < count ? &steps[index] : NULL;
}

void scenario_open(struct scenario *scenario) {
    if (scenario->is_lent)
        lent_open(&scenario->lent, scenario->disable ? scenario->disable : "");
}

void scenario_close(struct scenario *scenario) {
    lent_unshare(&scenario->lent);
    tuff_trainer_close(scenario->trainer);
    tuff_model_close(scenario->model);
    tuff_context_destroy(scenario->context);
    scenario->trainer = NULL;
    scenario->model = NULL;
    scenario->context = NULL;
    if (scenario->is_lent)
        lent_close(&scenario->lent);
}

void scenario_run(struct scenario *scenario) {
    const struct scenario_step *at;
    scenario_open(scenario);
    for (size_t i = 0; (at = scenario_step(scenario, i)); i++)
        cr_assert_eq(at->run(scenario), TUFF_OK, "%s: %s", at->name, tuff_error_message());
    scenario_close(scenario);
}
