/* SPDX-License-Identifier: Apache-2.0 */
/* Gradients and twenty optimizer steps of every head, against the oracle's float64 runs, within its limits.
 */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/device.h"
#include "api/oracle.h"
#include "support/temporary.h"
#include "tuff.h"

static const char *const models[] = { "bert-odd96",           "bert-tiny-mlm",        "bert-tiny-multichoice",
                                      "bert-tiny-multilabel", "bert-tiny-nsp",        "bert-tiny-pretraining",
                                      "bert-tiny-qa",         "bert-tiny-regression", "bert-tiny-seqcls3",
                                      "bert-tiny-tokencls" };
enum { MODELS = sizeof models / sizeof *models };

static double number(const json_t *object, const char *key) {
    return json_number_value(json_object_get(object, key));
}

/* Calls `run` for each stored case of a kind; returns how many there were. */
static int for_each_case(const char *model, const char *kind,
                         void (*run)(tuff_context *context, const char *model_folder,
                                     const json_t *golden_case, const tuff_arrays *stored),
                         tuff_context *context) {
    char path[1024], model_folder[1024];
    int ran = 0;
    size_t index = 0;
    json_t *golden_case = NULL;
    snprintf(path, sizeof path, "%s/goldens/%s/golden.json", test_oracle_folder(), model);
    snprintf(model_folder, sizeof model_folder, "%s/models/%s", test_oracle_folder(), model);
    json_t *golden = json_load_file(path, 0, NULL);
    cr_assert_not_null(golden, "%s cannot be read", path);
    json_array_foreach(json_object_get(golden, "cases"), index, golden_case) {
        tuff_arrays *stored = NULL;
        const char *file = json_string_value(json_object_get(golden_case, "file"));
        if (strncmp(file, kind, strlen(kind)) != 0)
            continue;
        snprintf(path, sizeof path, "%s/goldens/%s/%s", test_oracle_folder(), model, file);
        cr_assert_eq(tuff_arrays_load(path, NULL, &stored), TUFF_OK, "%s", tuff_error_message());
        run(context, model_folder, golden_case, stored);
        tuff_arrays_free(stored);
        ran++;
    }
    json_decref(golden);
    return ran;
}

/* Largest difference between `got` and the stored array `key`, and the latter's largest value. */
static double difference(const tuff_arrays *stored, const char *key, const tuff_array *got,
                         double *out_largest) {
    const tuff_array *expected = tuff_arrays_find(stored, key);
    double worst = 0;
    *out_largest = 0;
    cr_assert_eq(test_count(expected), test_count(got), "%s has another size", key);
    for (size_t i = 0; i < test_count(got); i++) {
        double distance = fabs(test_value(got, i) - test_value(expected, i));
        worst = !(distance <= worst) ? distance : worst;
        *out_largest = fmax(*out_largest, fabs(test_value(expected, i)));
    }
    return worst;
}

/* `options` is NULL for the defaults. */
static tuff_arrays *gradients_of(tuff_context *context, const char *model_folder, const tuff_arrays *stored,
                                 const tuff_trainer_options *options) {
    tuff_trainer *trainer = NULL;
    tuff_arrays *gradients = NULL;
    tuff_arrays *inputs = test_inputs(stored);
    cr_assert_eq(tuff_trainer_open(context, model_folder, options, &trainer), TUFF_OK, "%s",
                 tuff_error_message());
    cr_assert_eq(tuff_trainer_gradients(trainer, inputs, &gradients), TUFF_OK, "%s", tuff_error_message());
    tuff_arrays_free(inputs);
    tuff_trainer_close(trainer);
    return gradients;
}

static void check_gradients_with(tuff_context *context, const char *model_folder, const json_t *golden_case,
                                 const tuff_arrays *stored, const tuff_trainer_options *options) {
    tuff_arrays *gradients = gradients_of(context, model_folder, stored, options);
    double loss = *(const float *)tuff_arrays_find(gradients, "loss")->data;
    cr_expect_float_eq(loss, number(golden_case, "loss_f64"), 2e-5, "%s: loss %.7g", model_folder, loss);
    for (size_t i = 0; i < tuff_arrays_count(stored); i++) {
        const char *key = tuff_arrays_get(stored, i)->name;
        double largest = 0;
        if (strncmp(key, "grad.", 5) != 0)
            continue;
        const tuff_array *got = tuff_arrays_find(gradients, key + 5);
        cr_assert_not_null(got, "%s: no gradient of %s", model_folder, key + 5);
        double worst = difference(stored, key, got, &largest);
        cr_expect_leq(worst, 2e-5 * largest + 1e-6 * number(golden_case, "global_norm"),
                      "%s: %s is off by %.3g", model_folder, key, worst);
    }
    tuff_arrays_free(gradients);
}

static void check_gradients(tuff_context *context, const char *model_folder, const json_t *golden_case,
                            const tuff_arrays *stored) {
    check_gradients_with(context, model_folder, golden_case, stored, NULL);
}

static void check_accumulated_gradients(tuff_context *context, const char *model_folder,
                                        const json_t *golden_case, const tuff_arrays *stored) {
    tuff_trainer_options options = TUFF_TRAINER_OPTIONS;
    options.accumulate = 3;
    check_gradients_with(context, model_folder, golden_case, stored, &options);
}

Test(api_training, gradients_are_within_the_oracles_limits) {
    tuff_context *context = test_context();
    for (int i = 0; i < MODELS; i++)
        cr_assert_eq(for_each_case(models[i], "grads", check_gradients, context), 1);
    test_context_close(context);
}

static void check_checkpointed_gradients(tuff_context *context, const char *model_folder,
                                         const json_t *golden_case, const tuff_arrays *stored) {
    tuff_trainer_options options = TUFF_TRAINER_OPTIONS;
    tuff_arrays *kept = gradients_of(context, model_folder, stored, &options);
    options.checkpoints_activations = true;
    tuff_arrays *computed_again = gradients_of(context, model_folder, stored, &options);
    (void)golden_case;
    for (size_t i = 0; i < tuff_arrays_count(kept); i++) {
        const tuff_array *one = tuff_arrays_get(kept, i);
        const tuff_array *other = tuff_arrays_get(computed_again, i);
        cr_expect(memcmp(one->data, other->data, test_count(one) * sizeof(float)) == 0, "%s: %s differs",
                  model_folder, one->name);
    }
    tuff_arrays_free(kept);
    tuff_arrays_free(computed_again);
}

Test(api_training_memory, layers_computed_again_give_the_same_bits) {
    tuff_context *context = test_context();
    for (int i = 0; i < MODELS; i++)
        cr_assert_eq(for_each_case(models[i], "grads", check_checkpointed_gradients, context), 1);
    test_context_close(context);
}

Test(api_training_memory, parts_of_a_batch_add_up_to_its_gradients) {
    tuff_context *context = test_context();
    for (int i = 0; i < MODELS; i++)
        cr_assert_eq(for_each_case(models[i], "grads", check_accumulated_gradients, context), 1);
    test_context_close(context);
}

/* Batch `index` of the leading dimension. */
static tuff_arrays *batch_of(const tuff_arrays *inputs, size_t index) {
    tuff_arrays *batch = NULL;
    cr_assert_eq(tuff_arrays_create(NULL, &batch), TUFF_OK);
    for (size_t i = 0; i < tuff_arrays_count(inputs); i++) {
        tuff_array array = *tuff_arrays_get(inputs, i);
        size_t size = test_count(&array) / array.shape[0] * (array.dtype == TUFF_F32 ? 4 : 8);
        memmove(array.shape, array.shape + 1, (array.rank - 1) * sizeof array.shape[0]);
        array.rank--;
        array.data = (const char *)array.data + index * size;
        cr_assert_eq(tuff_arrays_add(batch, &array), TUFF_OK);
    }
    return batch;
}

static tuff_trainer_options options_of(const json_t *golden_case) {
    tuff_trainer_options options = TUFF_TRAINER_OPTIONS;
    const json_t *hp = json_object_get(golden_case, "hp");
    bool is_original = strstr(json_string_value(json_object_get(golden_case, "file")), "google");
    options.optimizer = is_original ? TUFF_BERT_ADAMW : TUFF_ADAMW;
    options.learning_rate = number(hp, "lr");
    options.beta1 = number(hp, "beta1");
    options.beta2 = number(hp, "beta2");
    options.epsilon = number(hp, "eps");
    options.weight_decay = number(hp, "weight_decay");
    options.clip = number(hp, "clip");
    options.warmup_steps = (uint64_t)number(hp, "warmup_steps");
    options.total_steps = (uint64_t)number(hp, "total_steps");
    options.dropout = 0;
    return options;
}

static bool is_ill_conditioned(const json_t *golden_case, const char *name) {
    size_t index = 0;
    json_t *other = NULL;
    json_array_foreach(json_object_get(golden_case, "ill_conditioned"), index,
                       other) if (strcmp(json_string_value(other), name) == 0) return true;
    return false;
}

static void check_final_weights(tuff_trainer *trainer, const json_t *golden_case, const tuff_arrays *stored) {
    char folder[TEST_PATH_SIZE], path[TEST_PATH_SIZE + 32];
    tuff_arrays *weights = NULL;
    test_folder_make(folder);
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    cr_assert_eq(tuff_trainer_save(trainer, folder), TUFF_OK, "%s", tuff_error_message());
    const tuff_status status = tuff_arrays_load(path, NULL, &weights);
    test_folder_remove(folder);
    cr_assert_eq(status, TUFF_OK, "%s", tuff_error_message());
    for (size_t i = 0; i < tuff_arrays_count(stored); i++) {
        const char *key = tuff_arrays_get(stored, i)->name;
        double largest = 0;
        if (strncmp(key, "final.", 6) != 0 || is_ill_conditioned(golden_case, key + 6))
            continue;
        double worst = difference(stored, key, tuff_arrays_find(weights, key + 6), &largest);
        cr_expect_leq(worst, 3e-4, "%s is off by %.3g", key, worst);
    }
    tuff_arrays_free(weights);
}

static void check_trajectory(tuff_context *context, const char *model_folder, const json_t *golden_case,
                             const tuff_arrays *stored) {
    tuff_trainer *trainer = NULL;
    tuff_arrays *inputs = test_inputs(stored);
    const tuff_trainer_options options = options_of(golden_case);
    const json_t *losses = json_object_get(golden_case, "losses_f64");
    cr_assert_eq(tuff_trainer_open(context, model_folder, &options, &trainer), TUFF_OK, "%s",
                 tuff_error_message());
    for (size_t step = 0; step < json_array_size(losses); step++) {
        tuff_step_report report;
        tuff_arrays *batch = batch_of(inputs, step);
        double rate = json_number_value(json_array_get(json_object_get(golden_case, "lr"), step));
        double norm = json_number_value(json_array_get(json_object_get(golden_case, "grad_norms_f64"), step));
        cr_assert_eq(tuff_trainer_step(trainer, batch, &report), TUFF_OK, "%s", tuff_error_message());
        cr_expect_float_eq(report.loss, json_number_value(json_array_get(losses, step)), 1e-4, "%s: step %zu",
                           model_folder, step);
        cr_expect_float_eq(report.learning_rate, rate, 1e-9);
        cr_expect_float_eq(report.gradient_norm / norm, 1, 1e-3, "%s: step %zu", model_folder, step);
        tuff_arrays_free(batch);
    }
    check_final_weights(trainer, golden_case, stored);
    tuff_arrays_free(inputs);
    tuff_trainer_close(trainer);
}

Test(api_training, twenty_steps_follow_the_oracle) {
    tuff_context *context = test_context();
    for (int i = 0; i < MODELS; i++)
        cr_assert_geq(for_each_case(models[i], "traj", check_trajectory, context), 1);
    test_context_close(context);
}
