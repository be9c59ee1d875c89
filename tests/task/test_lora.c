/* SPDX-License-Identifier: Apache-2.0 */
/* Training with low-rank adapters. The model's heads are padded, so that the adapters' rows and columns are too. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "support/folder.h"
#include "tuff.h"

#define MODEL TUFF_SOURCE_DIR "/tests/data/models/small-classes"

enum { RANK = 3, SENTENCES = 4, LENGTH = 6 };

TestSuite(task_lora, .timeout = 300);

static char folder[TEST_PATH_SIZE];

static void ok(tuff_status status) {
    cr_assert_eq(status, TUFF_OK, "%s", tuff_error_message());
}

static tuff_context *open_context(void) {
    tuff_context *context = NULL;
    test_folder_make(folder);
    ok(tuff_context_create(NULL, &context));
    return context;
}

static void close_context(tuff_context *context) {
    tuff_context_destroy(context);
    test_folder_remove(folder);
}

static tuff_arrays *batch(void) {
    int64_t ids[SENTENCES * LENGTH], labels[SENTENCES];
    tuff_arrays *arrays = NULL;
    for (int i = 0; i < SENTENCES * LENGTH; i++)
        ids[i] = i % LENGTH == 0 ? 2 : 5 + i * 7 % 140;
    for (int i = 0; i < SENTENCES; i++)
        labels[i] = i % 3;
    ok(tuff_arrays_create(NULL, &arrays));
    ok(tuff_arrays_add(arrays, &(tuff_array){ "input_ids", TUFF_I64, 2, { SENTENCES, LENGTH }, ids }));
    ok(tuff_arrays_add(arrays, &(tuff_array){ "labels", TUFF_I64, 1, { SENTENCES }, labels }));
    return arrays;
}

static tuff_trainer_options adapters(void) {
    tuff_trainer_options options = TUFF_TRAINER_OPTIONS;
    options.learning_rate = 1e-2;
    options.lora_rank = RANK;
    options.lora_alpha = 4;
    options.seed = 7;
    return options;
}

static tuff_trainer *open_trainer(tuff_context *context, const char *model,
                                  const tuff_trainer_options *options) {
    tuff_trainer *trainer = NULL;
    ok(tuff_trainer_open(context, model, options, &trainer));
    return trainer;
}

static void make_steps(tuff_trainer *trainer, int count) {
    tuff_arrays *arrays = batch();
    for (int i = 0; i < count; i++) {
        tuff_step_report report;
        ok(tuff_trainer_step(trainer, arrays, &report));
        cr_assert(!report.was_skipped);
    }
    tuff_arrays_free(arrays);
}

static tuff_arrays *gradients_of(tuff_trainer *trainer) {
    tuff_arrays *arrays = batch(), *gradients = NULL;
    ok(tuff_trainer_gradients(trainer, arrays, &gradients));
    tuff_arrays_free(arrays);
    return gradients;
}

static tuff_arrays *load(const char *name, const char *file) {
    char path[2 * TEST_PATH_SIZE];
    tuff_arrays *arrays = NULL;
    snprintf(path, sizeof path, "%s/%s/%s", folder, name, file);
    ok(tuff_arrays_load(path, NULL, &arrays));
    return arrays;
}

static const float *values_of(const tuff_arrays *arrays, const char *prefix, const char *matrix,
                              const char *ending, size_t rows, size_t cols) {
    char name[256];
    snprintf(name, sizeof name, "%s%s.%s", prefix, matrix, ending);
    const tuff_array *array = tuff_arrays_find(arrays, name);
    cr_assert_not_null(array, "%s is not there", name);
    cr_assert(array->shape[0] == rows && array->shape[1] == cols, "%s has another shape", name);
    return array->data;
}

/* d_b = scale d_w a^T and d_a = scale b^T d_w, by the largest value of each. */
static void check_pair(const tuff_arrays *gradients, const tuff_arrays *adapter, const char *matrix,
                       size_t rows, size_t cols) {
    static const char kept[] = "base_model.model.";
    const double scale = 4.0 / RANK;
    const float *d_w = values_of(gradients, "", matrix, "weight", rows, cols);
    const float *d_a = values_of(gradients, "", matrix, "lora_A.weight", RANK, cols);
    const float *d_b = values_of(gradients, "", matrix, "lora_B.weight", rows, RANK);
    const float *a = values_of(adapter, kept, matrix, "lora_A.weight", RANK, cols);
    const float *b = values_of(adapter, kept, matrix, "lora_B.weight", rows, RANK);
    double worst_a = 0, worst_b = 0, largest_a = 0, largest_b = 0;
    for (size_t k = 0; k < RANK; k++) {
        for (size_t col = 0; col < cols; col++) {
            double sum = 0;
            for (size_t row = 0; row < rows; row++)
                sum += scale * (double)b[row * RANK + k] * (double)d_w[row * cols + col];
            largest_a = fmax(largest_a, fabs(sum));
            worst_a = fmax(worst_a, fabs(sum - (double)d_a[k * cols + col]));
        }
        for (size_t row = 0; row < rows; row++) {
            double sum = 0;
            for (size_t col = 0; col < cols; col++)
                sum += scale * (double)d_w[row * cols + col] * (double)a[k * cols + col];
            largest_b = fmax(largest_b, fabs(sum));
            worst_b = fmax(worst_b, fabs(sum - (double)d_b[row * RANK + k]));
        }
    }
    cr_expect(largest_a > 0 && worst_a <= 1e-5 * largest_a, "%s: d_a is off by %g of %g", matrix, worst_a,
              largest_a);
    cr_expect(largest_b > 0 && worst_b <= 1e-5 * largest_b, "%s: d_b is off by %g of %g", matrix, worst_b,
              largest_b);
}

static const struct {
    const char *name;
    size_t rows, cols;
} matrices[] = {
    { "attention.self.query", 40, 40 }, { "attention.self.key", 40, 40 },
    { "attention.self.value", 40, 40 }, { "attention.output.dense", 40, 40 },
    { "intermediate.dense", 72, 40 },   { "output.dense", 40, 72 },
};
enum { MATRICES = sizeof matrices / sizeof *matrices };

Test(task_lora, gradients_follow_from_those_of_the_matrices) {
    tuff_context *context = open_context();
    const tuff_trainer_options options = adapters();
    tuff_trainer *trainer = open_trainer(context, MODEL, &options);
    make_steps(trainer, 3);
    ok(tuff_trainer_save_adapter(trainer, test_path(folder, "adapter")));
    tuff_arrays *gradients = gradients_of(trainer);
    tuff_arrays *adapter = load("adapter", "adapter_model.safetensors");
    for (int layer = 0; layer < 2; layer++)
        for (int i = 0; i < MATRICES; i++) {
            char name[128];
            snprintf(name, sizeof name, "bert.encoder.layer.%d.%s", layer, matrices[i].name);
            check_pair(gradients, adapter, name, matrices[i].rows, matrices[i].cols);
        }
    tuff_arrays_free(adapter);
    tuff_arrays_free(gradients);
    tuff_trainer_close(trainer);
    close_context(context);
}

/* The loss of the model that is trained, and the gradients of its matrices, are those of the model that is written. */
static void expect_same_model(tuff_context *context, tuff_trainer *trainer) {
    ok(tuff_trainer_save(trainer, test_path(folder, "merged")));
    tuff_trainer *merged = open_trainer(context, test_path(folder, "merged"), NULL);
    tuff_arrays *here = gradients_of(trainer);
    tuff_arrays *there = gradients_of(merged);
    const float *loss = tuff_arrays_find(here, "loss")->data;
    cr_expect_float_eq(*loss, *(const float *)tuff_arrays_find(there, "loss")->data, 1e-6f);
    for (size_t i = 0; i < 2; i++) {
        const size_t rows = matrices[i].rows, cols = matrices[i].cols;
        const char *name =
            i ? "bert.encoder.layer.1.attention.self.key" : "bert.encoder.layer.0.attention.self.query";
        const float *left = values_of(here, "", name, "weight", rows, cols);
        const float *right = values_of(there, "", name, "weight", rows, cols);
        for (size_t j = 0; j < rows * cols; j++)
            cr_assert_float_eq(left[j], right[j], 1e-6f, "%s: %zu", name, j);
    }
    cr_expect_null(tuff_arrays_find(there, "bert.encoder.layer.0.output.dense.lora_A.weight"));
    tuff_arrays_free(here);
    tuff_arrays_free(there);
    tuff_trainer_close(merged);
}

Test(task_lora, the_merged_model_is_the_one_that_was_trained) {
    tuff_context *context = open_context();
    tuff_trainer_options options = adapters();
    for (int few = 0; few < 2; few++) {
        options.lora_targets = few ? TUFF_LORA_QUERY | TUFF_LORA_KEY : TUFF_LORA_ALL;
        options.layer_decay = few ? 0.8 : 1;
        tuff_trainer *trainer = open_trainer(context, MODEL, &options);
        tuff_arrays *before = gradients_of(trainer);
        make_steps(trainer, 12);
        tuff_arrays *after = gradients_of(trainer);
        cr_expect_lt(*(const float *)tuff_arrays_find(after, "loss")->data,
                     0.7f * *(const float *)tuff_arrays_find(before, "loss")->data, "it does not learn");
        tuff_arrays_free(before);
        tuff_arrays_free(after);
        expect_same_model(context, trainer);
        tuff_trainer_close(trainer);
    }
    close_context(context);
}

Test(task_lora, what_has_no_adapter_stays) {
    tuff_context *context = open_context();
    tuff_trainer_options options = adapters();
    options.lora_targets = TUFF_LORA_VALUE | TUFF_LORA_OUTPUT;
    tuff_trainer *trainer = open_trainer(context, MODEL, &options);
    make_steps(trainer, 2);
    ok(tuff_trainer_save(trainer, test_path(folder, "out")));
    tuff_arrays *after = load("out", "model.safetensors");
    tuff_arrays *before = NULL;
    ok(tuff_arrays_load(MODEL "/model.safetensors", NULL, &before));
    for (size_t i = 0; i < tuff_arrays_count(before); i++) {
        const tuff_array *array = tuff_arrays_get(before, i);
        const tuff_array *other = tuff_arrays_find(after, array->name);
        size_t count = array->shape[0] * (array->rank > 1 ? array->shape[1] : 1);
        const bool is_moved =
            strstr(array->name, "self.value.weight") || strstr(array->name, "classifier") ||
            strstr(array->name, "pooler") ||
            (strstr(array->name, "output.dense.weight") && !strstr(array->name, "attention"));
        cr_assert_not_null(other, "%s", array->name);
        cr_expect_eq(memcmp(array->data, other->data, count * sizeof(float)) != 0, is_moved, "%s",
                     array->name);
    }
    tuff_arrays_free(before);
    tuff_arrays_free(after);
    tuff_trainer_close(trainer);
    close_context(context);
}

static void expect_same_adapters(const char *left_name, const char *right_name) {
    tuff_arrays *left = load(left_name, "adapter_model.safetensors");
    tuff_arrays *right = load(right_name, "adapter_model.safetensors");
    cr_assert_eq(tuff_arrays_count(left), 2 * 2 * MATRICES + 4);
    for (size_t i = 0; i < tuff_arrays_count(left); i++) {
        const tuff_array *array = tuff_arrays_get(left, i);
        const tuff_array *other = tuff_arrays_find(right, array->name);
        size_t count = array->shape[0] * (array->rank > 1 ? array->shape[1] : 1);
        cr_assert_not_null(other, "%s", array->name);
        cr_expect_eq(memcmp(array->data, other->data, count * sizeof(float)), 0, "%s", array->name);
    }
    tuff_arrays_free(left);
    tuff_arrays_free(right);
}

Test(task_lora, a_run_goes_on_to_the_same_bits) {
    tuff_context *context = open_context();
    tuff_trainer_options options = adapters();
    options.dropout = 0.1;
    for (int half = 0; half < 2; half++) {
        options.dtype = half ? TUFF_F16 : TUFF_F32;
        options.accumulate = half ? 2 : 1;
        const char *state = test_path(folder, "state");
        tuff_trainer *trainer = open_trainer(context, MODEL, &options);
        make_steps(trainer, 2);
        ok(tuff_trainer_checkpoint(trainer, state));
        make_steps(trainer, 2);
        ok(tuff_trainer_save_adapter(trainer, test_path(folder, "whole")));
        tuff_trainer_close(trainer);
        trainer = open_trainer(context, MODEL, &options);
        ok(tuff_trainer_resume(trainer, state));
        make_steps(trainer, 2);
        ok(tuff_trainer_save_adapter(trainer, test_path(folder, "resumed")));
        tuff_trainer_close(trainer);
        expect_same_adapters("whole", "resumed");
    }
    close_context(context);
}

Test(task_lora, a_run_with_other_adapters_does_not_go_on) {
    tuff_context *context = open_context();
    const char *state = test_path(folder, "state");
    tuff_trainer_options others[5];
    for (size_t i = 0; i < 5; i++)
        others[i] = adapters();
    others[0].lora_rank = RANK + 1;
    others[1].lora_alpha = 5;
    others[2].lora_targets = TUFF_LORA_QUERY | TUFF_LORA_KEY; /* fewer: their shapes are all there */
    others[3].lora_rank = 0;
    tuff_trainer *trainer = open_trainer(context, MODEL, &others[4]);
    make_steps(trainer, 1);
    ok(tuff_trainer_checkpoint(trainer, state));
    tuff_trainer_close(trainer);
    for (size_t i = 0; i < 5; i++) {
        trainer = open_trainer(context, MODEL, &others[i]);
        const tuff_status status = tuff_trainer_resume(trainer, state);
        cr_expect_eq(status, i < 4 ? TUFF_ARGUMENT : TUFF_OK, "%zu: %s", i, tuff_error_message());
        if (i < 4)
            cr_expect(strstr(tuff_error_message(), "adapters"), "%s", tuff_error_message());
        tuff_trainer_close(trainer);
    }
    close_context(context);
}

Test(task_lora, impossible_adapters_are_refused) {
    tuff_context *context = open_context();
    tuff_trainer *trainer = NULL;
    tuff_trainer_options options = adapters();
    options.lora_rank = 41;
    cr_expect_eq(tuff_trainer_open(context, MODEL, &options, &trainer), TUFF_ARGUMENT);
    cr_expect(strstr(tuff_error_message(), "the model is 40 wide"), "%s", tuff_error_message());
    options = adapters();
    options.lora_targets = 64;
    cr_expect_eq(tuff_trainer_open(context, MODEL, &options, &trainer), TUFF_ARGUMENT);
    options = adapters();
    options.lora_alpha = -1;
    cr_expect_eq(tuff_trainer_open(context, MODEL, &options, &trainer), TUFF_ARGUMENT);
    ok(tuff_trainer_open(context, MODEL, NULL, &trainer));
    cr_expect_eq(tuff_trainer_save_adapter(trainer, test_path(folder, "none")), TUFF_ARGUMENT);
    tuff_trainer_close(trainer);
    close_context(context);
}
