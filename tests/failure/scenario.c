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
    return tuff_context_create(&options, &scenario->context);
}

static tuff_status open_model(struct scenario *scenario) {
    tuff_model_options options = TUFF_MODEL_OPTIONS;
    options.dtype = TUFF_F32;
    return tuff_model_open(scenario->context, model_folder(scenario), &options, &scenario->model);
}

static tuff_status embed(struct scenario *scenario) {
    static const tuff_text texts[SCENARIO_TEXTS] = { { "a b c", 5 }, { "d", 1 } };
    return tuff_embed(scenario->model, texts, SCENARIO_TEXTS, NULL, scenario->vectors, NULL);
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

const struct scenario_step scenario_steps[SCENARIO_STEPS] = {
    { "opening a context", open_context },
    { "opening a model", open_model },
    { "embedding", embed },
    { "opening a trainer", open_trainer },
    { "the first step", step },
    { "the second step", step },
    { "saving", save },
    { "embedding again", embed_again },
};

void scenario_close(struct scenario *scenario) {
    tuff_trainer_close(scenario->trainer);
    tuff_model_close(scenario->model);
    tuff_context_destroy(scenario->context);
    scenario->trainer = NULL;
    scenario->model = NULL;
    scenario->context = NULL;
}

void scenario_run(struct scenario *scenario) {
    for (size_t i = 0; i < SCENARIO_STEPS; i++)
        cr_assert_eq(scenario_steps[i].run(scenario), TUFF_OK, "%s: %s", scenario_steps[i].name,
                     tuff_error_message());
    scenario_close(scenario);
}
