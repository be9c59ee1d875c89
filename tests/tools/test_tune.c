/* SPDX-License-Identifier: Apache-2.0 */
/* tune: choices are kept, used unasked, exchanged, and never trusted further than the device allows. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "support/command.h"
#include "support/folder.h"

static char folder[TEST_PATH_SIZE];

static void enter_folder(void) {
    test_folder_make(folder);
    cr_assert_eq(chdir(folder), 0);
}

static void remove_folder(void) {
    cr_assert_eq(chdir("/"), 0);
    test_folder_remove(folder);
}

TestSuite(tools_tune, .init = enter_folder, .fini = remove_folder, .timeout = 300);

static struct test_command tune(const char *rest) {
    return test_command("tuff tune --model %s --dtype f32 --cache-folder cache --json %s",
                        test_oracle("models/bert-relu"), rest);
}

/* The chosen rows by shape, and how many rows there are. */
static json_t *choices_of(char *out, size_t *out_count) {
    json_t *choices = json_object();
    *out_count = 0;
    for (char *line = strtok(out, "\n"); line; line = strtok(NULL, "\n"), ++*out_count) {
        json_t *row = json_loads(line, 0, NULL);
        cr_assert(row != NULL, "%s", line);
        cr_expect(json_is_true(json_object_get(row, "right")), "%s", line);
        if (json_is_true(json_object_get(row, "chosen")))
            json_object_set(choices, json_string_value(json_object_get(row, "shape")), row);
        json_decref(row);
    }
    return choices;
}

/* Each of 16 products has one choice; a second time it is the same, or one within 5 percent. */
Test(tools_tune, twice_gives_the_same) {
    size_t rows = 0;
    struct test_command first_run = tune("");
    cr_assert_eq(first_run.code, 0, "%s", first_run.err);
    json_t *first = choices_of(first_run.out, &rows);
    cr_expect_eq(json_object_size(first), 16, "%zu choices of %zu rows", json_object_size(first), rows);
    cr_expect(rows >= 16, "%zu rows", rows);
    struct test_command second_run = tune("");
    cr_assert_eq(second_run.code, 0, "%s", second_run.err);
    json_t *second = choices_of(second_run.out, &rows);
    const char *shape;
    json_t *row;
    json_object_foreach(first, shape, row) {
        const json_t *other = json_object_get(second, shape);
        cr_assert(other != NULL, "%s", shape);
        const char *variant = json_string_value(json_object_get(other, "variant"));
        bool is_same = strcmp(json_string_value(json_object_get(row, "variant")), variant) == 0;
        double ratio =
            json_number_value(json_object_get(other, "ms")) / json_number_value(json_object_get(row, "ms"));
        cr_expect(is_same || fabs(ratio - 1) < 0.05, "%s: %s, by %g", shape, variant, ratio);
    }
    json_decref(first);
    json_decref(second);
}

static struct test_command embed(void) {
    return test_command("tuff embed --model %s --dtype f32 --cache-folder cache --verbose text",
                        test_oracle("models/bert-relu"));
}

/* A later run reads the choices and measures nothing; a broken file is said, ignored and written anew. */
Test(tools_tune, later_runs_use_what_was_measured) {
    cr_expect(strstr(embed().err, "choices that were measured") == NULL);
    cr_assert_eq(tune("").code, 0);
    struct test_command run = embed();
    cr_expect(strstr(run.err, "16 choices that were measured") != NULL, "%s", run.err);
    cr_assert_eq(test_command("for f in cache/tuning-*; do echo broken > $f; done").code, 0);
    run = embed();
    cr_expect_eq(run.code, 0, "%s", run.err);
    cr_expect(strstr(run.err, "it is ignored") != NULL, "%s", run.err);
    cr_assert_eq(tune("").code, 0);
    run = embed();
    cr_expect(strstr(run.err, "16 choices that were measured") != NULL, "%s", run.err);
}

/* Choices travel as JSON; one that the device may not be given is as good as none. */
Test(tools_tune, choices_travel) {
    struct test_command plain = embed();
    cr_assert_eq(tune("--export choices.json").code, 0);
    cr_assert_eq(test_command("rm -r cache; tuff tune --cache-folder cache --import choices.json").code, 0);
    cr_expect(strstr(embed().err, "16 choices that were measured") != NULL);
    cr_assert_eq(test_command("tr '\\n' ' ' < choices.json | sed 's/\"value\": "
                              "*\\[[^]]*\\]/\"value\":[0,4096,4096,8,2,4,1,0]/g' "
                              "> wild.json; tuff tune --cache-folder cache --import wild.json")
                     .code,
                 0);
    struct test_command wild = embed();
    cr_expect_eq(wild.code, 0, "%s", wild.err);
    cr_expect_str_eq(wild.out, plain.out);
    cr_assert_eq(test_command("sed 's/\"vendor_id\": *[0-9]*/\"vendor_id\": 1/' choices.json > other.json; "
                              "tuff tune --cache-folder cache --import other.json")
                     .code,
                 1);
    cr_assert_eq(
        test_command("echo '{}' > empty.json; tuff tune --cache-folder cache --import empty.json").code, 1);
}
