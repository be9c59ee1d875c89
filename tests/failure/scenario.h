/* SPDX-License-Identifier: Apache-2.0 */
/* What a program does with a small model, step by step, so that each step can be made to fail and tried again:
 * open a device and a model, embed, open a trainer, take two optimizer steps, save. */
#ifndef TUFF_TESTS_FAILURE_SCENARIO_H
#define TUFF_TESTS_FAILURE_SCENARIO_H

#include "tuff.h"

enum { SCENARIO_WIDTH = 40, SCENARIO_TEXTS = 2 };

struct scenario {
    const char *disable; /* as in tuff_context_options */
    bool profile;
    bool validation;
    const char *model_folder; /* NULL: the small model of tests/data */
    const char *output;
    const tuff_allocator *allocator;
    const char *cache_folder;

    tuff_context *context;
    tuff_model *model;
    tuff_trainer *trainer;
    float vectors[SCENARIO_TEXTS * SCENARIO_WIDTH];
};

struct scenario_step {
    const char *name;
    tuff_status (*run)(struct scenario *scenario);
};

enum { SCENARIO_STEPS = 8 };
extern const struct scenario_step scenario_steps[SCENARIO_STEPS];

/* Closes what is open. */
void scenario_close(struct scenario *scenario);

/* All steps on a healthy device; fails the test where one fails. */
void scenario_run(struct scenario *scenario);

#endif
