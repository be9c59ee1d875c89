/* SPDX-License-Identifier: Apache-2.0 */
/* tag and answer give what transformers' pipelines give: labels, words and offsets equal, scores within 1e-4.
 * The expectations are made by tools/golden/pipelines_spans.py. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "support/command.h"
#include "support/folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[TEST_PATH_SIZE];

static void enter_folder(void) {
    test_folder_make(folder);
    cr_assert_eq(chdir(folder), 0);
}

static void remove_folder(void) {
    cr_assert_eq(chdir("/"), 0);
    test_folder_remove(folder);
}

TestSuite(tools_pipelines_spans, .init = enter_folder, .fini = remove_folder, .timeout = 300);

/* ---------------------------------------------------------------- support */

static json_t *parse(const char *text, size_t length) {
    json_error_t error;
    json_t *value = json_loadb(text, length, JSON_ALLOW_NUL, &error);
    cr_assert(value != NULL, "%s in '%.*s'", error.text, (int)(length < 200 ? length : 200), text);
    return value;
}

static json_t *expectations(const char *name) {
    struct test_command run = test_command("gzip -dc %s/tests/data/pipelines/%s", TUFF_SOURCE_DIR, name);
    cr_assert_eq(run.code, 0, "%s", run.err);
    return parse(run.out, run.out_size);
}

/* The oracle's model under `model`, with other labels. */
static void make_model(const char *oracle_model, const json_t *labels) {
    json_t *config = NULL, *names = json_object(), *ids = json_object();
    char path[TEST_PATH_SIZE];
    snprintf(path, sizeof(path), "%s", test_oracle(oracle_model));
    test_folder_copy(path, "model");
    cr_assert((config = json_load_file("model/config.json", 0, NULL)) != NULL);
    for (size_t i = 0; i < json_array_size(labels); i++) {
        char key[32];
        snprintf(key, sizeof(key), "%zu", i);
        json_object_set(names, key, json_array_get(labels, i));
        json_object_set_new(ids, json_string_value(json_array_get(labels, i)), json_integer((json_int_t)i));
    }
    json_object_set_new(config, "id2label", names);
    json_object_set_new(config, "label2id", ids);
    cr_assert_eq(json_dump_file(config, "model/config.json", 0), 0);
    json_decref(config);
}

/* Each case's inputs, which are all of it but what is expected, as a line of cases.jsonl. */
static void write_cases(const json_t *cases, const char *expected) {
    FILE *file = fopen("cases.jsonl", "w");
    cr_assert(file != NULL);
    for (size_t i = 0; i < json_array_size(cases); i++) {
        json_t *record = json_copy(json_array_get(cases, i));
        json_object_del(record, expected);
        cr_assert_eq(json_dumpf(record, file, JSON_COMPACT), 0);
        fputc('\n', file);
        json_decref(record);
    }
    fclose(file);
}

static void expect_result(const json_t *found, const json_t *expected, const char *const *keys,
                          size_t key_count, const char *about) {
    for (size_t i = 0; i < key_count; i++) {
        const json_t *value = json_object_get(found, keys[i]);
        const json_t *wanted = json_array_get(expected, i);
        if (json_is_real(wanted))
            cr_expect_float_eq(json_number_value(value), json_real_value(wanted), 1e-4, "%s: %s", about,
                               keys[i]);
        else
            cr_expect(json_equal(value, wanted), "%s: %s is %s, not %s", about, keys[i],
                      json_dumps(value, JSON_ENCODE_ANY), json_dumps(wanted, JSON_ENCODE_ANY));
    }
}

/* One list of results against another. */
static void expect_results(const json_t *found, const json_t *expected, const char *const *keys,
                           size_t key_count, const char *about) {
    const size_t count = json_array_size(expected);
    cr_expect_eq(json_array_size(found), count, "%s: %zu instead of %zu results", about,
                 json_array_size(found), count);
    for (size_t i = 0; i < count && i < json_array_size(found); i++)
        expect_result(json_array_get(found, i), json_array_get(expected, i), keys, key_count, about);
}

/* ---------------------------------------------------------------- tag */

static void check_tag_group(const json_t *group) {
    const char *arguments = json_string_value(json_object_get(group, "arguments"));
    const bool is_token = strstr(arguments, "none") != NULL;
    const char *const keys[] = {
        is_token ? "entity" : "entity_group", "score", "word", "start", "end", "index"
    };
    const json_t *cases = json_object_get(group, "cases");
    make_model("models/bert-tiny-tokencls", json_object_get(group, "labels"));
    write_cases(cases, "entities");
    struct test_command run =
        test_command("tuff tag --model ./model --dtype f32 --json %s --file cases.jsonl", arguments);
    cr_assert_eq(run.code, 0, "%s: %s", arguments, run.err);
    const char *line = run.out;
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *expected = json_array_get(cases, i);
        json_t *found = parse(line, strcspn(line, "\n"));
        char *about = NULL;
        cr_assert(asprintf(&about, "%s: '%s'", arguments,
                           json_string_value(json_object_get(expected, "text"))) > 0);
        expect_results(json_object_get(found, "entities"), json_object_get(expected, "entities"), keys,
                       is_token ? 6 : 5, about);
        line += strcspn(line, "\n") + 1;
        free(about);
        json_decref(found);
    }
    cr_expect_eq(*line, '\0');
}

Test(tools_pipelines_spans, tag_finds_what_the_pipeline_finds) {
    json_t *groups = expectations("tag.json.gz");
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(groups); i++) {
        check_tag_group(json_array_get(groups, i));
        count += json_array_size(json_object_get(json_array_get(groups, i), "cases"));
    }
    cr_expect_eq(count, 200);
    json_decref(groups);
}

/* ---------------------------------------------------------------- answer */

static void check_answer_group(const json_t *group) {
    static const char *const keys[] = { "score", "start", "end", "answer" };
    const char *arguments = json_string_value(json_object_get(group, "arguments"));
    const json_t *cases = json_object_get(group, "cases");
    write_cases(cases, "answers");
    struct test_command run = test_command("tuff answer --model %s --dtype f32 --json %s --file cases.jsonl",
                                           test_oracle("models/bert-tiny-qa"), arguments);
    cr_assert_eq(run.code, 0, "%s: %s", arguments, run.err);
    const char *line = run.out;
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *expected = json_object_get(json_array_get(cases, i), "answers");
        json_t *found = parse(line, strcspn(line, "\n"));
        char *about = NULL;
        cr_assert(asprintf(&about, "%s: case %zu", arguments, i) > 0);
        expect_result(found, json_array_get(expected, 0), keys, 4, about);
        if (strstr(arguments, "top-k"))
            expect_results(json_object_get(found, "answers"), expected, keys, 4, about);
        line += strcspn(line, "\n") + 1;
        free(about);
        json_decref(found);
    }
    cr_expect_eq(*line, '\0');
}

Test(tools_pipelines_spans, answer_finds_what_the_pipeline_finds) {
    json_t *groups = expectations("answer.json.gz");
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(groups); i++) {
        check_answer_group(json_array_get(groups, i));
        count += json_array_size(json_object_get(json_array_get(groups, i), "cases"));
    }
    cr_expect_eq(count, 200);
    json_decref(groups);
}
