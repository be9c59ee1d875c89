/* SPDX-License-Identifier: Apache-2.0 */
/* What a program does with a small model, step by step, so that each step can be made to fail and tried again:
 * open a device and a model, embed, open a trainer, take two optimizer steps, save. Or it lends its own device, and embeds
 * from and into its own buffers. */
#ifndef TUFF_TESTS_FAILURE_SCENARIO_H
#define TUFF_TESTS_FAILURE_SCENARIO_H

#include "failure/lent.h"

struct scenario {
    const char *disable; /* as in tuff_context_options */
    bool profile;
    bool validation;
    const char *model_folder; /* NULL: the small model of tests/data */
    const char *output;
    const tuff_allocator *allocator;
    const char *cache_folder;
    bool is_lent; /* the device is the test's, and so are the buffers */

    struct lent lent;
    tuff_context *context;
    tuff_model *model;
    tuff_trainer *trainer;
    float vectors[LENT_NUMBERS]; /* of lent_texts */
};

struct scenario_step {
    const char *name;
    tuff_status (*run)(struct scenario *scenario);
    /* Whether it can be asked for on a device that was lost, and would need it. */
    bool (*is_open)(const struct scenario *scenario);
};

enum { SCENARIO_STEPS = 8 };
extern const struct scenario_step scenario_steps[SCENARIO_STEPS];

/* Step `index`, from 0, of this scenario; NULL behind the last. */
const struct scenario_step *scenario_step(const struct scenario *scenario, size_t index);

/* Before the first step, in good health: what is the test's own. */
void scenario_open(struct scenario *scenario);
/* Closes what is open. */
void scenario_close(struct scenario *scenario);

/* All steps on a healthy device; fails the test where one fails. */
void scenario_run(struct scenario *scenario);

#endif
