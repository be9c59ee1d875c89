/* SPDX-License-Identifier: Apache-2.0 */
/* Every forward case of the oracle and of tests/data, against transformers in float64, through the public
 * header. The limits are the oracle's for a float32 engine: 8 times PyTorch's own float32 error plus 2e-6 of
 * the largest value; attention 2e-5, loss 2e-5. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "api/device.h"
#include "api/oracle.h"
#include "tuff.h"

/* How a model computes, and the least cosine of what it makes to the reference; 0: the oracle's limits hold. */
struct numbers {
    tuff_dtype dtype, arithmetic;
    double least_cosine;
};
static const struct numbers in_f32 = { TUFF_F32, TUFF_F32, 0 };
static const struct numbers in_f16 = { TUFF_F16, TUFF_F32, 0.9999 };
static const struct numbers in_f16_arithmetic = { TUFF_DTYPE_AUTO, TUFF_F16, 0.9999 };

/* "hidden.3" of the oracle is transformers' hidden_states.3. */
static void output_name(const char *golden, char name[160]) {
    if (strncmp(golden, "hidden.", 7) == 0)
        snprintf(name, 160, "hidden_states.%s", golden + 7);
    else if (strncmp(golden, "attn.", 5) == 0)
        snprintf(name, 160, "attentions.%s", golden + 5);
    else
        snprintf(name, 160, "%s", golden);
}

/* Of the largest cases the file has some outputs only. */
static bool is_stored(const tuff_arrays *stored, const char *name) {
    char key[128];
    snprintf(key, sizeof key, "f64.%s", name);
    return tuff_arrays_find(stored, key) != NULL;
}

/* Whether the mask shows the position that element `index` of an output belongs to. Rows of (batch, length,
 * ...) and queries of (batch, head, query, key) have one; what is per sequence is always shown. */
static bool is_shown(const tuff_arrays *inputs, const tuff_array *expected, bool is_attention, size_t index) {
    const tuff_array *mask = tuff_arrays_find(inputs, "attention_mask");
    if (!mask)
        return true;
    size_t length = mask->shape[mask->rank - 1];
    size_t sequences = test_count(mask) / length;
    if (test_count(expected) % (sequences * length) != 0 || expected->rank < 2 ||
        expected->shape[0] != sequences)
        return true;
    size_t per_sequence = test_count(expected) / sequences;
    size_t sequence = index / per_sequence;
    size_t position;
    if (is_attention)
        position = index % (length * length) / length;
    else if (expected->shape[1] == length)
        position = index % per_sequence / (per_sequence / length);
    else
        return true;
    return ((const int64_t *)mask->data)[sequence * length + position] != 0;
}

static double limit_of(const char *name, const json_t *statistics) {
    if (strncmp(name, "attn.", 5) == 0 || strcmp(name, "loss") == 0)
        return 2e-5;
    return 8 * json_number_value(json_object_get(statistics, "hf_fp32_err")) +
           2e-6 * json_number_value(json_object_get(statistics, "max_abs"));
}

/* Largest difference over its limit. */
static double compare(const tuff_arrays *inputs, const tuff_arrays *outputs, const tuff_arrays *stored,
                      const char *name, const json_t *statistics, const char *where) {
    char key[128], found[160];
    snprintf(key, sizeof key, "f64.%s", name);
    output_name(name, found);
    const tuff_array *expected = tuff_arrays_find(stored, key);
    const tuff_array *got = tuff_arrays_find(outputs, found);
    if (!expected)
        return 0;
    cr_assert_not_null(got, "%s: no output %s", where, found);
    cr_assert_eq(test_count(got), test_count(expected), "%s: %s has another size", where, found);
    double worst = 0;
    for (size_t i = 0; i < test_count(expected); i++) {
        if (!is_shown(inputs, expected, strncmp(name, "attn.", 5) == 0, i))
            continue;
        double difference = fabs(test_value(got, i) - test_value(expected, i));
        worst = !(difference <= worst) ? difference : worst;
    }
    return worst / limit_of(name, statistics);
}

/* Rows of an output against the reference's: the worst cosine of what is shown. */
static double worst_cosine(const tuff_arrays *inputs, const tuff_arrays *outputs, const tuff_arrays *stored,
                           const char *golden) {
    char key[128], found[160];
    snprintf(key, sizeof key, "f64.%s", golden);
    output_name(golden, found);
    const tuff_array *expected = tuff_arrays_find(stored, key);
    const tuff_array *got = tuff_arrays_find(outputs, found);
    cr_assert(expected && got, "%s", golden);
    size_t cols = expected->shape[expected->rank - 1];
    double worst = 1;
    for (size_t row = 0; row < test_count(expected) / cols; row++) {
        double dot = 0, a = 0, b = 0;
        if (!is_shown(inputs, expected, false, row * cols))
            continue;
        for (size_t col = 0; col < cols; col++) {
            double x = test_value(got, row * cols + col);
            double y = test_value(expected, row * cols + col);
            dot += x * y;
            a += x * x;
            b += y * y;
        }
        double cosine = dot / sqrt(a * b);
        worst = !(cosine >= worst) ? cosine : worst;
    }
    return worst;
}

static void run_case(tuff_context *context, tuff_model *model, const char *folder, const json_t *golden_case,
                     double least_cosine) {
    char path[1024];
    tuff_arrays *stored = NULL;
    tuff_arrays *outputs = NULL;
    const char *name = NULL;
    json_t *statistics = NULL;
    const char *file = json_string_value(json_object_get(golden_case, "file"));
    json_t *expected = json_object_get(golden_case, "outputs");
    snprintf(path, sizeof path, "%s/%s", folder, file);
    cr_assert_eq(tuff_arrays_load(path, NULL, &stored), TUFF_OK, "%s", tuff_error_message());
    tuff_arrays *inputs = test_inputs(stored);
    tuff_forward_options options = TUFF_FORWARD_OPTIONS;
    options.hidden_states = true;
    options.attentions = json_object_get(expected, "attn.0") != NULL;
    uint64_t before = tuff_context_dispatch_count(context);
    cr_assert_eq(tuff_forward(model, inputs, &options, &outputs), TUFF_OK, "%s: %s", path,
                 tuff_error_message());
    cr_assert_gt(tuff_context_dispatch_count(context), before, "the device did nothing");
    if (least_cosine > 0) {
        char last[128] = "last_hidden_state"; /* what the largest cases have alone */
        json_object_foreach(expected, name,
                            statistics) if (strncmp(name, "hidden.", 7) == 0 && is_stored(stored, name))
            snprintf(last, sizeof last, "%s", name);
        double cosine = worst_cosine(inputs, outputs, stored, last);
        cr_expect_geq(cosine, least_cosine, "%s: f16 cosine %.7f", path, cosine);
    } else {
        json_object_foreach(expected, name, statistics) {
            double share = compare(inputs, outputs, stored, name, statistics, path);
            cr_expect_leq(share, 1, "%s: %s is at %.2f of its limit", path, name, share);
        }
    }
    tuff_arrays_free(inputs);
    tuff_arrays_free(outputs);
    tuff_arrays_free(stored);
}

/* Runs all forward cases of one goldens folder on one model folder. */
static int run_golden(tuff_context *context, const char *golden_folder, const char *model_folder,
                      const struct numbers *numbers) {
    char path[1024];
    tuff_model *model = NULL;
    tuff_model_options options = TUFF_MODEL_OPTIONS;
    int ran = 0;
    snprintf(path, sizeof path, "%s/golden.json", golden_folder);
    json_t *golden = json_load_file(path, 0, NULL);
    cr_assert_not_null(golden, "%s cannot be read", path);
    options.dtype = numbers->dtype;
    options.arithmetic = numbers->arithmetic;
    cr_assert_eq(tuff_model_open(context, model_folder, &options, &model), TUFF_OK, "%s",
                 tuff_error_message());
    size_t index = 0;
    json_t *golden_case = NULL;
    json_array_foreach(
        json_object_get(golden, "cases"), index,
        golden_case) if (strcmp(json_string_value(json_object_get(golden_case, "kind")), "forward") == 0) {
        run_case(context, model, golden_folder, golden_case, numbers->least_cosine);
        ran++;
    }
    tuff_model_close(model);
    json_decref(golden);
    return ran;
}

static const struct {
    const char *golden, *model;
} pairs[] = {
    { "bert-odd96", "bert-odd96" },
    { "bert-relu", "bert-relu" },
    { "bert-tiny-mlm", "bert-tiny-mlm" },
    { "bert-tiny-multichoice", "bert-tiny-multichoice" },
    { "bert-tiny-multilabel", "bert-tiny-multilabel" },
    { "bert-tiny-nsp", "bert-tiny-nsp" },
    { "bert-tiny-pretraining", "bert-tiny-pretraining" },
    { "bert-tiny-qa", "bert-tiny-qa" },
    { "bert-tiny-regression", "bert-tiny-regression" },
    { "bert-tiny-seqcls3", "bert-tiny-seqcls3" },
    { "bert-tiny-tokencls", "bert-tiny-tokencls" },
    { "micro", "micro-plain" },
    { "micro", "micro-sharded" },
    { "micro", "micro-legacy-gamma-beta" },
    { "micro", "micro-with-position-ids" },
    { "micro-bf16", "micro-bf16" },
    { "micro-fp16", "micro-fp16" },
    { "minilm-l6-v2-fp16", "minilm-l6-v2-fp16" },
};

/* The project's own models, which need nothing beside the checkout. */
static const char *const small_models[] = {
    "small-pretraining", "small-classes", "small-answer", "small-number",
    "small-labels",      "small-choice",  "small-tags",
};

Test(api_goldens, small_models_are_within_the_limits) {
    tuff_context *context = test_context();
    for (size_t i = 0; i < sizeof small_models / sizeof *small_models; i++) {
        char golden[512], model[512];
        snprintf(golden, sizeof golden, TUFF_SOURCE_DIR "/tests/data/goldens/%s", small_models[i]);
        snprintf(model, sizeof model, TUFF_SOURCE_DIR "/tests/data/models/%s", small_models[i]);
        cr_assert_eq(run_golden(context, golden, model, &in_f32), 1);
        cr_assert_eq(run_golden(context, golden, model, &in_f16), 1);
    }
    test_context_close(context);
}

static void run_all(const struct numbers *numbers) {
    tuff_context *context = test_context();
    int ran = 0;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        char golden[512], model[512];
        snprintf(golden, sizeof golden, "%s/goldens/%s", test_oracle_folder(), pairs[i].golden);
        snprintf(model, sizeof model, "%s/models/%s", test_oracle_folder(), pairs[i].model);
        ran += run_golden(context, golden, model, numbers);
    }
    cr_assert_geq(ran, (int)(sizeof pairs / sizeof *pairs));
    test_context_close(context);
}

Test(api_goldens, f32_is_within_the_oracles_limits) {
    run_all(&in_f32);
}

Test(api_goldens, f16_storage_keeps_the_directions) {
    run_all(&in_f16);
}

/* A device that does not compute in f16 says so. */
static bool has_f16_arithmetic(tuff_context *context) {
    tuff_model_options options = TUFF_MODEL_OPTIONS;
    tuff_model *model = NULL;
    tuff_device_info info;
    tuff_context_device(context, &info);
    if (strstr(info.features, "float16"))
        return true;
    options.arithmetic = TUFF_F16;
    cr_assert_eq(tuff_model_open(context, TUFF_SOURCE_DIR "/tests/data/models/small-tags", &options, &model),
                 TUFF_UNSUPPORTED);
    cr_expect(strstr(tuff_error_message(), "does not compute in f16"), "%s", tuff_error_message());
    return false;
}

/* Layers of 384 and 32 columns. Sums of 16 products in f16 add to what storage costs. */
Test(api_goldens, f16_arithmetic_keeps_the_directions) {
    char golden[512], model[512];
    tuff_context *context = test_context();
    if (has_f16_arithmetic(context)) {
        snprintf(golden, sizeof golden, "%s/goldens/minilm-l6-v2-fp16", test_oracle_folder());
        snprintf(model, sizeof model, "%s/models/minilm-l6-v2-fp16", test_oracle_folder());
        cr_assert_geq(run_golden(context, golden, model, &in_f16_arithmetic), 1);
        cr_assert_eq(run_golden(context, TUFF_SOURCE_DIR "/tests/data/goldens/small-tags",
                                TUFF_SOURCE_DIR "/tests/data/models/small-tags", &in_f16_arithmetic),
                     1);
    }
    test_context_close(context);
}

Test(api_goldens, f16_arithmetic_is_for_f16) {
    static const tuff_dtype others[] = { TUFF_F32, TUFF_I8 };
    tuff_context *context = test_context();
    for (size_t i = 0; i < 2; i++) {
        tuff_model_options options = TUFF_MODEL_OPTIONS;
        tuff_model *model = NULL;
        options.dtype = others[i];
        options.arithmetic = TUFF_F16;
        cr_expect_eq(
            tuff_model_open(context, TUFF_SOURCE_DIR "/tests/data/models/small-tags", &options, &model),
            TUFF_ARGUMENT);
        cr_expect(strstr(tuff_error_message(), "is for models in f16"), "%s", tuff_error_message());
    }
    test_context_close(context);
}
