/* SPDX-License-Identifier: Apache-2.0 */
/* Every folder of the oracle's malformed set, opened as a user would: what must be refused is refused with a
 * word that helps, what may be accepted gives the right logits or ids. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/device.h"
#include "api/oracle.h"
#include "tuff.h"

/* The probe's (rows, cols) integers as an array of that name. */
static void add_grid(tuff_arrays *inputs, const char *name, const json_t *rows) {
    int64_t values[256];
    size_t cols = json_array_size(json_array_get(rows, 0));
    cr_assert_leq(json_array_size(rows) * cols, 256);
    for (size_t i = 0; i < json_array_size(rows) * cols; i++)
        values[i] = json_integer_value(json_array_get(json_array_get(rows, i / cols), i % cols));
    const tuff_array array = {
        .name = name, .dtype = TUFF_I64, .rank = 2, .shape = { json_array_size(rows), cols }, .data = values
    };
    cr_assert_eq(tuff_arrays_add(inputs, &array), TUFF_OK);
}

static void check_logits(tuff_model *model, const json_t *manifest, const json_t *expected, const char *id) {
    tuff_arrays *inputs = NULL;
    tuff_arrays *outputs = NULL;
    const json_t *probe = json_object_get(manifest, "probe");
    double tolerance = json_number_value(json_object_get(manifest, "tolerance"));
    cr_assert_eq(tuff_arrays_create(NULL, &inputs), TUFF_OK);
    add_grid(inputs, "input_ids", json_object_get(probe, "input_ids"));
    add_grid(inputs, "token_type_ids", json_object_get(probe, "token_type_ids"));
    add_grid(inputs, "attention_mask", json_object_get(probe, "attention_mask"));
    cr_assert_eq(tuff_forward(model, inputs, NULL, &outputs), TUFF_OK, "%s: %s", id, tuff_error_message());
    const tuff_array *logits = tuff_arrays_find(outputs, "logits");
    cr_assert_not_null(logits, "%s: no logits", id);
    size_t cols = logits->shape[1];
    for (size_t i = 0; i < logits->shape[0] * cols; i++) {
        double wanted = json_number_value(json_array_get(json_array_get(expected, i / cols), i % cols));
        cr_expect(fabs(((const float *)logits->data)[i] - wanted) <= tolerance, "%s: logit %zu", id, i);
    }
    tuff_arrays_free(inputs);
    tuff_arrays_free(outputs);
}

static void check_ids(const tuff_tokenizer *tokenizer, const json_t *expect, const char *id) {
    tuff_encodings *encodings = NULL;
    const json_t *text = json_object_get(expect, "text");
    const json_t *ids = json_object_get(expect, "ids");
    tuff_text view = { json_string_value(text), json_string_length(text) };
    cr_assert_eq(tuff_encode(tokenizer, view, NULL, NULL, &encodings), TUFF_OK, "%s: %s", id,
                 tuff_error_message());
    const tuff_encoding *encoding = tuff_encodings_get(encodings, 0);
    cr_assert_eq(encoding->count, json_array_size(ids), "%s: %zu tokens", id, encoding->count);
    for (size_t i = 0; i < encoding->count; i++)
        cr_expect_eq(encoding->input_ids[i], json_integer_value(json_array_get(ids, i)), "%s: token %zu", id,
                     i);
    tuff_encodings_free(encodings);
}

static void check_refusal(tuff_status status, const json_t *folder_case, const char *id) {
    const char *word = json_string_value(json_object_get(folder_case, "must_mention"));
    cr_expect_neq(status, TUFF_OK, "%s: was not refused", id);
    cr_expect_gt(strlen(tuff_error_message()), 10, "%s: is refused without a sentence", id);
    if (word)
        cr_expect_not_null(strstr(tuff_error_message(), word), "%s: '%s' does not name %s", id,
                           tuff_error_message(), word);
}

static void check_folder(tuff_context *context, const json_t *manifest, const json_t *folder_case) {
    char path[1024];
    tuff_model *model = NULL;
    const char *id = json_string_value(json_object_get(folder_case, "id"));
    const char *verdict = json_string_value(json_object_get(folder_case, "verdict"));
    const json_t *expect = json_object_get(folder_case, "expect");
    snprintf(path, sizeof path, "%s/malformed/%s", test_oracle_folder(), id);
    tuff_status status = tuff_model_open(context, path, NULL, &model);
    if (strcmp(verdict, "refuse") == 0)
        check_refusal(status, folder_case, id);
    else if (strcmp(verdict, "accept") == 0)
        cr_assert_eq(status, TUFF_OK, "%s: %s", id, tuff_error_message());
    if (status == TUFF_OK && json_object_get(expect, "logits"))
        check_logits(model, manifest, json_object_get(expect, "logits"), id);
    if (status == TUFF_OK && json_object_get(expect, "ids"))
        check_ids(tuff_model_tokenizer(model), expect, id);
    tuff_model_close(model);
}

Test(api_malformed, every_folder_gets_its_verdict) {
    char path[1024];
    tuff_context *context = test_context();
    snprintf(path, sizeof path, "%s/malformed/manifest.json", test_oracle_folder());
    json_t *manifest = json_load_file(path, 0, NULL);
    cr_assert_not_null(manifest, "%s cannot be read", path);
    const json_t *cases = json_object_get(manifest, "cases");
    for (size_t i = 0; i < json_array_size(cases); i++)
        check_folder(context, manifest, json_array_get(cases, i));
    json_decref(manifest);
    test_context_close(context);
}
